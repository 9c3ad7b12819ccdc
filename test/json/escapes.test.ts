import fc from '../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { decodeEscapes } from '../../src/json/escapes.ts';

/** A code unit, and a way to write it in a JSON string. */
const written = fc
  .tuple(
    fc.oneof(
      fc.integer({ min: 0, max: 0xffff }),
      fc.constantFrom(
        0x22,
        0x2f,
        0x5c,
        0x08,
        0x0a,
        0xd800,
        0xdbff,
        0xdc00,
        0xdfff,
        0xd83d,
        0xde00,
        0x7f,
        0x80,
        0x7ff,
        0x800,
      ),
    ),
    fc.constantFrom('plain', 'lower', 'upper'),
  )
  .map(([unit, form]) => {
    const short = {
      0x22: '\\"',
      0x2f: '\\/',
      0x5c: '\\\\',
      0x08: '\\b',
      0x0a: '\\n',
      0x0c: '\\f',
      0x0d: '\\r',
      0x09: '\\t',
    }[unit];
    if (form === 'plain' && short !== undefined) return short;
    // Half of a surrogate pair cannot be written in UTF-8.
    if (form === 'plain' && unit >= 0x20 && (unit < 0xd800 || unit > 0xdfff)) return String.fromCharCode(unit);
    const digits = unit.toString(16).padStart(4, '0');
    return `\\u${form === 'upper' ? digits.toUpperCase() : digits}`;
  });

test('a string is decoded in place to the bytes of what JSON.parse reads, whatever its escapes', () => {
  fc.assert(
    fc.property(fc.array(written, { maxLength: 40 }), (units) => {
      const literal = `"${units.join('')}"`;
      const bytes = Buffer.from(`[${literal},"\\n"]`);
      const end = decodeEscapes(bytes, 2, 1 + Buffer.byteLength(literal) - 1);
      expect(bytes.subarray(2, end)).toEqual(Buffer.from(JSON.parse(literal) as string));
      // What follows it is left as it was.
      expect(bytes.subarray(-6).toString()).toBe(',"\\n"]');
    }),
    { numRuns: 2_000 },
  );
});
