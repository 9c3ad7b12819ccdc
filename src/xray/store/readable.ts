import { valuesInText } from '../../pipeline/json-shape.ts';

/**
 * Of an answer's bytes, what each value of the documents of one trace (as `valuesInText` counts them) is charged: a trace of 8 MB that was all
 * empty lists took 300 MB to read.
 */
const BYTES_A_VALUE = 10;

/** Of the documents of a trace, of `bytes`, those that may be parsed. A trace with more says `LimitExceeded`, as AWS says it of one that has more than it shows. */
export function readable(bodies: readonly string[], bytes: number, maxAnswerBytes: number): readonly string[] {
  let room = maxAnswerBytes / BYTES_A_VALUE;
  // No text has more values than bytes.
  if (bytes < room) return bodies;
  const firstTooMany = bodies.findIndex((body) => {
    room -= valuesInText(body, { maxDepth: Infinity, maxValues: room });
    return room < 0;
  });
  return firstTooMany < 0 ? bodies : bodies.slice(0, firstTooMany);
}
