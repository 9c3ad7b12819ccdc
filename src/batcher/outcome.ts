import type { ExportResult } from '../pipeline/exporter.ts';
import type { Segment } from '../pipeline/segment.ts';

/** What an answer of X-Ray means for each segment of its batch. */
export interface Outcome {
  readonly sent: number;
  /** Refused for good. */
  readonly refused: readonly { readonly segment: Segment; readonly code: string }[];
  /** To be sent again, each list in a call of its own. */
  readonly again: readonly (readonly Segment[])[];
  /** `again` is there because X-Ray asked for time, not to find which document it refused. */
  readonly isThrottled: boolean;
}

/**
 * Pure. `isExpired` ends the retries of a throttled document.
 * One poison document must not take 49 others along: of a refused batch the halves go apart until it stands alone.
 */
export function outcomeOf(
  segments: readonly Segment[],
  result: Exclude<ExportResult, { kind: 'retry' }>,
  isExpired: (segment: Segment) => boolean,
): Outcome {
  if (result.kind === 'sent') return { sent: segments.length, refused: [], again: [], isThrottled: false };
  if (result.kind === 'partial') {
    const isAgain = ({ position, isRetryable }: (typeof result.refused)[number]) => isRetryable && !isExpired(segments[position]!);
    const again = result.refused.filter(isAgain).map(({ position }) => segments[position]!);
    const refused = result.refused.filter((one) => !isAgain(one)).map(({ position, code }) => ({ segment: segments[position]!, code }));
    return { sent: segments.length - result.refused.length, refused, again: again.length > 0 ? [again] : [], isThrottled: true };
  }
  if (segments.length === 1) return { sent: 0, refused: [{ segment: segments[0]!, code: result.code }], again: [], isThrottled: false };
  const middle = Math.ceil(segments.length / 2);
  return { sent: 0, refused: [], again: [segments.slice(0, middle), segments.slice(middle)], isThrottled: false };
}
