/** Part of JSON since ECMAScript 2026, but missing in TypeScript's library and in older browsers. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- TypeScript's library lacks it
const { rawJSON } = JSON as unknown as { rawJSON?: (text: string) => object };
type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown;

/** A JSON number that a double cannot hold: 9007199254740993, -0, 1e400. */
export class ExactNumber {
  /** The number as it was written. */
  readonly exact: string;

  constructor(exact: string) {
    this.exact = exact;
  }

  /** The nearest double; Infinity beyond the range. */
  get double(): number {
    return Number(this.exact);
  }

  /** Makes `JSON.stringify` write the number as it was written. */
  toJSON(): unknown {
    return rawJSON === undefined ? this.double : rawJSON(this.exact);
  }

  toString(): string {
    return this.exact;
  }
}

/** An `ExactNumber` after it was passed to another thread. */
export interface Exact {
  readonly exact: string;
}

/**
 * Finds numbers that a double may not hold: -0, 16 consecutive digits, a three-digit exponent. Requires a character
 * that precedes numbers in JSON, to skip IDs, which are texts. The search takes two thirds of the parsing time; a
 * reviver would take six times as much.
 */
const MAY_BE_EXACT = /[:,[\s](?:-0(?!\.0*[1-9])|-?\d{16}|-?\d*\.\d{17}|-?\d[\d.]*[eE][+-]?\d{3})/;

/**
 * `JSON.parse`, but returns an ExactNumber for each number that a double cannot hold; for a text nested thousands deep,
 * the nearest double.
 */
export function parseJson(text: string): unknown {
  if (!MAY_BE_EXACT.test(text)) return JSON.parse(text);
  try {
    return JSON.parse(text, ((_key, value, context) =>
      typeof value === 'number' && context?.source !== undefined ? numberFrom(context.source) : value) as Reviver);
  } catch (error) {
    // V8 calls a reviver recursively for nested values. Without a reviver it needs no stack.
    if (error instanceof RangeError) return JSON.parse(text);
    throw error;
  }
}

/** The value of `source`, a number of JSON or of a filter expression. */
export function numberFrom(source: string): number | ExactNumber {
  const value = Number(source);
  if (Object.is(value, -0) || !Number.isFinite(value)) return new ExactNumber(source);
  // Most numbers have so few digits that a double holds them.
  return (value !== 0 && source.length <= 15) || compareDecimals(value, { exact: source }) === 0
    ? value
    : new ExactNumber(source);
}

/**
 * Compares numbers by value, however many digits they have: less than, equal to or greater than 0. A number with more
 * decimals than a double holds is compared as a double: programs that write 17 digits mean 0.1 by 0.10000000000000001.
 */
export function compareNumbers(a: number | Exact, b: number | Exact): number {
  const [one, other] = [asCompared(a), asCompared(b)];
  if (typeof one === 'number' && typeof other === 'number') return one < other ? -1 : one > other ? 1 : 0;
  return compareDecimals(one, other);
}

function asCompared(number: number | Exact): number | Exact {
  if (typeof number === 'number') return number;
  const nearest = Number(number.exact);
  return nearest !== 0 && Math.abs(nearest) <= Number.MAX_SAFE_INTEGER ? nearest : number;
}

function compareDecimals(a: number | Exact, b: number | Exact): number {
  const [one, other] = [decimalOf(a), decimalOf(b)];
  if (one.sign !== other.sign) return one.sign - other.sign;
  if (one.scale !== other.scale) return one.sign * (one.scale - other.scale);
  return one.digits === other.digits ? 0 : one.digits < other.digits ? -one.sign : one.sign;
}

interface Decimal {
  /** -1, 0 or 1. */
  readonly sign: number;
  /** 0.`digits` × 10^`scale`; the first digit and the last are not 0. */
  readonly digits: string;
  readonly scale: number;
}

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

function decimalOf(number: number | Exact): Decimal {
  const [, minus = '', whole = '', fraction = '', exponent = '0'] =
    NUMBER.exec(typeof number === 'number' ? String(number) : number.exact) ?? [];
  const all = whole + fraction;
  const leading = all.length - all.replace(/^0+/, '').length;
  const digits = withoutEndingZeros(all.slice(leading));
  if (digits === '') return { sign: 0, digits, scale: 0 };
  return { sign: minus === '-' ? -1 : 1, digits, scale: whole.length - leading + Number(exponent) };
}

/** Linear: a pattern would backtrack from each zero, and a number may have megabytes of them. */
function withoutEndingZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  return digits.slice(0, end);
}
