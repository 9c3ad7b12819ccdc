import { ExactNumber } from '../../json/exact-number.ts';
import { arrayOf, bareRecord, isObject, objectOf, type Json } from '../../json/json.ts';
import { MAX_VALUE_DEPTH, TOO_DEEP, type Admission } from './decoding.ts';
import { Bytes, newAttributes, type Attributes, type Scope, type Value } from './messages.ts';

/** Reads what the JSON of all signals has in common: attributes and their values, and scopes. */
export class JsonValues {
  readonly #admission: Admission;

  constructor(admission: Admission) {
    this.#admission = admission;
  }

  /** The objects in a list, up to the limit. */
  *items(list: unknown): Generator<Json> {
    for (const item of arrayOf(list)) {
      if (!this.#admission.admitItem()) return;
      if (isObject(item)) yield item;
    }
  }

  scope(json: Json): Scope {
    return { name: text(json['name']), version: text(json['version']), ...this.attributed(json) };
  }

  attributed(json: Json): { attributes: Attributes; droppedAttributesCount: number } {
    const attributes = newAttributes();
    const list = arrayOf(json['attributes']);
    const { maxAttributes } = this.#admission;
    this.#fill(attributes, list.length > maxAttributes ? list.slice(0, maxAttributes) : list, 0);
    return {
      attributes,
      droppedAttributesCount:
        count(field(json, 'droppedAttributesCount', 'dropped_attributes_count')) +
        Math.max(0, list.length - maxAttributes),
    };
  }

  #fill(attributes: Record<string, Value>, list: unknown, depth: number): void {
    for (const item of this.items(list)) attributes[text(item['key'])] = this.value(item['value'], depth);
  }

  /** `depth`: how many lists and maps it is in. */
  value(json: unknown, depth = 0): Value {
    if (!isObject(json)) return null;
    for (const name of Object.keys(json)) {
      const read = VALUES[name];
      if (read !== undefined) return read(json[name]);
      const isList = name === 'arrayValue' || name === 'array_value';
      if (!isList && name !== 'kvlistValue' && name !== 'kvlist_value') continue;
      if (depth >= MAX_VALUE_DEPTH) return TOO_DEEP;
      const values = objectOf(json[name])['values'];
      if (isList) return this.#list(values, depth + 1);
      const map = newAttributes();
      this.#fill(map, values, depth + 1);
      return map;
    }
    return null;
  }

  #list(values: unknown, depth: number): Value {
    const list: Value[] = [];
    for (const value of arrayOf(values)) {
      if (!this.#admission.admitItem()) break;
      list.push(this.value(value, depth));
    }
    return list;
  }
}

/** What has another type than its name says is no value: 0 or "" would be made up. */
const VALUES: Readonly<Record<string, ((value: unknown) => Value) | undefined>> = Object.assign(
  bareRecord<(value: unknown) => Value>(),
  {
    stringValue,
    string_value: stringValue,
    boolValue,
    bool_value: boolValue,
    intValue,
    int_value: intValue,
    doubleValue,
    double_value: doubleValue,
    bytesValue,
    bytes_value: bytesValue,
  },
);

function stringValue(value: unknown): Value {
  return typeof value === 'string' ? value : null;
}

function boolValue(value: unknown): Value {
  return typeof value === 'boolean' ? value : null;
}

/** An integer of more than 64 bits, which OTLP does not have, keeps its digits as a text. */
function intValue(value: unknown): Value {
  const number = integer(value);
  if (number === undefined) return null;
  return BigInt.asIntN(64, number) === number ? number : String(number);
}

function doubleValue(value: unknown): Value {
  if (value === 'NaN') return NaN;
  const number = value instanceof ExactNumber ? value.double : numberIn(value);
  return Number.isNaN(number) ? null : number;
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** compat: JSON of protobuf may have base64 in the alphabet for URLs. What is no base64 is a text. */
function bytesValue(value: unknown): Value {
  if (typeof value !== 'string') return null;
  const base64 = value.replace(/-/g, '+').replace(/_/g, '/');
  return BASE64.test(base64) ? new Bytes(base64) : value;
}

/** A member by its name in JSON, or in the .proto files. */
export function field(json: Json, name: string, original: string): unknown {
  return json[name] ?? json[original];
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** compat: IDs are hexadecimal in any case, unlike other bytes. Source: OTLP specification, JSON protobuf encoding. */
export function id(value: unknown): string {
  return text(value).toLowerCase();
}

/** NaN for what is neither a number nor a text with one. */
function numberIn(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : NaN;
}

const INTEGER = /^-?\d{1,20}$/;

/** 64-bit integers are texts or numbers, of which a double holds only some. */
function integer(value: unknown): bigint | undefined {
  const source = value instanceof ExactNumber ? value.exact : value;
  if (typeof source === 'string' && INTEGER.test(source)) return BigInt(source);
  const number = numberIn(source);
  return Number.isFinite(number) ? BigInt(Math.trunc(number)) : undefined;
}

export function unsigned(value: unknown): bigint {
  const number = integer(value) ?? 0n;
  return number < 0n || number > 0xffff_ffff_ffff_ffffn ? 0n : number;
}

/** Of 32 bits. JSON of protobuf may have it as a text too. */
export function count(value: unknown): number {
  return Math.min(0xffff_ffff, Number(unsigned(value)));
}
