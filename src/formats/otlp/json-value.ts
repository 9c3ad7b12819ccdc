import { ExactNumber } from '../../json/exact-number.ts';
import { setMember, type Json } from '../../json/json.ts';
import { Bytes, isAttributes, type Attributes, type Value } from './messages.ts';

const NANOS = 1_000_000_000n;

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
  const fraction = nanos % NANOS;
  if (fraction === 0n) return Number(nanos / NANOS);
  const decimals = String(fraction).padStart(9, '0').replace(/0+$/, '');
  const text = `${nanos / NANOS}.${decimals}`;
  // A double has these digits, and is not written with an exponent.
  return text.length <= 16 && nanos >= NANOS ? Number(text) : new ExactNumber(text);
}
