import type { Accounting, SegmentStock } from '../pipeline/accounting.ts';
import { monotonicMs } from '../pipeline/clock.ts';
import type { Component, ComponentState } from '../pipeline/component.ts';
import { untilAborted, within } from '../pipeline/deadline.ts';
import type { Exporter, ExportResult } from '../pipeline/exporter.ts';
import type { Logger } from '../pipeline/logger.ts';
import type {
  Chunk,
  DocumentFormat,
  DocumentSink,
  KeepAnswer,
  OfferAnswer,
  OnSettled,
  Segment,
} from '../pipeline/segment.ts';
import { nextDelay } from './backoff.ts';
import { DueTimer } from './due-timer.ts';
import { Eviction } from './eviction.ts';
import { GroupCommit } from './group-commit.ts';
import { MemoryWatch } from './memory-watch.ts';
import { isUnproven, outcomeOf } from './outcome.ts';
import { Overflow } from './overflow.ts';
import { ConcurrencyLimiter } from './concurrency-limiter.ts';
import { Replay } from './replay.ts';
import type { Attempt } from './returned-batches.ts';
import { SegmentBuffer, type SegmentBufferConfig } from './segment-buffer.ts';
import { costOfDocuments } from './segment-queue.ts';
import type { Spool } from './spool/spool.ts';
import { Sender } from './sender.ts';
import { settle, ticketOf } from './tickets.ts';

/**
 * Limit of the bytes in flight, in full batches: enough for 100 MB/s to X-Ray at 20 ms. Each byte in flight is in
 * memory three times.
 */
const MAX_IN_FLIGHT_BATCHES = 4;
/** Each batch has its own backoff, so that one that always fails does not block the others. */
const BATCH_BACKOFF = { baseMs: 250, capMs: 30_000 };
/** Time for aborted calls to end: one may hang on a disk or another thread. */
const SETTLE_MS = 1_000;
/**
 * Time to write unsent segments to the spool after the shutdown deadline; part of what the default deadline leaves of
 * Kubernetes' 30 s.
 */
const SPOOL_AT_END_MS = 5_000;

export interface BatcherConfig extends SegmentBufferConfig {
  readonly maxBytes: number;
  readonly concurrency: number;
  /** Segments older than this are not retried; with a spool, they go there. */
  readonly retryMaxAgeMs: number;
}

export interface BatcherDeps {
  readonly exporter: Exporter;
  readonly accounting: Accounting;
  readonly log: Logger;
  readonly spool?: Spool | undefined;
  /** Called when most of the budget is in use, and when that is over. */
  readonly onMemoryShort?: ((isShort: boolean) => void) | undefined;
  readonly now?: () => number;
  readonly random?: () => number;
}

/**
 * Holds segments within a byte budget, groups them into batches, and sends each batch until it is delivered or lost for
 * a named reason.
 */
export class Batcher implements Component, SegmentStock, DocumentSink {
  readonly name = 'batcher';
  readonly stopLimits = { limitMs: Infinity, graceMs: SETTLE_MS + 2 * SPOOL_AT_END_MS };
  readonly #config: BatcherConfig;
  readonly #accounting: Accounting;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #exporter: Exporter;
  readonly #memory: MemoryWatch;
  readonly #buffer: SegmentBuffer;
  readonly #limiter: ConcurrencyLimiter;
  readonly #sender: Sender;
  readonly #overflow: Overflow;
  readonly #eviction: Eviction;
  readonly #replay: Replay | undefined;
  readonly #spool: Spool | undefined;
  readonly #commit: GroupCommit | undefined;
  #calls = 0;
  #lastReceivedMs = 0;
  readonly #timer = new DueTimer(() => this.#pump());
  #isDraining = false;
  #stopped: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(config: BatcherConfig, deps: BatcherDeps) {
    const { exporter, accounting, log, spool, onMemoryShort, now = monotonicMs, random = Math.random } = deps;
    this.#config = config;
    this.#exporter = exporter;
    this.#buffer = new SegmentBuffer(config, exporter.limits);
    this.#accounting = accounting;
    this.#log = log;
    this.#now = now;
    this.#random = random;
    this.#memory = new MemoryWatch(config.maxBytes, onMemoryShort);
    this.#limiter = new ConcurrencyLimiter(config.concurrency, random);
    this.#sender = new Sender({
      exporter,
      accounting,
      log,
      limiter: this.#limiter,
      now,
      onRecovered: () => this.#onRecovered(),
    });
    this.#overflow = new Overflow(spool);
    this.#eviction = new Eviction({
      maxBytes: config.maxBytes,
      buffer: this.#buffer,
      overflow: this.#overflow,
      sender: this.#sender,
      now,
      heldBytes: () => this.#heldBytes(),
      isDraining: () => this.#isDraining,
      onMoved: () => this.#pump(),
    });
    this.#spool = spool;
    if (spool !== undefined) {
      const onChanged = (): void => this.#pump();
      this.#commit = new GroupCommit({ spool, limits: exporter.limits, accounting, now, onChanged });
      spool.onFound = () => this.#pump();
      const keepInMemory = (segments: readonly Segment[]): void =>
        this.#buffer.putBackCopies({ segments, failures: 1 }, now() + this.#backoff(0));
      this.#replay = new Replay(config, {
        spool,
        sender: this.#sender,
        accepts: exporter.accepts,
        keepInMemory,
        now,
        random,
      });
    }
    accounting.addStock(this);
  }

  get state(): ComponentState {
    if (this.#isDraining) return { name: this.name, state: 'stopping' };
    const { problem } = this.#limiter;
    return problem === undefined
      ? { name: this.name, state: 'ok' }
      : { name: this.name, state: 'degraded', reason: problem };
  }

  get limitBytes(): number {
    return this.#config.maxBytes;
  }

  /** When documents last arrived, on the monotonic clock; 0 = never. */
  get lastReceivedMs(): number {
    return this.#lastReceivedMs;
  }

  /** Maximum number of concurrent calls at present. */
  get concurrency(): number {
    return this.#limiter.concurrency;
  }

  async start(): Promise<void> {
    this.#pump();
  }

  read(): ReturnType<SegmentStock['read']> {
    return { buffered: this.#held(), bufferedBytes: this.#heldBytes(), inFlight: this.#sender.segments };
  }

  push(chunk: Chunk): void {
    this.#lastReceivedMs = this.#now();
    if (!this.#exporter.accepts.includes(chunk.format)) return this.#sender.refuseFormat(chunk.count);
    this.#buffer.push(chunk);
    this.#eviction.evict();
    this.#pump();
  }

  offer(documents: readonly Uint8Array[], format: DocumentFormat, onSettled?: OnSettled): OfferAnswer {
    if (this.#isDraining) return 'stopping';
    if (!this.#exporter.accepts.includes(format)) {
      this.#accounting.received += documents.length;
      this.#sender.refuseFormat(documents.length, onSettled);
      return 'accepted';
    }
    const problem = this.#sizeProblem(documents);
    if (problem !== undefined) return problem;
    const arrivedAtMs = this.#now();
    this.#lastReceivedMs = arrivedAtMs;
    for (const [position, document] of documents.entries())
      this.#buffer.pushDocument(document, arrivedAtMs, format, ticketOf(position, onSettled));
    this.#accounting.received += documents.length;
    this.#eviction.evict();
    this.#pump();
    return 'accepted';
  }

  async keep(documents: readonly Uint8Array[], format: DocumentFormat): Promise<KeepAnswer> {
    const isTaken = !this.#isDraining && documents.length > 0 && this.#exporter.accepts.includes(format);
    if (this.#commit === undefined || !isTaken) return this.offer(documents, format);
    const problem = this.#sizeProblem(documents);
    if (problem !== undefined) return problem;
    this.#lastReceivedMs = this.#now();
    return this.#commit.add(documents, format);
  }

  #sizeProblem(documents: readonly Uint8Array[]): 'too_large' | 'full' | undefined {
    const cost = costOfDocuments(documents);
    if (cost > this.#config.maxBytes) return 'too_large';
    return this.#heldBytes() + cost > this.#config.maxBytes ? 'full' : undefined;
  }

  stop(deadline: AbortSignal): Promise<void> {
    this.#stopped ??= this.#drain(deadline);
    return this.#stopped;
  }

  async #drain(deadline: AbortSignal): Promise<void> {
    this.#isDraining = true;
    this.#limiter.resume();
    this.#buffer.makeDue();
    const { promise: emptied, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    this.#pump();
    await untilAborted(emptied, deadline);
    this.#sender.abort();
    this.#pump();
    await within(SETTLE_MS, 'calls that were given up', () => emptied).catch(() => {});
    this.#timer.set(Infinity, this.#now());
    const end = AbortSignal.timeout(SPOOL_AT_END_MS);
    await this.#overflow.settle(end);
    const left: (readonly Segment[])[] = [];
    for (let next = this.#buffer.takeOldest(); next !== undefined; next = this.#buffer.takeOldest()) left.push(next);
    await this.#overflow.writeAll(left, end, (segments) => this.#sender.drop(segments, 'shutdown'));
  }

  #held(): number {
    return this.#buffer.length + this.#overflow.segments;
  }

  #heldBytes(): number {
    return this.#buffer.bytes + this.#overflow.bytes + this.#sender.bytes + (this.#commit?.bytes ?? 0);
  }

  /** Starts as many calls as are allowed now, and sets the timer for the next work that becomes due. */
  #pump(): void {
    const nowMs = this.#now();
    while (
      this.#calls < this.concurrency &&
      this.#canSendMore() &&
      nowMs >= this.#limiter.pausedUntilMs &&
      !this.#sender.isAborted
    ) {
      const attempt = this.#buffer.takeDue(nowMs, this.#isDraining);
      if (attempt !== undefined) void this.#run(this.#send(attempt));
      else if (this.#replay !== undefined && nowMs >= this.#replayAtMs())
        void this.#run(this.#replay.sendNext(this.#isDraining));
      else break;
    }
    this.#memory.note(this.#heldBytes());
    if (this.#isDraining && this.#calls === 0 && (this.#sender.isAborted || !this.#hasWork())) this.#onEmpty?.();
    this.#setTimer(nowMs);
  }

  #canSendMore(): boolean {
    const maxBytes = MAX_IN_FLIGHT_BATCHES * this.#exporter.limits.maxBytes;
    return this.#sender.bytes < maxBytes && this.#sender.bodyBytes < maxBytes;
  }

  #hasWork(): boolean {
    return this.#held() > 0 || this.#commit?.isBusy === true || this.#replayAtMs() < Infinity;
  }

  /**
   * During shutdown, segments on disk are safe and are not sent. Segments that are on disk only because their senders
   * waited for it are an exception: they are sent while the destination accepts them.
   */
  #replayAtMs(): number {
    const { isOutage } = this.#limiter;
    if (this.#replay === undefined || (this.#isDraining && (isOutage || this.#spool?.hasPromised !== true)))
      return Infinity;
    return this.#replay.readyAtMs;
  }

  #setTimer(nowMs: number): void {
    // While all calls are busy, the next one to finish calls #pump.
    const isBusy = this.#calls >= this.concurrency || !this.#canSendMore();
    const workAtMs = isBusy ? Infinity : Math.min(this.#buffer.nextDueMs(), this.#replayAtMs());
    const atMs = workAtMs === Infinity ? Infinity : Math.max(workAtMs, this.#limiter.pausedUntilMs, nowMs + 1);
    this.#timer.set(atMs, nowMs);
  }

  async #run(call: Promise<void>): Promise<void> {
    this.#calls++;
    await call;
    this.#calls--;
    this.#pump();
  }

  async #send(attempt: Attempt): Promise<void> {
    const { segments, failures } = attempt;
    const result = await this.#sender.call(segments, this.#isDraining);
    this.#sender.settled(segments);
    if (result.kind === 'retry') return this.#onFailure(attempt, result);
    const nowMs = this.#now();
    const { refusedAtMs = nowMs } = attempt;
    if (isUnproven(segments, result, refusedAtMs, this.#limiter.answeredAtMs)) {
      return this.#onFailure({ ...attempt, refusedAtMs }, { kind: 'retry', code: result.code });
    }
    const outcome = outcomeOf(segments, result, (segment) => this.#isExpired(segment, nowMs));
    this.#sender.count(outcome);
    if (outcome.halves !== undefined) {
      for (const half of outcome.halves) this.#buffer.putBack({ segments: half, failures }, nowMs);
      return;
    }
    const { throttled } = outcome;
    if (throttled.length > 0)
      this.#buffer.putBackCopies({ segments: throttled, failures: failures + 1 }, nowMs + this.#backoff(failures));
    this.#buffer.release(segments);
  }

  #backoff(failures: number, afterMs = 0): number {
    return nextDelay(failures, BATCH_BACKOFF, this.#random, afterMs);
  }

  #isExpired(segment: Segment, nowMs: number): boolean {
    return segment.arrivedAtMs < nowMs - this.#config.retryMaxAgeMs;
  }

  #onRecovered(): void {
    this.#log.info({ bufferedSegments: this.#held() }, `${this.#exporter.destination} is accepting segments again`);
    this.#buffer.makeDue();
  }

  #onFailure(
    { segments, failures, ...attempt }: Attempt,
    { code, afterMs, error = code }: Extract<ExportResult, { kind: 'retry' }>,
  ): void {
    settle(segments, { kind: 'delayed', error });
    const nowMs = this.#now();
    // After the shutdown deadline, all remaining segments are treated alike: written to the spool, or dropped.
    const isLast = this.#sender.isAborted;
    const kept = segments.filter((segment) => isLast || !this.#isExpired(segment, nowMs));
    const expired = segments.filter((segment) => !isLast && this.#isExpired(segment, nowMs));
    if (expired.length > 0) this.#eviction.expire(expired);
    if (kept.length === 0) return;
    const delayMs = this.#isDraining ? 0 : this.#backoff(failures, afterMs);
    this.#buffer.putBack({ ...attempt, segments: kept, failures: failures + 1 }, nowMs + delayMs);
    if (isLast) return;
    this.#accounting.retried += kept.length;
    const fields = {
      code,
      bufferedSegments: this.#held(),
      bufferedBytes: this.#heldBytes(),
      bufferLimitBytes: this.#config.maxBytes,
      retryMaxAgeSeconds: this.#config.retryMaxAgeMs / 1000,
    };
    this.#log.limited(
      `retry_${code}`,
      'warn',
      fields,
      `sending to ${this.#exporter.destination} failed; the segments are kept and retried until --retry-max-age has passed or the buffer is full`,
    );
  }
}
