import { isUtf8 } from 'node:buffer';
import type { Batch } from '../pipeline/segment.ts';

/**
 * The body of PutTraceSegments, in parts: each document as one JSON string. The parts are binary strings, one character
 * per byte of UTF-8:
 * JSON only escapes ASCII characters, so nothing has to be decoded (docs/performance.md).
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

/**
 * The bytes as UTF-8. compat: each invalid byte becomes one U+FFFD, as in Go's JSON encoder; Node's decoder replaces
 * several bytes with one.
 */
function wellFormed(bytes: Buffer): Buffer {
  return isUtf8(bytes) ? bytes : lossy(bytes);
}

/** Replaces bytes in a buffer: for 64 KB of invalid bytes, string concatenation would take 2 MB. */
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
  const length =
    lead < 0x80
      ? 1
      : lead >= 0xc2 && lead < 0xe0
        ? 2
        : lead >= 0xe0 && lead < 0xf0
          ? 3
          : lead >= 0xf0 && lead < 0xf5
            ? 4
            : 0;
  if (length < 2) return length;
  return at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}
