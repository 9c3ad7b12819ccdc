import { mutated, type Random } from '../fakes/random.ts';

/** A field of a message in protobuf: its tag, and its value as it is on the wire. */
interface WireField {
  readonly tag: number;
  readonly value: Buffer;
}

const BYTES = 2;
const FIXED_BYTES: Readonly<Record<number, number>> = { 1: 8, 5: 4 };
const MAX_DEPTH = 12;

/** The fields of a message; undefined if the bytes are none. */
export function fieldsOf(bytes: Buffer): WireField[] | undefined {
  const fields: WireField[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = readVarint(bytes, at);
    if (tag === undefined || tag.value >>> 3 === 0) return undefined;
    const wire = tag.value & 7;
    const start = tag.end;
    let end: number;
    if (wire === 0) end = readVarint(bytes, start)?.end ?? Infinity;
    else if (wire === BYTES) {
      const length = readVarint(bytes, start);
      if (length === undefined) return undefined;
      end = length.end + length.value;
      if (end > bytes.length) return undefined;
      fields.push({ tag: tag.value, value: bytes.subarray(length.end, end) });
      at = end;
      continue;
    } else end = start + (FIXED_BYTES[wire] ?? Infinity);
    if (end > bytes.length) return undefined;
    fields.push({ tag: tag.value, value: bytes.subarray(start, end) });
    at = end;
  }
  return fields;
}

function readVarint(bytes: Buffer, at: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: at + i + 1 };
  }
  return undefined;
}

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function fieldBytes({ tag, value }: WireField): Buffer {
  return Buffer.concat([varint(tag), ...((tag & 7) === BYTES ? [varint(value.length)] : []), value]);
}

const messageOf = (fields: readonly WireField[]): Buffer => Buffer.concat(fields.map(fieldBytes));

/** Fields that no version of OTLP has, and things that are no fields. */
const STRANGE = [
  Buffer.from([0xd0, 0x05, 0x07]),
  Buffer.from([0xd0, 0x05, ...Array<number>(9).fill(0xff), 0x01]),
  Buffer.from([0xd0, 0x05, ...Array<number>(11).fill(0xff)]),
  Buffer.from([0xeb, 0x05, 0x08, 0x01, 0xec, 0x05]),
  Buffer.from([0xeb, 0x05]),
  Buffer.alloc(100, 0x0b),
  Buffer.from([0x00]),
  Buffer.from([0x0f]),
  Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
];
const ODD_VALUES = [
  Buffer.alloc(0),
  Buffer.alloc(8),
  Buffer.alloc(16),
  Buffer.alloc(200_000, 0x61),
  Buffer.from([0xff, 0xfe, 0xc0, 0x80]),
  Buffer.from('__proto__'),
  Buffer.alloc(8, 0xff),
  Buffer.from([...Array<number>(9).fill(0xff), 0x01]),
];

/** A copy of a message in protobuf in which one field, on any level, is another one, is missing or is there twice. */
export function mutatedMessage(message: Buffer, random: Random, depth = 0): Buffer {
  const fields = fieldsOf(message);
  if (fields === undefined || fields.length === 0)
    return random.next() < 0.5 ? random.pick(ODD_VALUES) : mutated(message, random);
  const at = random.below(fields.length);
  const field = fields[at]!;
  if ((field.tag & 7) === BYTES && depth < MAX_DEPTH && random.next() < 0.8) {
    const value = mutatedMessage(field.value, random, depth + 1);
    return messageOf(fields.with(at, { ...field, value }));
  }
  const whole = fields.map(fieldBytes);
  switch (random.below(9)) {
    case 0:
      return messageOf(fields.toSpliced(at, 1));
    case 1:
      return messageOf(fields.toSpliced(at, 0, ...Array<WireField>(1 + random.below(3)).fill(field)));
    case 2:
      return messageOf(fields.toReversed());
    case 3:
      return messageOf(fields.with(at, { ...field, tag: (field.tag & ~7) | random.below(8) }));
    case 4:
      return messageOf(fields.with(at, { ...field, tag: ((1 + random.below(20)) << 3) | (field.tag & 7) }));
    case 5:
      return messageOf(fields.with(at, { ...field, value: random.pick(ODD_VALUES) }));
    case 6:
      return Buffer.concat(whole.toSpliced(at, 0, random.pick(STRANGE)));
    case 7:
      return messageOf(fields.toSpliced(at, 0, { tag: (9 << 3) | BYTES, value: deepAttribute(random) }));
    default:
      // The lengths of the messages around it stay as they were.
      return mutated(message, random);
  }
}

/** A value nested up to a thousand times. */
function deepAttribute(random: Random): Buffer {
  const isList = random.next() < 0.5;
  let value: Buffer = fieldBytes({ tag: (1 << 3) | BYTES, value: Buffer.from('end') });
  const wrapped = (tag: number): Buffer => fieldBytes({ tag: (tag << 3) | BYTES, value });
  for (let i = random.below(1_000); i > 0; i--) {
    if (!isList) value = wrapped(2);
    value = wrapped(1);
    value = wrapped(isList ? 5 : 6);
  }
  return Buffer.concat([fieldBytes({ tag: (1 << 3) | BYTES, value: Buffer.from('deep') }), wrapped(2)]);
}

const ODD_JSON: readonly string[] = [
  'null',
  '0',
  '-1',
  '1e308',
  '1e400',
  '9007199254740993',
  '18446744073709551616',
  'NaN',
  '-Infinity',
  'true',
  '""',
  '"0"',
  '"NaN"',
  '"-9223372036854775809"',
  '"__proto__"',
  '"\\u0000\\ud800"',
  '"2025-11-28T17:01:36Z"',
  `"${'0'.repeat(32)}"`,
  `"${'x'.repeat(5_000)}"`,
  '[]',
  '[[]]',
  '[null]',
  '{}',
  '{"__proto__":{}}',
  `${'['.repeat(500)}${']'.repeat(500)}`,
  `${'{"arrayValue":{"values":['.repeat(200)}{}${']}}'.repeat(200)}`,
];

/** A copy of a JSON text in which one value, on any level, is another one, or is missing or there twice. */
export function mutatedJson(text: string, random: Random): Buffer {
  if (random.next() < 0.15) return mutated(Buffer.from(text), random);
  // Stands for a piece of text that JSON cannot be made to write.
  const mark = '\u0001mark';
  const root = { root: JSON.parse(text) as unknown };
  let owner: Record<string, unknown> = root;
  let key = 'root';
  while (random.next() < 0.9) {
    const value = owner[key];
    if (typeof value !== 'object' || value === null) break;
    const keys = Object.keys(value);
    if (keys.length === 0) break;
    owner = value as Record<string, unknown>;
    key = random.pick(keys);
  }
  switch (random.below(6)) {
    case 0:
      Reflect.deleteProperty(owner, key);
      break;
    case 1:
      owner[`${key}_`] = owner[key];
      break;
    case 2:
      owner[key] = [owner[key], owner[key]];
      break;
    default:
      owner[key] = mark;
  }
  const written = JSON.stringify(root.root) ?? '';
  return Buffer.from(written.replace(JSON.stringify(mark), () => random.pick(ODD_JSON)));
}
