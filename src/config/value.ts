import { parseAddress } from './address.ts';
import type { OptionSpec, OptionValue } from './option.ts';

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
    return { problem: `must be true or false, not "${text}"` };
  }
  if (spec.kind === 'number') {
    if (!/^[+-]?\d+$/.test(text)) return { problem: `must be a whole number of ${spec.unit}, not "${text}"` };
    return checkValue(spec, Number(text));
  }
  return checkValue(spec, text);
}

/** Checks a value of the right type; the same words wherever it came from. */
export function checkValue(spec: OptionSpec, value: OptionValue): { value: OptionValue | undefined } | { problem: string } {
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
  return checkTextForm(spec, value);
}

function checkTextForm(spec: OptionSpec & { kind: 'text' }, value: string): { value: string } | { problem: string } {
  if (spec.choices !== undefined && !spec.choices.includes(value)) {
    return { problem: `must be one of ${spec.choices.join(', ')}, not "${value}"` };
  }
  if (spec.form === 'address' && value !== 'off' && spec.flag !== 'to' && parseAddress(value) === undefined) {
    return { problem: `must be host:port, such as 127.0.0.1:2000 or [::]:2000, not "${value}"` };
  }
  if (spec.form === 'url' && parseUrl(value) === undefined) {
    return { problem: `must be a URL, such as http://proxy.example:3128, not "${redactUrl(value)}"` };
  }
  return { value };
}

/** A URL, where `host:port` alone means http. undefined when it is none. */
export function parseUrl(text: string): URL | undefined {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!URL.canParse(withScheme)) return undefined;
  const url = new URL(withScheme);
  return (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '' ? url : undefined;
}

/** The text without the user name and password that a proxy URL may hold. */
export function redactUrl(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/@\s]*@/i, '$1***@');
}

/** The items of a value of form `list`: separated by commas, without blanks. */
export function itemsOf(list: string): string[] {
  const items = list.split(',').map((item) => item.trim());
  return items.filter((item) => item !== '');
}
