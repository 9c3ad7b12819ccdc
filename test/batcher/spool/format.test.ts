import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { decodeBatch, encodeBatch, entryOf, parseName, type SpoolEntry } from '../../../src/batcher/spool/format.ts';
import { BOOT_ID_BYTES, type Moment } from '../../../src/batcher/spool/moment.ts';
import { textsOf } from '../../fakes/exporter.ts';
import { segmentsOf } from '../../fakes/segments.ts';

const documents = fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 50 });

const BOOT = Buffer.alloc(BOOT_ID_BYTES, 7);
/** A moment at which the machine has run for three hours. */
const WRITTEN: Moment = { wallMs: 1_800_000_000_000, monotonicMs: 3 * 3_600_000, bootId: BOOT };

/** How old one segment is when its file is read at `read`, having been `ageMs` old when it was written. */
function ageRead(ageMs: number, read: Moment, written = WRITTEN): number {
  const segments = segmentsOf(['{}'], written.monotonicMs - ageMs);
  const [back] = decodeBatch(Buffer.concat(encodeBatch(segments, written)), entryOf(segments, 0, '00000000'), read)!;
  return read.monotonicMs - back!.arrivedAtMs;
}

test('reads back what was written, with exact bytes and ages', () => {
  fc.assert(
    fc.property(documents, fc.double({ min: 0, max: 1e9, noNaN: true }), (list, ageMs) => {
      const segments = segmentsOf(
        list.map((bytes) => Buffer.from(bytes)),
        WRITTEN.monotonicMs - ageMs,
      );
      const entry = entryOf(segments, 7, 'ab12cd34');
      const file = Buffer.concat(encodeBatch(segments, WRITTEN));
      expect(file.length).toBe(entry.bytes);
      const back = decodeBatch(file, entry, WRITTEN)!;
      expect(back.map(({ chunk, start, end }) => chunk.toString('hex', start, end))).toEqual(
        list.map((bytes) => Buffer.from(bytes).toString('hex')),
      );
      for (const { arrivedAtMs } of back) expect(WRITTEN.monotonicMs - arrivedAtMs).toBeCloseTo(ageMs, 3);
      expect(parseName(entry.name)).toEqual(entry);
    }),
  );
});

test.each([
  ['the clock was left alone', 60_000],
  ['the clock was set back an hour', -3_540_000],
  ['the clock was set ahead two hours', 7_260_000],
])('after a restart of the daemon the age is exact: %s', (_, wallMs) => {
  const read = { ...WRITTEN, wallMs: WRITTEN.wallMs + wallMs, monotonicMs: WRITTEN.monotonicMs + 60_000 };
  expect(ageRead(5_000, read)).toBeCloseTo(65_000, 3);
});

test.each([
  ['by the wall clock', 600_000, 605_000],
  ['which a clock that was set back cannot make less than it was', -600_000, 5_000],
])('after a reboot the age is measured %s', (_, wallMs, expected) => {
  const read = { wallMs: WRITTEN.wallMs + wallMs, monotonicMs: 20_000, bootId: Buffer.alloc(BOOT_ID_BYTES, 8) };
  expect(ageRead(5_000, read)).toBeCloseTo(expected, 3);
  // Nor are two machines taken for one where the system does not name its start.
  const nameless = { ...WRITTEN, bootId: Buffer.alloc(BOOT_ID_BYTES) };
  expect(ageRead(5_000, { ...read, bootId: nameless.bootId }, nameless)).toBeCloseTo(expected, 3);
});

test('reads a file of the previous format, with its age by the wall clock', () => {
  const documentBytes = Buffer.from('{"id":"a"}');
  const rest = Buffer.alloc(4 + 12);
  rest.writeUInt32LE(1, 0);
  rest.writeDoubleLE(WRITTEN.wallMs - 5_000, 4);
  rest.writeUInt32LE(documentBytes.length, 12);
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(Buffer.concat([rest, documentBytes])));
  const file = Buffer.concat([Buffer.from('XRAYD-1\n'), sum, rest, documentBytes]);
  const entry = parseName(`1800000000000-000000-1-${file.length}-ab12cd34.batch`) as SpoolEntry;
  const back = decodeBatch(file, entry, { ...WRITTEN, wallMs: WRITTEN.wallMs + 60_000 })!;
  expect(textsOf(back)).toEqual(['{"id":"a"}']);
  expect(WRITTEN.monotonicMs - back[0]!.arrivedAtMs).toBe(65_000);
});

test('a clock in the far future creates no file name that the next start does not recognize', () => {
  vi.useFakeTimers({ now: 8.64e15 });
  try {
    const entry = entryOf(segmentsOf(['x'], 0), 0, '00000000');
    expect(parseName(entry.name)).toEqual(entry);
  } finally {
    vi.useRealTimers();
  }
});

test('detects any changed byte and any truncation', () => {
  const segments = segmentsOf(['{"id":"a"}', '', 'x'.repeat(40)]);
  const entry = entryOf(segments, 0, '00000000');
  const file = Buffer.concat(encodeBatch(segments, WRITTEN));
  expect(textsOf(decodeBatch(file, entry, WRITTEN)!)).toEqual(['{"id":"a"}', '', 'x'.repeat(40)]);
  for (let i = 0; i < file.length; i++) {
    const changed = Buffer.from(file);
    changed[i] = changed[i]! ^ 0x10;
    expect(decodeBatch(changed, entry, WRITTEN), `byte ${i} changed`).toBeUndefined();
    expect(decodeBatch(file.subarray(0, i), entry, WRITTEN), `cut at ${i}`).toBeUndefined();
    expect(
      decodeBatch(file.subarray(0, i), { ...entry, bytes: i }, WRITTEN),
      `cut at ${i}, and the name knows`,
    ).toBeUndefined();
  }
  expect(decodeBatch(Buffer.concat([file, Buffer.of(0)]), entry, WRITTEN)).toBeUndefined();
  expect(decodeBatch(file, { ...entry, segments: 2 }, WRITTEN)).toBeUndefined();
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
