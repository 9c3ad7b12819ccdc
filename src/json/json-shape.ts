/**
 * Limits of a JSON text's structure, whatever its length: 5 MB can hold two million empty lists, or one list 200,000
 * levels deep.
 */
export interface JsonLimits {
  readonly maxDepth: number;
  /** Number of all values, including nested ones and names of members. */
  readonly maxValues: number;
}

export type JsonShapeProblem = 'too_deep' | 'too_many_values';

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const COMMA = 0x2c;
const COLON = 0x3a;

/**
 * Checks a JSON text against `limits` before it is parsed: one pass over its bytes, no allocation. Does not check
 * whether the JSON is valid; parsing a text that passes creates at most `maxValues` values.
 */
export function jsonShapeProblem(bytes: Uint8Array, { maxDepth, maxValues }: JsonLimits): JsonShapeProblem | undefined {
  let depth = 0;
  let values = 1;
  for (let i = 0; i < bytes.length; i++) {
    switch (bytes[i]) {
      case QUOTE:
        i = endOfString(bytes, i);
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        if (++depth > maxDepth) return 'too_deep';
        values++;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth--;
        break;
      case COMMA:
      case COLON:
        values++;
        break;
      default:
    }
    if (values > maxValues) return 'too_many_values';
  }
  return undefined;
}

/**
 * The same for a string. A loop of its own: one that reads both through a function takes three times as long, and it
 * passes over each document that is stored or shown.
 */
export function textShapeProblem(text: string, limits: JsonLimits): JsonShapeProblem | undefined {
  const values = valuesInText(text, limits);
  return values > limits.maxValues ? 'too_many_values' : values < 0 ? 'too_deep' : undefined;
}

/** The number of values in a text; more than `maxValues` if it exceeds that, and -1 if it is nested too deeply. */
export function valuesInText(text: string, { maxDepth, maxValues }: JsonLimits): number {
  let depth = 0;
  let values = 1;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i++;
        while (i < text.length && text.charCodeAt(i) !== QUOTE) i += text.charCodeAt(i) === BACKSLASH ? 2 : 1;
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        if (++depth > maxDepth) return -1;
        values++;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth--;
        break;
      case COMMA:
      case COLON:
        values++;
        break;
      default:
    }
    if (values > maxValues) break;
  }
  return values;
}

/** Offset of the quote that ends the string that begins at `start`; the length of the text if there is none. */
function endOfString(bytes: Uint8Array, start: number): number {
  let i = start + 1;
  while (i < bytes.length && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1;
  return i;
}
