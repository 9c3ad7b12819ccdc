import { dropMessage, type Accounting, type DropReason } from '../pipeline/accounting.ts';
import { messageOf } from '../pipeline/errors.ts';
import type { Exporter, ExportResult } from '../pipeline/exporter.ts';
import type { Logger } from '../pipeline/logger.ts';
import { byteLengthOf, type OnSettled, type Segment } from '../pipeline/segment.ts';
import { DELIVERED, settle } from './tickets.ts';
import type { Outcome } from './outcome.ts';
import type { ConcurrencyLimiter } from './concurrency-limiter.ts';
import { totalCostOf } from './segment-queue.ts';
import { totalWireBytesOf } from './wire-bytes.ts';

export interface SenderDeps {
  readonly exporter: Exporter;
  readonly accounting: Accounting;
  readonly log: Logger;
  readonly limiter: ConcurrencyLimiter;
  readonly now: () => number;
  /** Called when the destination answers again after an outage. */
  readonly onRecovered: () => void;
}

/**
 * Makes the exporter's calls, counts segments in flight and their outcome, and reports each result to the concurrency
 * limiter.
 */
export class Sender {
  readonly #deps: SenderDeps;
  readonly #abort = new AbortController();
  #segments = 0;
  #bytes = 0;
  #bodyBytes = 0;

  constructor(deps: SenderDeps) {
    this.#deps = deps;
  }

  /** Segments in flight, and their cost in memory. */
  get segments(): number {
    return this.#segments;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Total size of the bodies of running calls. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  get isAborted(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Ends running calls and all later ones as `retry`. */
  abort(): void {
    this.#abort.abort();
  }

  /** Makes one call. Its segments are in flight until `settled`. Never rejects. */
  async call(segments: readonly Segment[], isDraining: boolean): Promise<ExportResult> {
    const { exporter, log, limiter, now, onRecovered } = this.#deps;
    this.#segments += segments.length;
    this.#bytes += totalCostOf(segments);
    const bodyBytes = totalWireBytesOf(segments);
    this.#bodyBytes += bodyBytes;
    let result: ExportResult = { kind: 'retry', code: 'aborted' };
    const startedMs = now();
    try {
      if (!this.isAborted) result = await exporter.export(segments, this.#abort.signal);
    } catch (error) {
      // The contract makes this a bug of the exporter. The documents are not at fault, so they are kept.
      log.limited('exporter_bug', 'error', { error: messageOf(error) }, 'the exporter failed; please report this');
      result = { kind: 'retry', code: 'internal' };
    }
    this.#bodyBytes -= bodyBytes;
    if (
      result.kind === 'sent' ||
      result.kind === 'partial' ||
      (result.kind === 'rejected' && result.by === undefined)
    ) {
      const wasOutage = limiter.isOutage;
      limiter.answered(now());
      if (wasOutage) onRecovered();
    } else if (!this.isAborted && (result.kind === 'retry' || segments.length === 1)) {
      // If a gateway refuses a batch for its size, its halves may pass: not a failure yet.
      const afterMs = result.kind === 'retry' ? result.afterMs : undefined;
      limiter.failed({ code: result.code, afterMs, startedMs, nowMs: now(), isDraining });
    }
    return result;
  }

  /** The segments are no longer in flight. Call it in the same turn in which they are counted elsewhere. */
  settled(segments: readonly Segment[]): void {
    this.#segments -= segments.length;
    this.#bytes -= totalCostOf(segments);
  }

  count({ delivered, refused, throttled, halves }: Outcome): void {
    const { accounting, log } = this.#deps;
    accounting.sent += delivered.length;
    settle(delivered, DELIVERED);
    for (const { segment, code, rejectedAs, id = null, message = '' } of refused) {
      settle([segment], { kind: 'refused', code, id, message });
      if (rejectedAs !== undefined) {
        accounting.rejected[rejectedAs]++;
        continue;
      }
      const label = accounting.countUnprocessed(code);
      log.limited(
        `unprocessed_${label}`,
        'error',
        { code: label, bytes: byteLengthOf(segment) },
        'a segment was refused and will not be retried',
      );
    }
    accounting.retried += throttled.length;
    if (halves === undefined) return;
    const segments = halves.reduce((sum, half) => sum + half.length, 0);
    accounting.retried += segments;
    log.limited('bisect', 'warn', { segments }, 'a batch was refused; it is split to find the document at fault');
  }

  /** Counts documents of a format that the exporter does not accept. */
  refuseFormat(documents: number, onSettled: OnSettled = () => {}): void {
    const { accounting } = this.#deps;
    for (let position = 0; position < documents; position++) {
      onSettled(position, { kind: 'refused', code: accounting.countUnprocessed('UnsupportedFormat') });
    }
  }

  drop(segments: number, reason: DropReason): void {
    if (segments === 0) return;
    const { accounting, log } = this.#deps;
    accounting.dropped[reason] += segments;
    log.limited(`dropped_${reason}`, 'error', { reason, segments }, dropMessage(reason));
  }
}
