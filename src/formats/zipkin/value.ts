import { ExactNumber } from '../../json/exact-number.ts';
import { isObject } from '../../json/json.ts';
import { MAX_VALUE_DEPTH, TOO_DEEP } from '../otlp/decoding.ts';
import { newAttributes, type Value } from '../otlp/messages.ts';

const INTEGER = /^-?\d+$/;

/** A value of JSON as OTLP has it. */
export function valueOf(json: unknown, depth = 0): Value {
  if (json instanceof ExactNumber) return INTEGER.test(json.exact) ? BigInt(json.exact) : json.double;
  if (typeof json === 'number') return Number.isSafeInteger(json) ? BigInt(json) : json;
  if (typeof json === 'string' || typeof json === 'boolean') return json;
  if (typeof json === 'object' && json !== null && depth >= MAX_VALUE_DEPTH) return TOO_DEEP;
  if (Array.isArray(json)) return json.map((item) => valueOf(item, depth + 1));
  if (!isObject(json)) return null;
  const attributes = newAttributes();
  for (const [key, value] of Object.entries(json)) attributes[key] = valueOf(value, depth + 1);
  return attributes;
}
