import { isUtf8 } from 'node:buffer';
import type { Segment } from '../pipeline/segment.ts';

/** The JSON escape of a control character: \u0001. */
const ESCAPE_BYTES = 6;
/** U+FFFD in UTF-8, for an invalid byte. */
const REPLACEMENT_BYTES = 3;
/** Shorter documents are not examined: fifty of them, even at six times their size, make a batch of the usual size. */
const SHORT_BYTES = 1_700;

/**
 * Estimates the size of a document in the body of a call; never much too small. A segment document becomes a JSON
 * string: that equals the document's length if the document is UTF-8 without control characters, as documents normally
 * are. A document of control characters grows six times. Binary formats stay as they are.
 */
export function wireBytesOf({
  chunk,
  start,
  end,
  format,
}: Pick<Segment, 'chunk' | 'start' | 'end' | 'format'>): number {
  const length = end - start;
  if (length <= SHORT_BYTES || format !== 'xray') return length;
  let controls = 0;
  for (let i = start; i < end; i++) if (chunk[i]! < 0x20) controls++;
  const growth = isUtf8(chunk.subarray(start, end)) ? 1 : REPLACEMENT_BYTES;
  return (length - controls) * growth + controls * ESCAPE_BYTES;
}

export function totalWireBytesOf(segments: readonly Segment[]): number {
  let bytes = 0;
  for (const segment of segments) bytes += wireBytesOf(segment);
  return bytes;
}
