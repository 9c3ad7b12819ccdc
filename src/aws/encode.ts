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
  return isUtf8(bytes) ? bytes : Buffer.from(lossyText(bytes));
}

function lossyText(bytes: Buffer): string {
  let text = '';
  for (let i = 0; i < bytes.length;) {
    const length = sequenceLength(bytes, i);
    text += length === 0 ? '\ufffd' : bytes.toString('utf8', i, i + length);
    i += length || 1;
  }
  return text;
}

/** Length of the valid UTF-8 sequence at `at`, or 0. */
function sequenceLength(bytes: Buffer, at: number): number {
  const lead = bytes[at]!;
  const length = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
  return length > 0 && at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}
