import type { Readable } from 'node:stream';

/**
 * Each chunk of a body costs some microseconds, and an encoding may make every byte a chunk. An Ethernet frame has 1,460
 * bytes; the first chunks may be as small as they like.
 */
const MIN_BYTES = 128;
const FREE = 1_000;
/** Small chunks that a turn of the event loop has time for, beyond the first few of each body. */
const FREE_OF_A_TURN = 20_000;
const FIRST = 100;

/** Whether a body of `chunks` chunks has too few bytes. */
export function hasTooManyChunks(chunks: number, bytes: number): boolean {
  return chunks > FREE + bytes / MIN_BYTES;
}

let ofThisTurn = 0;

/**
 * Calls `cut` when a body has far too many small chunks, or the bodies of all clients have more of them than a turn of
 * the event loop has time for, and drops the rest of the body. One read of a socket holds ten thousand chunks; parsers
 * hand all of them over before whoever reads the body sees the first.
 */
export function limitChunks(body: Readable, cut: () => void): void {
  const push = body.push.bind(body);
  let [chunks, bytes, isCut] = [0, 0, false];
  body.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (isCut) return false;
    if (!(chunk instanceof Uint8Array)) return push(chunk, encoding);
    chunks++;
    bytes += chunk.length;
    // At twice as many as a reader accepts: until then it answers 413.
    const isSpent = chunk.length < MIN_BYTES && isTurnSpent() && chunks > FIRST;
    if (!isSpent && !hasTooManyChunks(chunks / 2, bytes)) return push(chunk, encoding);
    isCut = true;
    cut();
    return false;
  };
}

/** Counts a small chunk. */
function isTurnSpent(): boolean {
  if (ofThisTurn === 0) setImmediate(() => (ofThisTurn = 0));
  return ++ofThisTurn > FREE_OF_A_TURN;
}
