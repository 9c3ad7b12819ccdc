import { isUtf8 } from 'node:buffer';
import type { Batch } from '../pipeline/segment.ts';

/**
 * The body of PutTraceSegments, in parts: each document as one JSON string. The parts are binary strings, a character for each byte of UTF-8:
 * what JSON escapes is ASCII, so nothing has to be decoded (docs/performance.md).
 */
export function bodyParts(batch: Batch): string[] {
  const parts = ['{"TraceSegmentDocuments":['];
  for (let i = 0; i < batch.length; i++) {
    const { chunk, start, end } = batch[i]!;
    if (i > 0) parts.push(',');
    parts.push(JSON.stringify(binaryText(chunk, start, end)));
  }
  parts.push(']}');
  return parts;
}

function binaryText(chunk: Buffer, start: number, end: number): string {
  return wellFormed(chunk.subarray(start, end)).toString('latin1');
}

/** A document as text. */
export function documentText(chunk: Buffer, start: number, end: number): string {
  return wellFormed(chunk.subarray(start, end)).toString('utf8');
}

/** The same as UTF-8. compat: each byte that is not UTF-8 becomes one U+FFFD, as Go's JSON encoder does; Node's decoder makes one of several. */
function wellFormed(bytes: Buffer): Buffer {
  return isUtf8(bytes) ? bytes : lossy(bytes);
}

/** Of 64 KB in which no byte is UTF-8 a text of joined characters is 2 MB. */
function lossy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafe(bytes.length * REPLACEMENT.length);
  let at = 0;
  for (let i = 0; i < bytes.length;) {
    const length = sequenceLength(bytes, i);
    if (length === 0) at += REPLACEMENT.copy(copy, at);
    else for (let k = 0; k < length; k++) copy[at++] = bytes[i + k]!;
    i += length || 1;
  }
  return copy.subarray(0, at);
}

const REPLACEMENT = Buffer.from('\ufffd');

/** Length of the valid UTF-8 sequence at `at`, or 0. */
function sequenceLength(bytes: Buffer, at: number): number {
  const lead = bytes[at]!;
  const length = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
  if (length < 2) return length;
  return at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}
