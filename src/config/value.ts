import { isHost, parseAddress, udpAddressOfSdk } from './address.ts';
import type { Command } from './commands.ts';
import { parseGoInt } from './go-number.ts';
import {
  redactUrl,
  type AddressOption,
  type NumberOption,
  type OptionSpec,
  type OptionValue,
  type UrlOption,
} from './option.ts';
import { UNITS } from './units.ts';
import { checkText, hintAt, OFF, quoted } from './text-form.ts';

/**
 * `value` undefined means unset. `warning` and `problem` are worded to follow "--flag" or "Key". With `isSyntax`, the
 * text is not even a number or a switch, which Go treats as an error of the command line.
 */
export type Checked = { value: OptionValue | undefined; warning?: string } | { problem: string; isSyntax?: true };

/**
 * Parses the text of a flag or a variable as the value of an option; or returns a problem, worded to follow "--flag".
 * undefined means unset: charts and shells write "" and 0 for "nothing" (the okgolove chart renders both).
 */
export function parseText(spec: OptionSpec, text: string): Checked {
  if (text === '') return { value: undefined };
  if (spec.kind === 'switch') {
    // compat: the words of Go's strconv.ParseBool.
    if (/^(1|t|T|TRUE|true|True)$/.test(text)) return { value: true };
    if (/^(0|f|F|FALSE|false|False)$/.test(text)) return { value: false };
    return { problem: `must be true or false, not ${quoted(text)}`, isSyntax: true };
  }
  if (spec.kind === 'number') {
    const number = parseGoInt(text);
    if (number === undefined)
      return { problem: `must be a whole number of ${spec.unit}, not ${quoted(text)}`, isSyntax: true };
    return checkValue(spec, number);
  }
  return checkValue(spec, text);
}

/** The default in a command, in the unit of the configuration. */
export function defaultOf(spec: OptionSpec, command: Command): OptionValue | undefined {
  if (spec.kind === 'address') return spec.defaultIn?.[command] ?? spec.default;
  return spec.kind === 'number' ? held(spec, spec.default) : spec.default;
}

/** The only place that converts a number from the user's unit to the program's. */
function held({ unit }: NumberOption, value: number): number {
  return value * UNITS[unit].factor;
}

/** Checks a value of the right type, in the user's unit, with the same messages for every source. */
export function checkValue(spec: OptionSpec, value: string | number | boolean): Checked {
  if (value === '' || value === 0) return { value: undefined };
  if (spec.kind === 'number') {
    if (typeof value !== 'number' || !Number.isInteger(value))
      return { problem: `must be a whole number of ${spec.unit}` };
    // compat: in the reference's own options, a negative number means unset, and no number is too large.
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
  if (address === undefined)
    return {
      problem: `must be host:port, such as 127.0.0.1:2000 or [::]:2000${spec.offIn === undefined ? '' : ', or off'}, not ${quoted(value)}`,
    };
  if (spec.use === 'connect' && address.port === 0)
    return { problem: `needs a port other than 0, not ${quoted(value)}` };
  if (address.host !== '') return { value: address };
  // As Go interprets an empty host.
  return { value: { host: spec.use === 'listen' ? '::' : 'localhost', port: address.port } };
}

function checkUrl(spec: UrlOption, value: string): { value: OptionValue } | { problem: string } {
  if (value === 'off') return OFF;
  const url = parseUrl(value, spec.scheme);
  if (url !== undefined) return { value: url };
  const shown = quoted(redactUrl(value));
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(value)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https')
    return { problem: `must be a URL with http or https, not ${shown}` };
  return { problem: `must be a URL, such as http://proxy.example:3128, not ${shown}: ${hintAt(value)}` };
}

/** Parses a URL; `host:port` alone gets the scheme `scheme`. undefined if it is not a URL. */
function parseUrl(text: string, scheme: string): URL | undefined {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `${scheme}://${text}`;
  // The URL parser removes line breaks and joins the text around them.
  if (/[\s\p{Cc}]/u.test(text) || !URL.canParse(withScheme)) return undefined;
  const url = new URL(withScheme);
  return (url.protocol === 'http:' || url.protocol === 'https:') && isHost(url.hostname) ? url : undefined;
}
