import { BACKSLASH } from './json-shape.ts';

export const UNICODE_ESCAPE = 0x75;
/** The character of each escape of two characters, by its second one. */
export const SHORT_ESCAPES: ReadonlyMap<number, number> = new Map(
  Object.entries({ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }).map(
    ([letter, character]) => [letter.charCodeAt(0), character.charCodeAt(0)],
  ),
);
const REPLACEMENT_CHARACTER = 0xfffd;

/**
 * Decodes a valid JSON string in place: no escape is shorter than its character in UTF-8. `start` and `end` are the
 * offsets after the opening quote and of the closing one. Returns the end of the decoded text. As in
 * `Buffer.from(text)`, half of a surrogate pair becomes U+FFFD.
 */
export function decodeEscapes(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes.subarray(start, end).indexOf(BACKSLASH);
  if (first < 0) return end;
  let to = start + first;
  for (let from = to; from < end;) {
    const byte = bytes[from++]!;
    if (byte !== BACKSLASH) {
      bytes[to++] = byte;
      continue;
    }
    const letter = bytes[from++]!;
    if (letter !== UNICODE_ESCAPE) {
      bytes[to++] = SHORT_ESCAPES.get(letter)!;
      continue;
    }
    let code = codeUnitAt(bytes, from);
    from += 4;
    if (isBetween(code, 0xd800, 0xdbff) && bytes[from] === BACKSLASH && bytes[from + 1] === UNICODE_ESCAPE) {
      const low = codeUnitAt(bytes, from + 2);
      if (isBetween(low, 0xdc00, 0xdfff)) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        from += 6;
      }
    }
    to = writeCodePoint(bytes, to, isBetween(code, 0xd800, 0xdfff) ? REPLACEMENT_CHARACTER : code);
  }
  return to;
}

function isBetween(code: number, least: number, most: number): boolean {
  return code >= least && code <= most;
}

/** The value of four hexadecimal digits. */
function codeUnitAt(bytes: Uint8Array, at: number): number {
  let code = 0;
  for (let i = at; i < at + 4; i++) {
    const digit = bytes[i]!;
    code = code * 16 + (digit <= 0x39 ? digit - 0x30 : (digit | 0x20) - 0x61 + 10);
  }
  return code;
}

/** Writes UTF-8, and returns its end. */
function writeCodePoint(bytes: Uint8Array, at: number, code: number): number {
  let to = at;
  if (code < 0x80) {
    bytes[to++] = code;
    return to;
  }
  if (code < 0x800) bytes[to++] = 0xc0 | (code >> 6);
  else {
    if (code < 0x10000) bytes[to++] = 0xe0 | (code >> 12);
    else {
      bytes[to++] = 0xf0 | (code >> 18);
      bytes[to++] = 0x80 | ((code >> 12) & 0x3f);
    }
    bytes[to++] = 0x80 | ((code >> 6) & 0x3f);
  }
  bytes[to++] = 0x80 | (code & 0x3f);
  return to;
}
