import type { ExportResult, RefusedDocument } from '../pipeline/exporter.ts';
import type { Segment } from '../pipeline/segment.ts';

export interface RefusedSegment extends Pick<RefusedDocument, 'code' | 'rejectedAs' | 'id' | 'message'> {
  readonly segment: Segment;
}

/** What a result means for each segment of its batch. */
export interface Outcome {
  readonly delivered: readonly Segment[];
  /** Refused permanently. */
  readonly refused: readonly RefusedSegment[];
  /** Throttled by the destination: to be retried. */
  readonly throttled: readonly Segment[];
  /** To be sent separately, to find the document that caused the refusal of the batch. */
  readonly halves?: readonly (readonly Segment[])[];
}

type Rejected = Extract<ExportResult, { kind: 'rejected' }>;

/**
 * Whether a gateway refused a batch of one document and the destination has not answered any call since the first
 * refusal. Then the connection may be at fault and not the document, so the document is kept.
 */
export function isUnproven(
  segments: readonly Segment[],
  result: ExportResult,
  refusedAtMs: number,
  answeredAtMs: number,
): result is Rejected {
  return result.kind === 'rejected' && result.by === 'gateway' && segments.length === 1 && answeredAtMs <= refusedAtMs;
}

/**
 * Pure. A throttled document that `isExpired` is not retried.
 * One bad document must not cost the other documents of its batch: a refused batch is bisected until the bad document
 * is isolated.
 */
export function outcomeOf(
  segments: readonly Segment[],
  result: Exclude<ExportResult, { kind: 'retry' }>,
  isExpired: (segment: Segment) => boolean,
): Outcome {
  if (result.kind === 'sent') return { delivered: segments, refused: [], throttled: [] };
  if (result.kind === 'partial') {
    const isAgain = ({ position, isRetryable }: (typeof result.refused)[number]) =>
      isRetryable && !isExpired(segments[position]!);
    const throttled = result.refused.filter(isAgain).map(({ position }) => segments[position]!);
    const refused = result.refused
      .filter((one) => !isAgain(one))
      .map(({ position, ...refusal }) => ({ segment: segments[position]!, ...refusal }));
    const others = new Set(result.refused.map(({ position }) => position));
    return { delivered: segments.filter((_, position) => !others.has(position)), refused, throttled };
  }
  if (segments.length === 1)
    return { delivered: [], refused: [{ segment: segments[0]!, code: result.code }], throttled: [] };
  const middle = Math.ceil(segments.length / 2);
  return { delivered: [], refused: [], throttled: [], halves: [segments.slice(0, middle), segments.slice(middle)] };
}
