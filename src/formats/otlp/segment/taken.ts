import { Bytes, isAttributes, type Attributes, type Value } from '../messages.ts';

/** A set of keys of attributes: one bit of the number that tells which of these sets a span has keys of. */
type KeyGroup = number;

const groupsByKey = new Map<string, number>();
let groupCount = 0;

/**
 * Makes a set of keys that {@link Taken.hasAny} and {@link Taken.takeAny} know; called while modules are loaded. Spans
 * have ten attributes, and the conversion asks for a hundred: most spans have no key of most sets.
 */
export function keyGroup(keys: readonly string[]): KeyGroup {
  const group = 1 << groupCount++;
  for (const key of keys) groupsByKey.set(key, (groupsByKey.get(key) ?? 0) | group);
  return group;
}

/**
 * The attributes of a span, of which each part of the conversion takes what it stores elsewhere. What is left becomes
 * metadata.
 */
export class Taken {
  readonly all: Attributes;
  readonly keys: readonly string[];
  /** The groups that the keys are of. */
  readonly #groups: number;
  #takenGroups = 0;
  #taken: Set<string> | undefined;

  constructor(all: Attributes) {
    this.all = all;
    this.keys = Object.keys(all);
    let groups = 0;
    for (const key of this.keys) groups |= groupsByKey.get(key) ?? 0;
    this.#groups = groups;
  }

  /** Whether there is an attribute with a key of the group. */
  hasAny(group: KeyGroup): boolean {
    return (this.#groups & group) !== 0;
  }

  /** Marks all attributes with a key of the group as stored elsewhere. */
  takeAny(group: KeyGroup): void {
    this.#takenGroups |= group;
  }

  /** Marks attributes as stored elsewhere. */
  take(...keys: readonly string[]): void {
    this.#taken ??= new Set();
    for (const key of keys) if (this.all[key] !== undefined) this.#taken.add(key);
  }

  isTaken(key: string): boolean {
    const isInGroup = this.#takenGroups !== 0 && ((groupsByKey.get(key) ?? 0) & this.#takenGroups) !== 0;
    return isInGroup || this.#taken?.has(key) === true;
  }

  has(key: string): boolean {
    return this.all[key] !== undefined;
  }

  /** The first of these attributes that is a text which is not empty. */
  text(...keys: readonly string[]): string | undefined {
    return firstText(this.all, keys);
  }

  /** The first of these attributes that is a whole number, or a text with one. */
  integer(...keys: readonly string[]): number | undefined {
    for (const key of keys) {
      const number = integerOf(this.all[key]);
      if (number !== undefined) return number;
    }
    return undefined;
  }
}

export function firstText(attributes: Attributes, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = attributes[key];
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

const INTEGER = /^\s*-?\d{1,15}\s*$/;

/** Zipkin's tags are texts, and hand-written instrumentation sets `"500"` as a status. */
export function integerOf(value: Value | undefined): number | undefined {
  const number =
    typeof value === 'bigint'
      ? Number(value)
      : typeof value === 'string' && INTEGER.test(value)
        ? Number(value)
        : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

/** The texts in a list, or the one text. */
export function textsOf(value: Value | undefined): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  return isList(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** Whether a value can be an annotation: X-Ray indexes texts, numbers and booleans. */
export function isScalar(value: Value | undefined): value is string | boolean | number | bigint {
  return value !== undefined && value !== null && !isList(value) && !(value instanceof Bytes) && !isAttributes(value);
}
