import { isUtf8 } from 'node:buffer';
import type { Segment } from '../pipeline/segment.ts';

/** A control character as JSON escapes it: \u0001. */
const ESCAPE_BYTES = 6;
/** U+FFFD in UTF-8, for a byte that is none. */
const REPLACEMENT_BYTES = 3;
/** Shorter ones are not looked at: fifty of them, six times as long, are a batch of the usual size. */
const SHORT_BYTES = 1_700;

/**
 * About how long a document is in the body of a call, where it is a JSON string: never much less than it is, and as long as itself when it has no
 * control characters and is UTF-8, as documents are. One of control characters grows six times.
 */
export function wireBytesOf({ chunk, start, end }: Pick<Segment, 'chunk' | 'start' | 'end'>): number {
  const length = end - start;
  if (length <= SHORT_BYTES) return length;
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
