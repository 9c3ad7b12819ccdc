import { valuesInText } from '../json/json-shape.ts';

export interface ReadableLimits {
  readonly maxTraceBytes: number;
  readonly maxTraceValues: number;
}

/** The documents of a trace, of `bytes` together, that may be parsed. A trace with more gets `LimitExceeded`, as in AWS. */
export function readable(bodies: Iterable<string>, bytes: number, { maxTraceBytes, maxTraceValues }: ReadableLimits): readonly string[] {
  // A text never has more values than bytes.
  if (bytes < Math.min(maxTraceBytes, maxTraceValues)) return [...bodies];
  let values = maxTraceValues;
  let room = maxTraceBytes;
  const read: string[] = [];
  for (const body of bodies) {
    room -= body.length;
    values -= valuesInText(body, { maxDepth: Infinity, maxValues: values });
    // The first document always fits: a single document is never larger than a request body.
    if (values < 0 || (room < 0 && read.length > 0)) break;
    read.push(body);
  }
  return read;
}
