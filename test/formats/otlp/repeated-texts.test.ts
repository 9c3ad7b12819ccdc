import fc from '../../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { RepeatedTexts } from '../../../src/formats/otlp/repeated-texts.ts';

/** What `RepeatedTexts` reads of bytes that follow one another. */
function read(pieces: readonly Uint8Array[], encoding: 'utf8' | 'hex'): string[] {
  const texts = new RepeatedTexts(Buffer.concat(pieces), encoding);
  let at = 0;
  return pieces.map(({ length }) => texts.text(at, (at += length)));
}

test.each(['utf8', 'hex'] as const)('texts in %s are what their bytes say, however often they occur', (encoding) => {
  // Few different bytes, so that texts are equal, or differ in one byte, or take the slot of another.
  const piece = fc
    .array(fc.constantFrom(0x61, 0x62, 0xc3, 0xa9), { maxLength: 6 })
    .map((list) => Uint8Array.from(list));
  const long = fc.uint8Array({ minLength: 40, maxLength: 60 });
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, long), { maxLength: 60 }), (pieces) => {
      const repeated = [...pieces, ...pieces];
      expect(read(repeated, encoding)).toEqual(repeated.map((bytes) => Buffer.from(bytes).toString(encoding)));
    }),
  );
});

test('a text is told apart from one that differs where its slot does not look', () => {
  const pieces = ['http.request.method', 'hXtp.request.method', 'http.request.method'];
  expect(
    read(
      pieces.map((text) => Buffer.from(text)),
      'utf8',
    ),
  ).toEqual(pieces);
});
