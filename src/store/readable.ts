import { valuesInText } from '../json/json-shape.ts';

export interface ReadableLimits {
  readonly maxTraceBytes: number;
  readonly maxTraceValues: number;
}

/** Of the documents of a trace, of `bytes`, those that may be parsed. A trace with more says `LimitExceeded`, as AWS says it of one that has more than it shows. */
export function readable(bodies: Iterable<string>, bytes: number, { maxTraceBytes, maxTraceValues }: ReadableLimits): readonly string[] {
  // No text has more values than bytes.
  if (bytes < Math.min(maxTraceBytes, maxTraceValues)) return [...bodies];
  let values = maxTraceValues;
  let room = maxTraceBytes;
  const read: string[] = [];
  for (const body of bodies) {
    room -= body.length;
    values -= valuesInText(body, { maxDepth: Infinity, maxValues: values });
    // One document alone is no larger than a body may be.
    if (values < 0 || (room < 0 && read.length > 0)) break;
    read.push(body);
  }
  return read;
}
