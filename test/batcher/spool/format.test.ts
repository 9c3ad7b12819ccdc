import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBatch, encodeBatch, entryOf, parseName } from '../../../src/batcher/spool/format.ts';
import { textsOf } from '../../fakes/exporter.ts';
import { segmentsOf } from '../../fakes/segments.ts';

const documents = fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 50 });

test('what was written is read back, to the byte and the arrival', () => {
  fc.assert(
    fc.property(documents, fc.double({ min: 0, max: 4e12, noNaN: true }), (list, arrivedAtMs) => {
      const segments = segmentsOf(
        list.map((bytes) => Buffer.from(bytes)),
        arrivedAtMs,
      );
      const entry = entryOf(segments, 7, 'ab12cd34');
      const file = Buffer.concat(encodeBatch(segments));
      expect(file.length).toBe(entry.bytes);
      const back = decodeBatch(file, entry)!;
      expect(back.map(({ chunk, start, end }) => chunk.toString('hex', start, end))).toEqual(list.map((bytes) => Buffer.from(bytes).toString('hex')));
      expect(back.every((segment) => segment.arrivedAtMs === arrivedAtMs)).toBe(true);
      expect(parseName(entry.name)).toEqual(entry);
    }),
  );
});

test('any changed byte and any missing end is noticed', () => {
  const segments = segmentsOf(['{"id":"a"}', '', 'x'.repeat(40)]);
  const entry = entryOf(segments, 0, '00000000');
  const file = Buffer.concat(encodeBatch(segments));
  expect(textsOf(decodeBatch(file, entry)!)).toEqual(['{"id":"a"}', '', 'x'.repeat(40)]);
  for (let i = 0; i < file.length; i++) {
    const changed = Buffer.from(file);
    changed[i] = changed[i]! ^ 0x10;
    expect(decodeBatch(changed, entry), `byte ${i} changed`).toBeUndefined();
    expect(decodeBatch(file.subarray(0, i), entry), `cut at ${i}`).toBeUndefined();
    expect(decodeBatch(file.subarray(0, i), { ...entry, bytes: i }), `cut at ${i}, and the name knows`).toBeUndefined();
  }
  expect(decodeBatch(Buffer.concat([file, Buffer.of(0)]), entry)).toBeUndefined();
  expect(decodeBatch(file, { ...entry, segments: 2 })).toBeUndefined();
});

test.each([
  ['1732394780123-000000-50-56700-ab12cd34.batch', { segments: 50, bytes: 56_700 }],
  ['1732394780123-1234567-1-99-ab12cd34.batch', { segments: 1, bytes: 99 }],
  ['1732394780123-000000-50-56700-ab12cd34.batch.part', 'unfinished'],
  ['1732394780123-000000-51-56700-ab12cd34.batch', 'foreign'],
  ['1732394780123-000000-0-56700-ab12cd34.batch', 'foreign'],
  ['1732394780123-000000-50-56700-ab12cd34.batch.unreadable', 'foreign'],
  ['../1732394780123-000000-50-56700-ab12cd34.batch', 'foreign'],
  ['lost+found', 'foreign'],
  ['notes.part', 'foreign'],
  ['', 'foreign'],
])('the name %s', (name, expected) => {
  const parsed = parseName(name);
  if (typeof expected === 'string') expect(parsed).toBe(expected);
  else expect(parsed).toEqual({ name, ...expected });
});
