/** A span as one of several documents has it. */
export interface SpanVersion {
  readonly isInProgress: boolean;
  /** Position of the document among those of the trace, in order of arrival. */
  readonly arrival: number;
}

/**
 * Whether another version of a span replaces the present one: a completed version replaces one in progress, and of two
 * that are alike, the first to arrive counts, embedded or not.
 * Source: recorded answers of X-Ray.
 */
export function replaces(other: SpanVersion, present: SpanVersion): boolean {
  if (other.isInProgress !== present.isInProgress) return present.isInProgress;
  return other.arrival < present.arrival;
}
