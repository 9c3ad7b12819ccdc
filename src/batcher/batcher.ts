import type { Accounting, DropReason, SegmentStock } from '../pipeline/accounting.ts';
import type { Component, ComponentState } from '../pipeline/component.ts';
import { messageOf } from '../pipeline/errors.ts';
import type { Exporter, ExportResult, RefusedDocument } from '../pipeline/exporter.ts';
import type { Logger } from '../pipeline/logger.ts';
import { byteLengthOf, MAX_BATCH_SEGMENTS, type Mail, type Segment, type SegmentSink } from '../pipeline/segment.ts';
import type { DocumentSink } from './body-intake.ts';
import { nextDelay } from './backoff.ts';
import { Pace } from './pace.ts';
import { ReturnedBatches, type Attempt } from './returned-batches.ts';
import { SEGMENT_OVERHEAD_BYTES, SegmentQueue, totalCostOf } from './segment-queue.ts';

/** A batch of 50 × 64 KB takes 40 ms to encode; a megabyte keeps that stall below 10 ms. */
const MAX_BATCH_BYTES = 1024 * 1024;
/** A batch's own, so that one that always fails does not stand in the way of the others. */
const BATCH_BACKOFF = { baseMs: 250, capMs: 30_000 };

export interface BatcherConfig {
  readonly maxBytes: number;
  /** A segment waits no longer than this for others to share its call. */
  readonly maxAgeMs: number;
  readonly concurrency: number;
  readonly retryMaxAgeMs: number;
}

export interface BatcherDeps {
  readonly exporter: Exporter;
  readonly accounting: Accounting;
  readonly log: Logger;
  readonly now?: () => number;
  readonly random?: () => number;
}

/** Holds segments within one budget of bytes, makes batches of them, and sends each until it is delivered or lost for a named reason. */
export class Batcher implements Component, SegmentSink, SegmentStock, DocumentSink {
  readonly name = 'batcher';
  readonly #config: BatcherConfig;
  readonly #deps: Required<BatcherDeps>;
  readonly #waiting = new SegmentQueue();
  readonly #returned = new ReturnedBatches();
  readonly #abort = new AbortController();
  readonly #pace: Pace;
  #inFlightBytes = 0;
  #inFlightSegments = 0;
  #calls = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Infinity;
  #isDraining = false;
  #stopped: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(config: BatcherConfig, deps: BatcherDeps) {
    this.#config = config;
    this.#deps = { now: Date.now, random: Math.random, ...deps };
    this.#pace = new Pace(config.concurrency, this.#deps.random);
    deps.accounting.addStock(this);
  }

  get state(): ComponentState {
    if (this.#isDraining) return { name: this.name, state: 'stopping' };
    const { problem } = this.#pace;
    return problem === undefined ? { name: this.name, state: 'ok' } : { name: this.name, state: 'degraded', reason: problem };
  }

  get limitBytes(): number {
    return this.#config.maxBytes;
  }

  /** Calls that may run at one time now. */
  get concurrency(): number {
    return this.#pace.concurrency;
  }

  async start(): Promise<void> {}

  read(): ReturnType<SegmentStock['read']> {
    return { buffered: this.#waiting.length + this.#returned.segments, bufferedBytes: this.#heldBytes(), inFlight: this.#inFlightSegments };
  }

  push(mail: Mail): void {
    const chunk = Buffer.allocUnsafe(mail.bytes.length);
    chunk.set(mail.bytes);
    let start = 0;
    for (let i = 0; i < mail.count; i++) {
      const end = mail.ends[i]!;
      this.#waiting.push({ chunk, start, end, arrivedAtMs: mail.arrivedAtMs[i]! });
      start = end;
    }
    this.#dropOverflow();
    this.#pump();
  }

  offer(documents: readonly Uint8Array[]): 'accepted' | 'full' | 'stopping' {
    if (this.#isDraining) return 'stopping';
    let needed = 0;
    for (const document of documents) needed += document.length + SEGMENT_OVERHEAD_BYTES;
    if (this.#heldBytes() + needed > this.#config.maxBytes) return 'full';
    const arrivedAtMs = this.#deps.now();
    for (const document of documents) this.#waiting.push({ chunk: Buffer.from(document), start: 0, end: document.length, arrivedAtMs });
    this.#deps.accounting.received += documents.length;
    this.#pump();
    return 'accepted';
  }

  stop(deadline: AbortSignal): Promise<void> {
    this.#stopped ??= this.#drain(deadline);
    return this.#stopped;
  }

  async #drain(deadline: AbortSignal): Promise<void> {
    this.#isDraining = true;
    this.#pace.resume();
    this.#returned.makeDue();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    deadline.addEventListener('abort', () => resolve(), { once: true });
    this.#pump();
    if (!deadline.aborted) await promise;
    clearTimeout(this.#timer);
    const left = [...this.#waiting.take(Infinity, Infinity), ...this.#returned.takeAll()];
    this.#drop(left, 'shutdown');
    if (this.#calls === 0) return;
    const { promise: settled, resolve: resolveSettled } = Promise.withResolvers<void>();
    this.#onEmpty = resolveSettled;
    this.#abort.abort();
    await settled;
  }

  #heldBytes(): number {
    return this.#waiting.bytes + this.#returned.bytes + this.#inFlightBytes;
  }

  /** What has waited longest goes first; what is in flight cannot be dropped. */
  #dropOverflow(): void {
    const dropped: Segment[] = [];
    while (this.#heldBytes() > this.#config.maxBytes) {
      const oldest = this.#returned.shiftOldest() ?? this.#waiting.shift();
      if (oldest === undefined) break;
      dropped.push(oldest);
    }
    this.#drop(dropped, 'buffer_full');
  }

  /** Starts as many calls as may run now, and sets the timer for the next thing that becomes due. */
  #pump(): void {
    const nowMs = this.#deps.now();
    while (this.#calls < this.concurrency && nowMs >= this.#pace.pausedUntilMs) {
      const attempt = this.#returned.takeDue(nowMs) ?? this.#nextBatch(nowMs);
      if (attempt === undefined) break;
      void this.#send(attempt);
    }
    if (this.#isDraining && this.#calls === 0 && this.#waiting.length + this.#returned.segments === 0) this.#onEmpty?.();
    this.#setTimer(nowMs);
  }

  #nextBatch(nowMs: number): Attempt | undefined {
    const oldest = this.#waiting.oldest;
    if (oldest === undefined) return undefined;
    const isFull = this.#waiting.length >= MAX_BATCH_SEGMENTS || this.#waiting.bytes >= MAX_BATCH_BYTES;
    if (!isFull && !this.#isDraining && nowMs - oldest.arrivedAtMs < this.#config.maxAgeMs - 1) return undefined;
    return { segments: this.#waiting.take(MAX_BATCH_SEGMENTS, MAX_BATCH_BYTES), failures: 0 };
  }

  #setTimer(nowMs: number): void {
    // When every worker is busy, the one that finishes pumps.
    const isBusy = this.#calls >= this.concurrency;
    const oldest = this.#waiting.oldest;
    const batchAtMs = oldest === undefined ? Infinity : oldest.arrivedAtMs + this.#config.maxAgeMs;
    const workAtMs = isBusy ? Infinity : Math.min(batchAtMs, this.#returned.nextDueMs());
    const atMs = workAtMs === Infinity ? Infinity : Math.max(workAtMs, this.#pace.pausedUntilMs, nowMs + 1);
    if (atMs === this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAtMs = atMs;
    if (atMs !== Infinity) this.#timer = setTimeout(() => this.#onTimer(), atMs - nowMs);
  }

  #onTimer(): void {
    this.#timerAtMs = Infinity;
    this.#pump();
  }

  async #send(attempt: Attempt): Promise<void> {
    const { segments } = attempt;
    const cost = totalCostOf(segments);
    this.#calls++;
    this.#inFlightSegments += segments.length;
    this.#inFlightBytes += cost;
    let result: ExportResult;
    try {
      result = await this.#deps.exporter.send(segments, this.#abort.signal);
    } catch (error) {
      // By contract a bug; the documents are not to blame, so they stay.
      this.#deps.log.limited('exporter_bug', 'error', { error: messageOf(error) }, 'the exporter failed; please report this');
      result = { kind: 'retry', code: 'internal' };
    }
    this.#calls--;
    this.#inFlightSegments -= segments.length;
    this.#inFlightBytes -= cost;
    this.#settle(attempt, result);
    this.#pump();
  }

  #settle(attempt: Attempt, result: ExportResult): void {
    if (result.kind === 'retry') {
      this.#onFailure(attempt, result.code, result.afterMs);
      return;
    }
    this.#onAnswer();
    if (result.kind === 'rejected') this.#onRejected(attempt, result.code);
    else this.#onTaken(attempt, result.kind === 'partial' ? result.refused : []);
  }

  /** One poison document must not take 49 others along: the halves go apart until it stands alone. Kept apart, not mixed with what follows. */
  #onRejected({ segments, failures }: Attempt, given: string): void {
    const { accounting, log, now } = this.#deps;
    if (this.#abort.signal.aborted) {
      this.#drop(segments, 'shutdown');
    } else if (segments.length > 1) {
      const middle = Math.ceil(segments.length / 2);
      for (const half of [segments.slice(0, middle), segments.slice(middle)]) this.#returned.add({ segments: half, failures }, now());
      accounting.retried += segments.length;
      const fields = { code: given, segments: segments.length };
      log.limited('bisect', 'warn', fields, 'X-Ray refused a batch; its halves are sent apart to find the document that is to blame');
    } else {
      this.#countRefused(segments[0]!, given);
    }
  }

  #onTaken({ segments, failures }: Attempt, refused: readonly RefusedDocument[]): void {
    const { accounting, now, random } = this.#deps;
    const nowMs = now();
    accounting.sent += segments.length - refused.length;
    const again: Segment[] = [];
    for (const { code, position, isRetryable } of refused) {
      const segment = segments[position]!;
      if (isRetryable && !this.#isExpired(segment, nowMs)) again.push(segment);
      else this.#countRefused(segment, code);
    }
    if (again.length === 0) return;
    if (this.#abort.signal.aborted) {
      this.#drop(again, 'shutdown');
      return;
    }
    accounting.retried += again.length;
    this.#returned.add({ segments: again, failures: failures + 1 }, nowMs + nextDelay(failures, BATCH_BACKOFF, random));
  }

  #countRefused(segment: Segment, given: string): void {
    const code = this.#deps.accounting.countUnprocessed(given);
    this.#deps.log.limited(`unprocessed_${code}`, 'error', { code, bytes: byteLengthOf(segment) }, 'X-Ray refused a segment for good');
  }

  #isExpired(segment: Segment, nowMs: number): boolean {
    return segment.arrivedAtMs < nowMs - this.#config.retryMaxAgeMs;
  }

  #onAnswer(): void {
    const wasOutage = this.#pace.isOutage;
    this.#pace.answered();
    if (!wasOutage) return;
    this.#deps.log.info({ bufferedSegments: this.read().buffered }, 'X-Ray takes segments again');
    this.#returned.makeDue();
  }

  #onFailure({ segments, failures }: Attempt, code: string, afterMs: number | undefined): void {
    const { accounting, log, now, random } = this.#deps;
    if (this.#abort.signal.aborted) {
      this.#drop(segments, 'shutdown');
      return;
    }
    const nowMs = now();
    this.#pace.failed(code, afterMs, nowMs, this.#isDraining);
    const kept = segments.filter((segment) => !this.#isExpired(segment, nowMs));
    const expired = segments.filter((segment) => this.#isExpired(segment, nowMs));
    this.#drop(expired, 'retry_expired');
    accounting.retried += kept.length;
    const delayMs = this.#isDraining ? 0 : nextDelay(failures, BATCH_BACKOFF, random, afterMs);
    if (kept.length > 0) this.#returned.add({ segments: kept, failures: failures + 1 }, nowMs + delayMs);
    log.limited(
      `retry_${code}`,
      'warn',
      { code, bufferedSegments: this.read().buffered },
      'sending to X-Ray failed; the segments are kept and tried again',
    );
  }

  #drop(segments: readonly Segment[], reason: DropReason): void {
    if (segments.length === 0) return;
    this.#deps.accounting.dropped[reason] += segments.length;
    this.#deps.log.limited(`dropped_${reason}`, 'error', { reason, segments: segments.length }, REMEDIES[reason]);
  }
}

const REMEDIES: Readonly<Record<DropReason, string>> = {
  buffer_full: 'dropped the oldest segments: the buffer is full. Raise --buffer-memory, or see why X-Ray takes less than arrives',
  retry_expired: 'dropped segments that could not be sent within --retry-max-age',
  shutdown: 'dropped the segments that could not be sent before the shutdown deadline. Raise --shutdown-timeout, or see why X-Ray did not take them',
};
