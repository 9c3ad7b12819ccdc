import type { Accounting, DropReason, SegmentStock } from '../pipeline/accounting.ts';
import type { Component, ComponentState } from '../pipeline/component.ts';
import { messageOf } from '../pipeline/errors.ts';
import type { Exporter, ExportResult } from '../pipeline/exporter.ts';
import type { Logger } from '../pipeline/logger.ts';
import { byteLengthOf, MAX_BATCH_SEGMENTS, type Mail, type Segment, type SegmentSink } from '../pipeline/segment.ts';
import type { DocumentSink } from './body-intake.ts';
import { nextDelay } from './backoff.ts';
import { ReturnedBatches, type Attempt } from './returned-batches.ts';
import { costOf, SEGMENT_OVERHEAD_BYTES, SegmentQueue } from './segment-queue.ts';

/** A batch of 50 × 64 KB takes 40 ms to encode; a megabyte keeps that stall below 10 ms. */
const MAX_BATCH_BYTES = 1024 * 1024;
/** Shared by all workers while X-Ray is away or throttles; short enough to drain at once when it is back. */
const PAUSE = { baseMs: 100, capMs: 5_000 };
/** A batch's own, so that one that always fails does not stand in the way of the others. */
const BATCH_BACKOFF = { baseMs: 250, capMs: 30_000 };
/** One failure may be the batch's fault; two in a row are X-Ray's or the network's. */
const FAILURES_OF_AN_OUTAGE = 2;

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
  #inFlightBytes = 0;
  #inFlightSegments = 0;
  #calls = 0;
  #failures = 0;
  #pausedUntilMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Infinity;
  #isDraining = false;
  #lastFailure = '';
  #stopped: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(config: BatcherConfig, deps: BatcherDeps) {
    this.#config = config;
    this.#deps = { now: Date.now, random: Math.random, ...deps };
    deps.accounting.addStock(this);
  }

  get state(): ComponentState {
    if (this.#isDraining) return { name: this.name, state: 'stopping' };
    if (this.#failures === 0) return { name: this.name, state: 'ok' };
    return { name: this.name, state: 'degraded', reason: `the last ${this.#failures} calls failed: ${this.#lastFailure}` };
  }

  get limitBytes(): number {
    return this.#config.maxBytes;
  }

  /** Calls that may run at one time now. */
  get concurrency(): number {
    return this.#failures >= FAILURES_OF_AN_OUTAGE ? 1 : this.#config.concurrency;
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
    this.#pausedUntilMs = 0;
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
    while (this.#calls < this.concurrency && nowMs >= this.#pausedUntilMs) {
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
    const atMs = workAtMs === Infinity ? Infinity : Math.max(workAtMs, this.#pausedUntilMs, nowMs + 1);
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
    let cost = 0;
    for (const segment of segments) cost += costOf(segment);
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
    const { accounting, log } = this.#deps;
    const { segments } = attempt;
    if (result.kind === 'retry') {
      this.#onFailure(attempt, result.code, result.afterMs);
      return;
    }
    this.#onAnswer();
    if (result.kind === 'rejected') {
      let code = '';
      for (let i = 0; i < segments.length; i++) code = accounting.countUnprocessed(result.code);
      log.limited(`rejected_${code}`, 'error', { code, segments: segments.length }, 'X-Ray refused a batch for good');
      return;
    }
    const refused = result.kind === 'partial' ? result.refused : [];
    accounting.sent += segments.length - refused.length;
    for (const { code: given, position } of refused) {
      const code = accounting.countUnprocessed(given);
      const bytes = byteLengthOf(segments[position]!);
      log.limited(`unprocessed_${code}`, 'error', { code, bytes }, 'X-Ray refused a segment for good');
    }
  }

  #onAnswer(): void {
    if (this.#failures >= FAILURES_OF_AN_OUTAGE) {
      this.#deps.log.info({ bufferedSegments: this.read().buffered }, 'X-Ray takes segments again');
      this.#returned.makeDue();
    }
    this.#failures = 0;
    this.#pausedUntilMs = 0;
  }

  #onFailure({ segments, failures }: Attempt, code: string, afterMs: number | undefined): void {
    const { accounting, log, now, random } = this.#deps;
    if (this.#abort.signal.aborted) {
      this.#drop(segments, 'shutdown');
      return;
    }
    const nowMs = now();
    this.#failures++;
    this.#lastFailure = code;
    if (code === 'throttled' || this.#failures >= FAILURES_OF_AN_OUTAGE) {
      this.#pausedUntilMs = nowMs + nextDelay(this.#failures - 1, this.#isDraining ? { ...PAUSE, capMs: 250 } : PAUSE, random, afterMs);
    }
    const oldestAllowedMs = nowMs - this.#config.retryMaxAgeMs;
    const kept = segments.filter((segment) => segment.arrivedAtMs >= oldestAllowedMs);
    this.#drop(
      segments.filter((segment) => segment.arrivedAtMs < oldestAllowedMs),
      'retry_expired',
    );
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
