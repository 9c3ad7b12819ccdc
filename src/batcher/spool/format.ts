import { crc32 } from 'node:zlib';
import { byteLengthOf, MAX_BATCH_SEGMENTS, type Segment } from '../../pipeline/segment.ts';

/**
 * A spool file is one batch:
 * 8 bytes "XRAYD-1\n", then little-endian: u32 CRC-32 of all that follows, u32 number of documents n,
 * n × (f64 arrival in ms since the epoch, u32 length in bytes), the documents one after the other.
 */
const MAGIC = Buffer.from('XRAYD-1\n', 'latin1');
const HEADER_BYTES = MAGIC.length + 8;
const ROW_BYTES = 12;

/** What a file's name says, so that a start need not open it. */
export interface SpoolEntry {
  readonly name: string;
  readonly segments: number;
  readonly bytes: number;
}

const NAME = /^\d{13}-\d{6,}-(\d{1,2})-(\d{1,9})-[0-9a-f]{8}\.batch$/;
/** Being written when its daemon ended: nothing in it was acknowledged. */
const UNFINISHED = /^\d{13}-.{1,60}\.batch\.part$/;

/** Names sort by the arrival of the first segment; `owner` keeps two daemons apart. */
export function entryOf(segments: readonly Segment[], sequence: number, owner: string): SpoolEntry {
  const bytes = sizeOf(segments);
  const time = String(Math.max(0, Math.floor(segments[0]!.arrivedAtMs))).padStart(13, '0');
  return { name: `${time}-${String(sequence).padStart(6, '0')}-${segments.length}-${bytes}-${owner}.batch`, segments: segments.length, bytes };
}

export function parseName(name: string): SpoolEntry | 'unfinished' | 'foreign' {
  const match = NAME.exec(name);
  if (match === null) return UNFINISHED.test(name) ? 'unfinished' : 'foreign';
  const segments = Number(match[1]);
  return segments >= 1 && segments <= MAX_BATCH_SEGMENTS ? { name, segments, bytes: Number(match[2]) } : 'foreign';
}

/** The parts of a file. The documents are not copied: they must stay where they are until all is written. */
export function encodeBatch(segments: readonly Segment[]): Buffer[] {
  const head = Buffer.allocUnsafe(HEADER_BYTES + segments.length * ROW_BYTES);
  const documents: Buffer[] = [];
  let row = HEADER_BYTES;
  let [chunk, start, end] = [segments[0]!.chunk, 0, 0];
  for (const segment of segments) {
    head.writeDoubleLE(segment.arrivedAtMs, row);
    head.writeUInt32LE(byteLengthOf(segment), row + 8);
    row += ROW_BYTES;
    // Most lie one after the other.
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
  let sum = crc32(head.subarray(MAGIC.length + 4));
  for (const part of documents) sum = crc32(part, sum);
  head.writeUInt32LE(sum, MAGIC.length);
  return [head, ...documents];
}

/** The segments of a file, which share its memory; undefined when it is not what its name says, or not what was written. */
export function decodeBatch(file: Buffer, entry: SpoolEntry): Segment[] | undefined {
  if (file.length !== entry.bytes || file.length < HEADER_BYTES || !file.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  if (crc32(file.subarray(MAGIC.length + 4)) !== file.readUInt32LE(MAGIC.length)) return undefined;
  const count = file.readUInt32LE(MAGIC.length + 4);
  if (count !== entry.segments || file.length < HEADER_BYTES + count * ROW_BYTES) return undefined;
  const segments: Segment[] = [];
  let start = HEADER_BYTES + count * ROW_BYTES;
  for (let i = 0; i < count; i++) {
    const row = HEADER_BYTES + i * ROW_BYTES;
    const end = start + file.readUInt32LE(row + 8);
    if (end > file.length) return undefined;
    segments.push({ chunk: file, start, end, arrivedAtMs: file.readDoubleLE(row) });
    start = end;
  }
  return start === file.length ? segments : undefined;
}

function sizeOf(segments: readonly Segment[]): number {
  let bytes = HEADER_BYTES + segments.length * ROW_BYTES;
  for (const segment of segments) bytes += byteLengthOf(segment);
  return bytes;
}
