import { parseAddress, udpAddressOfSdk } from './address.ts';
import { redactUrl, type AddressOption, type OptionSpec, type OptionValue, type TextOption, type UrlOption } from './option.ts';

const MAX_QUOTED = 200;

/**
 * Text from a flag or a variable as the value of an option, or a problem in words that follow "--flag".
 * undefined means unset: "" and 0 are how charts and shells write "nothing" (the okgolove chart renders both).
 */
export function parseText(spec: OptionSpec, text: string): { value: OptionValue | undefined } | { problem: string } {
  if (text === '') return { value: undefined };
  if (spec.kind === 'switch') {
    // compat: the words that Go's strconv.ParseBool knows.
    if (/^(1|t|T|TRUE|true|True)$/.test(text)) return { value: true };
    if (/^(0|f|F|FALSE|false|False)$/.test(text)) return { value: false };
    return { problem: `must be true or false, not ${quoted(text)}` };
  }
  if (spec.kind === 'number') {
    if (!/^[+-]?\d+$/.test(text)) return { problem: `must be a whole number of ${spec.unit}, not ${quoted(text)}` };
    return checkValue(spec, Number(text));
  }
  return checkValue(spec, text);
}

/** Checks a value of the right type; the same words wherever it came from. */
export function checkValue(spec: OptionSpec, value: string | number | boolean): { value: OptionValue | undefined } | { problem: string } {
  if (value === '' || value === 0) return { value: undefined };
  if (spec.kind === 'number') {
    if (typeof value !== 'number' || !Number.isInteger(value)) return { problem: `must be a whole number of ${spec.unit}` };
    if (value < spec.min || value > spec.max) {
      return { problem: `must be between ${spec.min} and ${spec.max} ${spec.unit}, not ${value}` };
    }
    return { value };
  }
  if (spec.kind === 'switch') {
    return typeof value === 'boolean' ? { value } : { problem: 'must be true or false' };
  }
  if (typeof value !== 'string') return { problem: `must be text, not ${typeof value}` };
  if (spec.kind === 'address') return checkAddress(spec, value);
  return spec.kind === 'url' ? checkUrl(spec, value) : checkChoice(spec, value);
}

function checkChoice(spec: TextOption, value: string): { value: string } | { problem: string } {
  if (spec.choices !== undefined && !spec.choices.includes(value)) {
    return { problem: `must be one of ${spec.choices.join(', ')}, not ${quoted(value)}` };
  }
  return { value };
}

function checkAddress(spec: AddressOption, value: string): { value: OptionValue } | { problem: string } {
  if (value === 'off') return spec.offIn === undefined ? { problem: 'may not be off' } : { value };
  const address = spec.isDaemonAddress === true ? udpAddressOfSdk(value) : parseAddress(value);
  if (address === undefined) return { problem: `must be host:port, such as 127.0.0.1:2000 or [::]:2000, not ${quoted(value)}` };
  if (spec.use === 'connect' && address.port === 0) return { problem: `needs a port other than 0, not ${quoted(value)}` };
  if (address.host !== '') return { value: address };
  // As Go reads an empty host.
  return { value: { host: spec.use === 'listen' ? '::' : 'localhost', port: address.port } };
}

function checkUrl(spec: UrlOption, value: string): { value: OptionValue } | { problem: string } {
  const url = parseUrl(value, spec.scheme);
  return url === undefined ? { problem: `must be a URL, such as http://proxy.example:3128, not ${quoted(redactUrl(value))}` } : { value: url };
}

/** A URL, where `host:port` alone has the scheme `scheme`. undefined when it is none. */
function parseUrl(text: string, scheme: string): URL | undefined {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `${scheme}://${text}`;
  if (!URL.canParse(withScheme)) return undefined;
  const url = new URL(withScheme);
  return (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '' ? url : undefined;
}

/** Text from outside for an error: on one line, and not longer than helps. */
function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}

/** The items of a value of form `list`: separated by commas, without blanks. */
export function itemsOf(list: string): string[] {
  const items = list.split(',').map((item) => item.trim());
  return items.filter((item) => item !== '');
}
