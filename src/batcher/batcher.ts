import type { Accounting, SegmentStock } from '../pipeline/accounting.ts';
import type { Component, ComponentState } from '../pipeline/component.ts';
import type { Exporter, ExportResult } from '../pipeline/exporter.ts';
import type { Logger } from '../pipeline/logger.ts';
import { MAX_BATCH_SEGMENTS, type Mail, type Segment, type SegmentSink } from '../pipeline/segment.ts';
import { nextDelay } from './backoff.ts';
import type { DocumentSink } from './body-intake.ts';
import { outcomeOf } from './outcome.ts';
import { Overflow } from './overflow.ts';
import { Pace } from './pace.ts';
import { Replay } from './replay.ts';
import { ReturnedBatches, type Attempt } from './returned-batches.ts';
import { ownCopyOf, SEGMENT_OVERHEAD_BYTES, SegmentQueue } from './segment-queue.ts';
import type { Spool } from './spool/spool.ts';
import { Uplink } from './uplink.ts';

/** A batch of 50 × 64 KB takes 40 ms to encode; a megabyte keeps that stall below 10 ms. */
const MAX_BATCH_BYTES = 1024 * 1024;
/** A batch's own, so that one that always fails does not stand in the way of the others. */
const BATCH_BACKOFF = { baseMs: 250, capMs: 30_000 };
/** With a spool, memory above this share of the budget goes to disk; the rest is room for what arrives meanwhile. */
const SPOOL_ABOVE = 0.875;
/** For writing to the spool what the shutdown deadline left: part of what the default deadline leaves of Kubernetes' 30 s. */
const SPOOL_AT_END_MS = 5_000;

export interface BatcherConfig {
  readonly maxBytes: number;
  /** A segment waits no longer than this for others to share its call. */
  readonly maxAgeMs: number;
  readonly concurrency: number;
  /** Segments older than this are not tried again; with a spool they go there. */
  readonly retryMaxAgeMs: number;
}

export interface BatcherDeps {
  readonly exporter: Exporter;
  readonly accounting: Accounting;
  readonly log: Logger;
  readonly spool?: Spool | undefined;
  readonly now?: () => number;
  readonly random?: () => number;
}

/** Holds segments within one budget of bytes, makes batches of them, and sends each until it is delivered or lost for a named reason. */
export class Batcher implements Component, SegmentSink, SegmentStock, DocumentSink {
  readonly name = 'batcher';
  readonly #config: BatcherConfig;
  readonly #accounting: Accounting;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #waiting = new SegmentQueue();
  readonly #returned = new ReturnedBatches();
  readonly #pace: Pace;
  readonly #uplink: Uplink;
  readonly #overflow: Overflow;
  readonly #replay: Replay | undefined;
  #calls = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Infinity;
  #isDraining = false;
  #stopped: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(config: BatcherConfig, { exporter, accounting, log, spool, now = Date.now, random = Math.random }: BatcherDeps) {
    this.#config = config;
    this.#accounting = accounting;
    this.#log = log;
    this.#now = now;
    this.#random = random;
    this.#pace = new Pace(config.concurrency, random);
    this.#uplink = new Uplink({ exporter, accounting, log, pace: this.#pace, now, onRecovered: () => this.#onRecovered() });
    this.#overflow = new Overflow(spool);
    if (spool !== undefined) {
      const { concurrency } = config;
      const keepInMemory = (segments: readonly Segment[]): void => this.#return(segments, 1);
      this.#replay = new Replay({ concurrency }, { spool, uplink: this.#uplink, keepInMemory, now, random });
    }
    accounting.addStock(this);
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

  async start(): Promise<void> {
    this.#pump();
  }

  read(): ReturnType<SegmentStock['read']> {
    return { buffered: this.#held(), bufferedBytes: this.#heldBytes(), inFlight: this.#uplink.segments };
  }

  push(mail: Mail): void {
    const chunk = Buffer.allocUnsafeSlow(mail.bytes.length);
    chunk.set(mail.bytes);
    let start = 0;
    for (let i = 0; i < mail.count; i++) {
      const end = mail.ends[i]!;
      this.#waiting.push({ chunk, start, end, arrivedAtMs: mail.arrivedAtMs[i]! });
      start = end;
    }
    this.#makeRoom();
    this.#pump();
  }

  offer(documents: readonly Uint8Array[]): 'accepted' | 'full' | 'stopping' {
    if (this.#isDraining) return 'stopping';
    let needed = 0;
    for (const document of documents) needed += document.length + SEGMENT_OVERHEAD_BYTES;
    if (this.#heldBytes() + needed > this.#config.maxBytes) return 'full';
    const arrivedAtMs = this.#now();
    for (const document of documents) this.#waiting.push(ownCopyOf({ chunk: document, start: 0, end: document.length, arrivedAtMs }));
    this.#accounting.received += documents.length;
    this.#makeRoom();
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
    this.#uplink.abort();
    if (this.#calls > 0) {
      const { promise: settled, resolve: resolveSettled } = Promise.withResolvers<void>();
      this.#onEmpty = resolveSettled;
      await settled;
    }
    const end = AbortSignal.timeout(SPOOL_AT_END_MS);
    await this.#overflow.settle(end);
    const left: (readonly Segment[])[] = [];
    for (let next = this.#takeOldest(); next !== undefined; next = this.#takeOldest()) left.push(next);
    await this.#overflow.writeAll(left, end, (segments) => this.#uplink.drop(segments, 'shutdown'));
  }

  #takeOldest(): readonly Segment[] | undefined {
    const oldest = this.#returned.takeOldest()?.segments ?? this.#waiting.take(MAX_BATCH_SEGMENTS, MAX_BATCH_BYTES);
    return oldest.length === 0 ? undefined : oldest;
  }

  #held(): number {
    return this.#waiting.length + this.#returned.segments + this.#overflow.segments;
  }

  #heldBytes(): number {
    return this.#waiting.bytes + this.#returned.bytes + this.#overflow.bytes + this.#uplink.bytes;
  }

  /** What has waited longest goes first, to the spool while it keeps up; what is in flight cannot be dropped. */
  #makeRoom(): void {
    const { maxBytes } = this.#config;
    while (this.#overflow.canWrite && !this.#isDraining && this.#heldBytes() - this.#overflow.bytes > maxBytes * SPOOL_ABOVE) {
      const oldest = this.#takeOldest();
      if (oldest === undefined) break;
      void this.#spool(oldest, () => this.#returned.add({ segments: oldest, failures: 0 }, this.#now()));
    }
    let dropped = 0;
    for (; this.#heldBytes() > maxBytes; dropped++) {
      if ((this.#returned.shiftOldest() ?? this.#waiting.shift()) === undefined) break;
    }
    this.#uplink.drop(dropped, 'buffer_full');
  }

  async #spool(segments: readonly Segment[], onFailure: () => void): Promise<void> {
    // After a failure the next mail tries again.
    if (await this.#overflow.write(segments, onFailure)) this.#makeRoom();
    this.#pump();
  }

  /** Starts as many calls as may run now, and sets the timer for the next thing that becomes due. */
  #pump(): void {
    const nowMs = this.#now();
    while (this.#calls < this.concurrency && nowMs >= this.#pace.pausedUntilMs && !this.#uplink.isAborted) {
      const attempt = this.#returned.takeDue(nowMs) ?? this.#nextBatch(nowMs);
      if (attempt !== undefined) void this.#run(this.#send(attempt));
      else if (this.#replay !== undefined && nowMs >= this.#replayAtMs()) void this.#run(this.#replay.sendNext());
      else break;
    }
    if (this.#isDraining && this.#calls === 0 && (this.#uplink.isAborted || this.#held() === 0)) this.#onEmpty?.();
    this.#setTimer(nowMs);
  }

  #nextBatch(nowMs: number): Attempt | undefined {
    const oldest = this.#waiting.oldest;
    if (oldest === undefined) return undefined;
    const isFull = this.#waiting.length >= MAX_BATCH_SEGMENTS || this.#waiting.bytes >= MAX_BATCH_BYTES;
    if (!isFull && !this.#isDraining && nowMs - oldest.arrivedAtMs < this.#config.maxAgeMs - 1) return undefined;
    return { segments: this.#waiting.take(MAX_BATCH_SEGMENTS, MAX_BATCH_BYTES), failures: 0 };
  }

  /** Nothing in the spool is sent while the daemon stops: it is safe where it is. */
  #replayAtMs(): number {
    return this.#isDraining ? Infinity : (this.#replay?.readyAtMs ?? Infinity);
  }

  #setTimer(nowMs: number): void {
    // When every worker is busy, the one that finishes pumps.
    const isBusy = this.#calls >= this.concurrency;
    const oldest = this.#waiting.oldest;
    const batchAtMs = oldest === undefined ? Infinity : oldest.arrivedAtMs + this.#config.maxAgeMs;
    const workAtMs = isBusy ? Infinity : Math.min(batchAtMs, this.#returned.nextDueMs(), this.#replayAtMs());
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

  async #run(call: Promise<void>): Promise<void> {
    this.#calls++;
    await call;
    this.#calls--;
    this.#pump();
  }

  async #send(attempt: Attempt): Promise<void> {
    const { segments, failures } = attempt;
    const result = await this.#uplink.call(segments, this.#isDraining);
    this.#uplink.landed(segments);
    if (result.kind === 'retry') {
      this.#onFailure(attempt, result);
      return;
    }
    const nowMs = this.#now();
    const outcome = outcomeOf(segments, result, (segment) => this.#isExpired(segment, nowMs));
    this.#uplink.count(outcome);
    // A document that waits alone must not hold the memory of those that came with it and are gone; the halves of a batch go at once.
    for (const group of outcome.again) {
      if (outcome.isThrottled) this.#return(group.map(ownCopyOf), failures + 1);
      else this.#returned.add({ segments: group, failures }, nowMs);
    }
  }

  #return(segments: readonly Segment[], failures: number): void {
    this.#returned.add({ segments, failures }, this.#now() + nextDelay(failures - 1, BATCH_BACKOFF, this.#random));
  }

  #isExpired(segment: Segment, nowMs: number): boolean {
    return segment.arrivedAtMs < nowMs - this.#config.retryMaxAgeMs;
  }

  #onRecovered(): void {
    this.#log.info({ bufferedSegments: this.#held() }, 'X-Ray takes segments again');
    this.#returned.makeDue();
  }

  #onFailure({ segments, failures }: Attempt, { code, afterMs }: Extract<ExportResult, { kind: 'retry' }>): void {
    const nowMs = this.#now();
    // At the end of a drain all that is left shares one fate.
    const isLast = this.#uplink.isAborted;
    const kept = segments.filter((segment) => isLast || !this.#isExpired(segment, nowMs));
    const expired = segments.filter((segment) => !isLast && this.#isExpired(segment, nowMs));
    if (expired.length > 0) this.#onExpired(expired);
    if (kept.length === 0) return;
    const delayMs = this.#isDraining ? 0 : nextDelay(failures, BATCH_BACKOFF, this.#random, afterMs);
    this.#returned.add({ segments: kept, failures: failures + 1 }, nowMs + delayMs);
    if (isLast) return;
    this.#accounting.retried += kept.length;
    const fields = { code, bufferedSegments: this.#held() };
    this.#log.limited(`retry_${code}`, 'warn', fields, 'sending to X-Ray failed; the segments are kept and tried again');
  }

  #onExpired(segments: readonly Segment[]): void {
    const onFailure = (): void => this.#uplink.drop(segments.length, 'retry_expired');
    if (this.#overflow.isUsable) void this.#spool(segments, onFailure);
    else onFailure();
  }
}
