import { crc32 } from 'node:zlib';
import fc from '../../fakes/fast-check.ts';
import { expect, test, vi } from 'vitest';
import { decodeBatch, encodeBatch, entryOf, parseName, type SpoolEntry } from '../../../src/batcher/spool/format.ts';
import { BOOT_ID_BYTES, type Moment } from '../../../src/batcher/spool/moment.ts';
import type { DocumentFormat, Segment } from '../../../src/pipeline/segment.ts';
import { textsOf } from '../../fakes/exporter.ts';
import { segmentsOf } from '../../fakes/segments.ts';
import { withLastFormat } from '../../fakes/spool-file.ts';

const documents = fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 50 });

const DAMAGED = { reason: 'its checksum is wrong' };
const BOOT = Buffer.alloc(BOOT_ID_BYTES, 7);
/** A moment at which the machine has run for three hours. */
const WRITTEN: Moment = { wallMs: 1_800_000_000_000, monotonicMs: 3 * 3_600_000, bootId: BOOT };

const formatOf = ({ length }: Uint8Array): DocumentFormat => (length % 3 === 0 ? 'otlp' : 'xray');

/** The segments of a file that is whole. */
function decoded(...args: Parameters<typeof decodeBatch>): Segment[] {
  const segments = decodeBatch(...args);
  if (!Array.isArray(segments)) throw new Error(segments.reason);
  return segments;
}

/** A file of an earlier form, with one document. */
function oldFile(magic: string, header: Buffer, time: number, document: string): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32LE(1);
  const row = Buffer.alloc(12);
  row.writeDoubleLE(time);
  row.writeUInt32LE(document.length, 8);
  const rest = Buffer.concat([count, header, row, Buffer.from(document)]);
  return Buffer.concat([Buffer.from(magic), checksumOf(rest), rest]);
}

function checksumOf(bytes: Buffer): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(bytes));
  return sum;
}

/** How old one segment is when its file is read at `read`, having been `ageMs` old when it was written. */
function ageRead(ageMs: number, read: Moment, written = WRITTEN): number {
  const segments = segmentsOf(['{}'], written.monotonicMs - ageMs);
  const [back] = decoded(Buffer.concat(encodeBatch(segments, written)), entryOf(segments, 0, '00000000'), read);
  return read.monotonicMs - back!.arrivedAtMs;
}

test('reads back what was written, with exact bytes, ages and formats', () => {
  fc.assert(
    fc.property(documents, fc.double({ min: 0, max: 1e9, noNaN: true }), (list, ageMs) => {
      const segments = list.flatMap((bytes) =>
        segmentsOf([Buffer.from(bytes)], WRITTEN.monotonicMs - ageMs, formatOf(bytes)),
      );
      const entry = entryOf(segments, 7, 'ab12cd34');
      const file = Buffer.concat(encodeBatch(segments, WRITTEN));
      expect(file.length).toBe(entry.bytes);
      const back = decoded(file, entry, WRITTEN);
      expect(back.map(({ format }) => format)).toEqual(segments.map(({ format }) => format));
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

test('reads a file of the first form, with its age by the wall clock, as segment documents', () => {
  const file = oldFile('XRAYD-1\n', Buffer.alloc(0), WRITTEN.wallMs - 5_000, '{"id":"a"}');
  const entry = parseName(`1800000000000-000000-1-${file.length}-ab12cd34.batch`) as SpoolEntry;
  const back = decoded(file, entry, { ...WRITTEN, wallMs: WRITTEN.wallMs + 60_000 });
  expect(textsOf(back)).toEqual(['{"id":"a"}']);
  expect(back[0]).toMatchObject({ format: 'xray', arrivedAtMs: WRITTEN.monotonicMs - 65_000 });
});

test('reads a file of the second form, with its exact age, as segment documents', () => {
  const header = Buffer.alloc(16 + BOOT_ID_BYTES);
  header.writeDoubleLE(WRITTEN.wallMs);
  header.writeDoubleLE(WRITTEN.monotonicMs, 8);
  BOOT.copy(header, 16);
  const file = oldFile('XRAYD-2\n', header, 5_000, '{"id":"a"}');
  const entry = parseName(`1800000000000-000000-1-${file.length}-ab12cd34.batch`) as SpoolEntry;
  const back = decoded(file, entry, { ...WRITTEN, monotonicMs: WRITTEN.monotonicMs + 60_000 });
  expect(textsOf(back)).toEqual(['{"id":"a"}']);
  expect(back[0]).toMatchObject({ format: 'xray', arrivedAtMs: WRITTEN.monotonicMs - 5_000 });
});

test('says which format it does not know, instead of taking the documents for others', () => {
  const segments = segmentsOf(['a', 'b']);
  const entry = entryOf(segments, 0, '00000000');
  const file = withLastFormat(Buffer.concat(encodeBatch(segments, WRITTEN)), 2, 7);
  expect(decodeBatch(file, entry, WRITTEN)).toEqual({
    reason: 'it has documents of format 7, which this version does not know',
    remedy: 'A newer xrayd wrote it. Rename it back to .batch and run that version',
  });
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
  expect(textsOf(decoded(file, entry, WRITTEN))).toEqual(['{"id":"a"}', '', 'x'.repeat(40)]);
  for (let i = 0; i < file.length; i++) {
    const changed = Buffer.from(file);
    changed[i] = changed[i]! ^ 0x10;
    expect(decodeBatch(changed, entry, WRITTEN), `byte ${i} changed`).toEqual(DAMAGED);
    expect(decodeBatch(file.subarray(0, i), entry, WRITTEN), `cut at ${i}`).toEqual(DAMAGED);
    expect(
      decodeBatch(file.subarray(0, i), { ...entry, bytes: i }, WRITTEN),
      `cut at ${i}, and the name knows`,
    ).toEqual(DAMAGED);
  }
  expect(decodeBatch(Buffer.concat([file, Buffer.of(0)]), entry, WRITTEN)).toEqual(DAMAGED);
  expect(decodeBatch(file, { ...entry, segments: 2 }, WRITTEN)).toEqual(DAMAGED);
});

test.each([
  ['1732394780123-000000-50-56700-ab12cd34.batch', { segments: 50, bytes: 56_700, diskBytes: 57_344 }],
  ['1732394780123-1234567-1-99-ab12cd34.batch', { segments: 1, bytes: 99, diskBytes: 4_096 }],
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
