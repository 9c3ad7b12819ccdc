import type { RejectReason } from '../pipeline/accounting.ts';
import type { ExportResult } from '../pipeline/exporter.ts';
import type { Segment } from '../pipeline/segment.ts';

/** What an answer means for each segment of its batch. */
export interface Outcome {
  readonly sent: number;
  /** Refused for good. */
  readonly refused: readonly { readonly segment: Segment; readonly code: string; readonly rejectedAs?: RejectReason }[];
  /** The destination asked for time for these. */
  readonly throttled: readonly Segment[];
  /** To be sent apart, to find the document for which the batch was refused. */
  readonly halves?: readonly (readonly Segment[])[];
}

type Rejected = Extract<ExportResult, { kind: 'rejected' }>;

/**
 * Whether a gateway refused a document that stands alone, and the destination has answered nothing since the first time: then the way may be at fault and
 * not the document, which is kept.
 */
export function isUnproven(segments: readonly Segment[], result: ExportResult, refusedAtMs: number, answeredAtMs: number): result is Rejected {
  return result.kind === 'rejected' && result.by === 'gateway' && segments.length === 1 && answeredAtMs <= refusedAtMs;
}

/**
 * Pure. `isExpired` ends the retries of a throttled document.
 * One bad document must not take the others of its batch along: a refused batch is bisected until the bad document is isolated.
 */
export function outcomeOf(
  segments: readonly Segment[],
  result: Exclude<ExportResult, { kind: 'retry' }>,
  isExpired: (segment: Segment) => boolean,
): Outcome {
  if (result.kind === 'sent') return { sent: segments.length, refused: [], throttled: [] };
  if (result.kind === 'partial') {
    const isAgain = ({ position, isRetryable }: (typeof result.refused)[number]) => isRetryable && !isExpired(segments[position]!);
    const throttled = result.refused.filter(isAgain).map(({ position }) => segments[position]!);
    const refused = result.refused
      .filter((one) => !isAgain(one))
      .map(({ position, code, rejectedAs }) => ({
        segment: segments[position]!,
        code,
        ...(rejectedAs === undefined ? {} : { rejectedAs }),
      }));
    return { sent: segments.length - result.refused.length, refused, throttled };
  }
  if (segments.length === 1) return { sent: 0, refused: [{ segment: segments[0]!, code: result.code }], throttled: [] };
  const middle = Math.ceil(segments.length / 2);
  return { sent: 0, refused: [], throttled: [], halves: [segments.slice(0, middle), segments.slice(middle)] };
}
