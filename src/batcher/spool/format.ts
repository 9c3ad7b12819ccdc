import { crc32 } from 'node:zlib';
import { wallTimeOf } from '../../pipeline/clock.ts';
import { byteLengthOf, type Segment } from '../../pipeline/segment.ts';
import { BOOT_ID_BYTES, elapsedMs, type Moment } from './moment.ts';

/**
 * A spool file is one batch:
 * 8 bytes "XRAYD-2\n", then little-endian: u32 CRC-32 of everything after it, u32 number of documents n,
 * the time of writing (f64 ms since the epoch, f64 ms of the monotonic clock, 16 bytes that identify the boot from
 * which that clock counts), n × (f64 age in ms at the time of writing, u32 length in bytes), the documents one after
 * the other.
 * "XRAYD-1\n" can still be read: it has no time of writing, and the arrival in ms since the epoch in place of the age.
 */
const MAGIC = Buffer.from('XRAYD-2\n', 'latin1');
const OLD_MAGIC = Buffer.from('XRAYD-1\n', 'latin1');
const OLD_HEADER_BYTES = MAGIC.length + 8;
const HEADER_BYTES = OLD_HEADER_BYTES + 16 + BOOT_ID_BYTES;
/** Maximum number of documents in a file, the size of a batch. A file that claims more was not written by xrayd. */
const MAX_SEGMENTS = 50;
/** The largest time that the 13 digits of a name can hold, in the year 2286: the clock may be set to anything. */
const MAX_NAME_MS = 9_999_999_999_999;
const ROW_BYTES = 12;

/** The facts in a file's name, so that the start need not open the file. */
export interface SpoolEntry {
  readonly name: string;
  readonly segments: number;
  readonly bytes: number;
}

const NAME = /^\d{13}-\d{6,}-(\d{1,2})-(\d{1,9})-[0-9a-f]{8}\.batch$/;
/** A file that was being written when its daemon ended: none of its segments counts as written. */
const UNFINISHED = /^\d{13}-.{1,60}\.batch\.part$/;

/** Names sort by the arrival of the first segment; `owner` distinguishes daemons. */
export function entryOf(segments: readonly Segment[], sequence: number, owner: string): SpoolEntry {
  const bytes = sizeOf(segments);
  const time = String(Math.min(MAX_NAME_MS, Math.max(0, Math.floor(wallTimeOf(segments[0]!.arrivedAtMs))))).padStart(
    13,
    '0',
  );
  return {
    name: `${time}-${String(sequence).padStart(6, '0')}-${segments.length}-${bytes}-${owner}.batch`,
    segments: segments.length,
    bytes,
  };
}

export function parseName(name: string): SpoolEntry | 'unfinished' | 'foreign' {
  const match = NAME.exec(name);
  if (match === null) return UNFINISHED.test(name) ? 'unfinished' : 'foreign';
  const segments = Number(match[1]);
  return segments >= 1 && segments <= MAX_SEGMENTS ? { name, segments, bytes: Number(match[2]) } : 'foreign';
}

/**
 * The parts of a file that is written at `now`. Does not copy the documents: their memory must not be reused until all
 * parts are written.
 */
export function encodeBatch(segments: readonly Segment[], now: Moment): Buffer[] {
  const head = Buffer.allocUnsafe(HEADER_BYTES + segments.length * ROW_BYTES);
  const documents: Buffer[] = [];
  let row = HEADER_BYTES;
  let [chunk, start, end] = [segments[0]!.chunk, 0, 0];
  for (const segment of segments) {
    head.writeDoubleLE(now.monotonicMs - segment.arrivedAtMs, row);
    head.writeUInt32LE(byteLengthOf(segment), row + 8);
    row += ROW_BYTES;
    // Most documents are adjacent.
    if (segment.chunk === chunk && segment.start === end) {
      end = segment.end;
      continue;
    }
    if (end > start) documents.push(chunk.subarray(start, end));
    ({ chunk, start, end } = segment);
  }
  if (end > start) documents.push(chunk.subarray(start, end));
  MAGIC.copy(head);
  head.writeUInt32LE(segments.length, MAGIC.length + 4);
  head.writeDoubleLE(now.wallMs, OLD_HEADER_BYTES);
  head.writeDoubleLE(now.monotonicMs, OLD_HEADER_BYTES + 8);
  now.bootId.copy(head, OLD_HEADER_BYTES + 16);
  let sum = crc32(head.subarray(MAGIC.length + 4));
  for (const part of documents) sum = crc32(part, sum);
  head.writeUInt32LE(sum, MAGIC.length);
  return [head, ...documents];
}

/**
 * The segments of a file read at `now`, which share its memory; undefined if the file contradicts its name or is
 * damaged.
 */
export function decodeBatch(file: Buffer, entry: SpoolEntry, now: Moment): Segment[] | undefined {
  const isOld = file.subarray(0, MAGIC.length).equals(OLD_MAGIC);
  const headerBytes = isOld ? OLD_HEADER_BYTES : HEADER_BYTES;
  if (
    file.length !== entry.bytes ||
    file.length < headerBytes ||
    !(isOld || file.subarray(0, MAGIC.length).equals(MAGIC))
  )
    return undefined;
  if (crc32(file.subarray(MAGIC.length + 4)) !== file.readUInt32LE(MAGIC.length)) return undefined;
  const count = file.readUInt32LE(MAGIC.length + 4);
  if (count !== entry.segments || file.length < headerBytes + count * ROW_BYTES) return undefined;
  const sinceWrittenMs = isOld ? 0 : elapsedMs(writtenAt(file), now);
  const segments: Segment[] = [];
  let start = headerBytes + count * ROW_BYTES;
  for (let i = 0; i < count; i++) {
    const row = headerBytes + i * ROW_BYTES;
    const end = start + file.readUInt32LE(row + 8);
    if (end > file.length) return undefined;
    const time = file.readDoubleLE(row);
    const ageMs = isOld ? Math.max(0, now.wallMs - time) : time + sinceWrittenMs;
    segments.push({ chunk: file, start, end, arrivedAtMs: now.monotonicMs - ageMs });
    start = end;
  }
  return start === file.length ? segments : undefined;
}

function writtenAt(file: Buffer): Moment {
  const at = OLD_HEADER_BYTES;
  return {
    wallMs: file.readDoubleLE(at),
    monotonicMs: file.readDoubleLE(at + 8),
    bootId: file.subarray(at + 16, at + 16 + BOOT_ID_BYTES),
  };
}

function sizeOf(segments: readonly Segment[]): number {
  let bytes = HEADER_BYTES + segments.length * ROW_BYTES;
  for (const segment of segments) bytes += byteLengthOf(segment);
  return bytes;
}
