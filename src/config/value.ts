import { isHost, parseAddress, udpAddressOfSdk } from './address.ts';
import { parseGoInt } from './go-number.ts';
import { redactUrl, type AddressOption, type NumberOption, type OptionSpec, type OptionValue, type UrlOption } from './option.ts';
import { UNITS } from './units.ts';
import { checkText, hintAt, OFF, quoted } from './text-form.ts';

/**
 * `value` undefined means unset. `warning` and `problem` are words that follow "--flag" or "Key". With `isSyntax` the text is not even a number
 * or a switch: in Go that is an error of the command line.
 */
export type Checked = { value: OptionValue | undefined; warning?: string } | { problem: string; isSyntax?: true };

/**
 * Text from a flag or a variable as the value of an option, or a problem in words that follow "--flag".
 * undefined means unset: "" and 0 are how charts and shells write "nothing" (the okgolove chart renders both).
 */
export function parseText(spec: OptionSpec, text: string): Checked {
  if (text === '') return { value: undefined };
  if (spec.kind === 'switch') {
    // compat: the words that Go's strconv.ParseBool knows.
    if (/^(1|t|T|TRUE|true|True)$/.test(text)) return { value: true };
    if (/^(0|f|F|FALSE|false|False)$/.test(text)) return { value: false };
    return { problem: `must be true or false, not ${quoted(text)}`, isSyntax: true };
  }
  if (spec.kind === 'number') {
    const number = parseGoInt(text);
    if (number === undefined) return { problem: `must be a whole number of ${spec.unit}, not ${quoted(text)}`, isSyntax: true };
    return checkValue(spec, number);
  }
  return checkValue(spec, text);
}

/** The default as the configuration holds it. */
export function defaultOf(spec: OptionSpec): OptionValue | undefined {
  return spec.kind === 'number' ? held(spec, spec.default) : spec.default;
}

/** The only place where a number changes its unit: from the user's to the program's. */
function held({ unit }: NumberOption, value: number): number {
  return value * UNITS[unit].factor;
}

/** Checks a value of the right type, in the user's unit; the same words wherever it came from. */
export function checkValue(spec: OptionSpec, value: string | number | boolean): Checked {
  if (value === '' || value === 0) return { value: undefined };
  if (spec.kind === 'number') {
    if (typeof value !== 'number' || !Number.isInteger(value)) return { problem: `must be a whole number of ${spec.unit}` };
    // compat: in the reference's own options a negative number is as good as none, and none is too large.
    const isReferences = spec.fileKey !== undefined;
    if (isReferences && value < 0) return { value: undefined, warning: `is ${value}: it is ignored` };
    if (isReferences && value > spec.max)
      return { value: held(spec, spec.max), warning: `is ${value}: ${spec.max} ${spec.unit} are used, the maximum` };
    if (value < spec.min || value > spec.max) {
      return { problem: `must be between ${spec.min} and ${spec.max} ${spec.unit}, not ${value}` };
    }
    return { value: held(spec, value) };
  }
  if (spec.kind === 'switch') {
    return typeof value === 'boolean' ? { value } : { problem: 'must be true or false' };
  }
  if (typeof value !== 'string') return { problem: `must be text, not ${typeof value}` };
  if (spec.kind === 'address') return checkAddress(spec, value);
  return spec.kind === 'url' ? checkUrl(spec, value) : checkText(spec, value);
}

function checkAddress(spec: AddressOption, value: string): { value: OptionValue } | { problem: string } {
  if (value === 'off') return spec.offIn === undefined ? { problem: 'cannot be off' } : { value };
  const address = spec.isDaemonAddress === true ? udpAddressOfSdk(value) : parseAddress(value);
  if (address === undefined) return { problem: `must be host:port, such as 127.0.0.1:2000 or [::]:2000, not ${quoted(value)}` };
  if (spec.use === 'connect' && address.port === 0) return { problem: `needs a port other than 0, not ${quoted(value)}` };
  if (address.host !== '') return { value: address };
  // As Go reads an empty host.
  return { value: { host: spec.use === 'listen' ? '::' : 'localhost', port: address.port } };
}

function checkUrl(spec: UrlOption, value: string): { value: OptionValue } | { problem: string } {
  if (value === 'off') return OFF;
  const url = parseUrl(value, spec.scheme);
  if (url !== undefined) return { value: url };
  const shown = quoted(redactUrl(value));
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(value)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') return { problem: `must be a URL with http or https, not ${shown}` };
  return { problem: `must be a URL, such as http://proxy.example:3128, not ${shown}: ${hintAt(value)}` };
}

/** A URL, where `host:port` alone has the scheme `scheme`. undefined when it is none. */
function parseUrl(text: string, scheme: string): URL | undefined {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `${scheme}://${text}`;
  // A URL's parser leaves line breaks out, and joins what was around them.
  if (/[\s\p{Cc}]/u.test(text) || !URL.canParse(withScheme)) return undefined;
  const url = new URL(withScheme);
  return (url.protocol === 'http:' || url.protocol === 'https:') && isHost(url.hostname) ? url : undefined;
}
