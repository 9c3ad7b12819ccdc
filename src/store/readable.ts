import { valuesInText } from '../json/json-shape.ts';

export interface ReadableLimits {
  readonly maxTraceBytes: number;
  readonly maxTraceValues: number;
}

/**
 * The documents of a trace, of `bytes` together, that may be parsed. A trace with more gets `LimitExceeded`, as in AWS.
 */
export function readable<T extends { readonly body: string }>(
  documents: Iterable<T>,
  bytes: number,
  { maxTraceBytes, maxTraceValues }: ReadableLimits,
): readonly T[] {
  // A text never has more values than bytes.
  if (bytes < Math.min(maxTraceBytes, maxTraceValues)) return [...documents];
  let valuesLeft = maxTraceValues;
  let bytesLeft = maxTraceBytes;
  const read: T[] = [];
  for (const document of documents) {
    const { body } = document;
    bytesLeft -= body.length;
    valuesLeft -= valuesInText(body, { maxDepth: Infinity, maxValues: valuesLeft });
    // The first document always fits: a single document is never larger than a request body.
    if (valuesLeft < 0 || (bytesLeft < 0 && read.length > 0)) break;
    read.push(document);
  }
  return read;
}

/** Values of documents that are parsed at a time: each takes up to 100 bytes, and a body may have 100 times as many. */
const VALUES_TOGETHER = 20_000;
/** Shorter documents are not counted: most documents are shorter, and 50 of them have little more values than that. */
const UNCOUNTED_LENGTH = 1_500;
const COUNTED = { maxDepth: Infinity, maxValues: 100_000 };

/** Counts the values of documents that are about to be parsed. */
export class ParsedValues {
  #together = 0;
  #sinceTaken = 0;

  /** False when `body` has too many values to be parsed beside those before it, which must be let go first. */
  add(body: string): boolean {
    const values = body.length > UNCOUNTED_LENGTH ? valuesInText(body, COUNTED) : 0;
    const fits = this.#together + values <= VALUES_TOGETHER;
    this.#together = fits ? this.#together + values : values;
    this.#sinceTaken += values;
    return fits;
  }

  /** The number of values since the last call. */
  take(): number {
    const values = this.#sinceTaken;
    this.#sinceTaken = 0;
    return values;
  }
}
