import { wallTimeOf } from '../../pipeline/clock.ts';
import { byteLengthOf, DOCUMENT_FORMATS, type Segment } from '../../pipeline/segment.ts';
import { BOOT_ID_BYTES, elapsedMs, type Moment } from './moment.ts';

/** Loaded at the first use: most daemons have no spool, and node:zlib is slow to load. */
function crc32(bytes: Uint8Array, sum = 0): number {
  return process.getBuiltinModule('node:zlib').crc32(bytes, sum);
}

/**
 * A spool file is one batch:
 * 8 bytes "XRAYD-3\n", then little-endian: u32 CRC-32 of everything after it, u32 number of documents n,
 * the time of writing (f64 ms since the epoch, f64 ms of the monotonic clock, 16 bytes that identify the boot from
 * which that clock counts), n × (f64 age in ms at the time of writing, u32 length in bytes, u8 format as its place in
 * DOCUMENT_FORMATS), the documents one after the other.
 * Two earlier forms can still be read; their documents are segment documents. "XRAYD-2\n" has no formats. "XRAYD-1\n"
 * has no time of writing either, and the arrival in ms since the epoch in place of the age.
 */
const MAGIC_BYTES = 8;
/** Magic, checksum, number of documents. */
const START_BYTES = MAGIC_BYTES + 8;
const TIME_BYTES = 16 + BOOT_ID_BYTES;
/** Age and length. */
const PLAIN_ROW_BYTES = 12;

interface Form {
  readonly magic: Buffer;
  readonly hasTime: boolean;
  readonly hasFormats: boolean;
  readonly headerBytes: number;
  readonly rowBytes: number;
}

function formOf(magic: string, { hasTime, hasFormats }: Pick<Form, 'hasTime' | 'hasFormats'>): Form {
  return {
    magic: Buffer.from(magic, 'latin1'),
    hasTime,
    hasFormats,
    headerBytes: START_BYTES + (hasTime ? TIME_BYTES : 0),
    rowBytes: PLAIN_ROW_BYTES + (hasFormats ? 1 : 0),
  };
}

/** The form in which files are written. */
const CURRENT = formOf('XRAYD-3\n', { hasTime: true, hasFormats: true });
const FORMS = [
  CURRENT,
  formOf('XRAYD-2\n', { hasTime: true, hasFormats: false }),
  formOf('XRAYD-1\n', { hasTime: false, hasFormats: false }),
];
const { headerBytes: HEADER_BYTES, rowBytes: ROW_BYTES } = CURRENT;
/** Maximum number of documents in a file, the size of a batch. A file that claims more was not written by xrayd. */
const MAX_SEGMENTS = 50;
/** The largest time that the 13 digits of a name can hold, in the year 2286: the clock may be set to anything. */
const MAX_NAME_MS = 9_999_999_999_999;

/** The facts in a file's name, so that the start need not open the file. */
export interface SpoolEntry {
  readonly name: string;
  readonly segments: number;
  readonly bytes: number;
  /** What the file takes of the disk: whole blocks. */
  readonly diskBytes: number;
}

/** The block of ext4, xfs, btrfs and tmpfs. A file with one document takes several times its own size. */
const BLOCK_BYTES = 4096;

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
    ...sizesOf(bytes),
  };
}

export function parseName(name: string): SpoolEntry | 'unfinished' | 'foreign' {
  const match = NAME.exec(name);
  if (match === null) return UNFINISHED.test(name) ? 'unfinished' : 'foreign';
  const segments = Number(match[1]);
  return segments >= 1 && segments <= MAX_SEGMENTS ? { name, segments, ...sizesOf(Number(match[2])) } : 'foreign';
}

function sizesOf(bytes: number): Pick<SpoolEntry, 'bytes' | 'diskBytes'> {
  return { bytes, diskBytes: Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES };
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
    head.writeUInt8(DOCUMENT_FORMATS.indexOf(segment.format), row + PLAIN_ROW_BYTES);
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
  CURRENT.magic.copy(head);
  head.writeUInt32LE(segments.length, MAGIC_BYTES + 4);
  head.writeDoubleLE(now.wallMs, START_BYTES);
  head.writeDoubleLE(now.monotonicMs, START_BYTES + 8);
  now.bootId.copy(head, START_BYTES + 16);
  let sum = crc32(head.subarray(MAGIC_BYTES + 4));
  for (const part of documents) sum = crc32(part, sum);
  head.writeUInt32LE(sum, MAGIC_BYTES);
  return [head, ...documents];
}

/** Why a file cannot be used, and what to do if the disk is not to blame. */
export interface BatchProblem {
  readonly reason: string;
  readonly remedy?: string;
}

const DAMAGED: BatchProblem = { reason: 'its checksum is wrong' };

/** The segments of a file read at `now`, which share its memory. */
export function decodeBatch(file: Buffer, entry: SpoolEntry, now: Moment): Segment[] | BatchProblem {
  const form = FORMS.find(({ magic }) => file.subarray(0, MAGIC_BYTES).equals(magic));
  if (form === undefined || file.length !== entry.bytes || file.length < form.headerBytes) return DAMAGED;
  if (crc32(file.subarray(MAGIC_BYTES + 4)) !== file.readUInt32LE(MAGIC_BYTES)) return DAMAGED;
  const { headerBytes, rowBytes, hasTime, hasFormats } = form;
  const count = file.readUInt32LE(MAGIC_BYTES + 4);
  if (count !== entry.segments || file.length < headerBytes + count * rowBytes) return DAMAGED;
  const sinceWrittenMs = hasTime ? elapsedMs(writtenAt(file), now) : 0;
  const segments: Segment[] = [];
  let start = headerBytes + count * rowBytes;
  for (let i = 0; i < count; i++) {
    const row = headerBytes + i * rowBytes;
    const end = start + file.readUInt32LE(row + 8);
    if (end > file.length) return DAMAGED;
    const time = file.readDoubleLE(row);
    const ageMs = hasTime ? time + sinceWrittenMs : Math.max(0, now.wallMs - time);
    const number = hasFormats ? file.readUInt8(row + PLAIN_ROW_BYTES) : DOCUMENT_FORMATS.indexOf('xray');
    const format = DOCUMENT_FORMATS[number];
    if (format === undefined) return unknownFormat(number);
    segments.push({ chunk: file, start, end, arrivedAtMs: now.monotonicMs - ageMs, format });
    start = end;
  }
  return start === file.length ? segments : DAMAGED;
}

function unknownFormat(number: number): BatchProblem {
  return {
    reason: `it has documents of format ${number}, which this version does not know`,
    remedy: 'A newer xrayd wrote it. Rename it back to .batch and run that version',
  };
}

function writtenAt(file: Buffer): Moment {
  const at = START_BYTES;
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
