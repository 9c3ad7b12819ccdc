import { ExactNumber } from '../../json/exact-number.ts';
import { setMember, type Json } from '../../json/json.ts';
import { Bytes, isAttributes, type Attributes, type Value } from './messages.ts';

/** Of a second in nanoseconds. */
const DECIMALS = 9;
const ZERO = 48;

/**
 * A value as plain JSON has it: integers that a double cannot hold as `ExactNumber`, bytes as base64, and the names of
 * numbers that are not finite.
 */
export function jsonValue(value: Value): unknown {
  if (typeof value === 'bigint') return jsonInteger(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Bytes) return value.base64;
  return isAttributes(value) ? jsonAttributes(value) : value.map(jsonValue);
}

export function jsonAttributes(attributes: Attributes): Json {
  const json: Record<string, unknown> = {};
  for (const key of Object.keys(attributes)) setMember(json, key, jsonValue(attributes[key]!));
  return json;
}

function jsonInteger(value: bigint): number | ExactNumber {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : new ExactNumber(String(value));
}

/** Nanoseconds as seconds, with all of their decimals: a double at today's epoch has steps of 0.2 µs. */
export function jsonSeconds(nanos: bigint): number | ExactNumber {
  const digits = String(nanos).padStart(DECIMALS + 1, '0');
  const point = digits.length - DECIMALS;
  let end = digits.length;
  while (end > point && digits.charCodeAt(end - 1) === ZERO) end--;
  if (end === point) return Number(digits.slice(0, point));
  const text = `${digits.slice(0, point)}.${digits.slice(point, end)}`;
  // A double has these digits, and is not written with an exponent.
  return text.length <= 16 && !text.startsWith('0.') ? Number(text) : new ExactNumber(text);
}
