import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../fakes/random.ts';
import { transportOf, type SpanProtocol, type Transport } from './transports.ts';

/** Spans of one request. */
const BATCH = 50;
const REQUESTS_AT_ONCE = 8;
/** SDKs begin with a second; nothing here waits that long for a peer that is there again. */
const BACKOFF = { baseMs: 100, capMs: 1_000 };

/** Sends numbered spans and keeps each request until it is accepted, as an SDK with an endless queue. */
export class SpanExporter {
  readonly protocol: SpanProtocol;
  readonly #transport: Transport;
  readonly #random = new Random(25);
  readonly #queue: (readonly number[])[] = [];
  #next: number;
  #sending = 0;
  #isClosed = false;
  /** The numbers of spans whose request was answered with success. */
  readonly acknowledged: number[] = [];
  /** Spans in answers that asked to send them again; a span counts once for each. */
  refused = 0;
  /** Requests without an answer. */
  unreachable = 0;
  /** Answers after which an SDK drops its spans. */
  readonly failures: string[] = [];

  constructor(protocol: SpanProtocol, port: number, first: number) {
    this.protocol = protocol;
    this.#transport = transportOf(protocol, port);
    this.#next = first;
  }

  /** Requests that were not accepted yet. */
  get open(): number {
    return this.#queue.length + this.#sending;
  }

  async steady(perSecond: number, seconds: number): Promise<void> {
    const batches = Math.ceil((perSecond * seconds) / BATCH);
    const everyMs = (seconds * 1_000) / batches;
    const startMs = performance.now();
    for (let i = 0; i < batches; i++) {
      this.#queue.push(Array.from({ length: BATCH }, () => this.#next++));
      this.#pump();
      await sleep(Math.max(0, startMs + (i + 1) * everyMs - performance.now()));
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#transport.close();
  }

  #pump(): void {
    while (this.#sending < REQUESTS_AT_ONCE) {
      const numbers = this.#queue.shift();
      if (numbers === undefined) return;
      this.#sending++;
      void this.#export(numbers).finally(() => {
        this.#sending--;
        this.#pump();
      });
    }
  }

  async #export(numbers: readonly number[]): Promise<void> {
    for (let tries = 0; !this.#isClosed; tries++) {
      const answer = await this.#transport.send(numbers);
      if (answer.kind === 'accepted') return void this.acknowledged.push(...numbers);
      if (answer.kind === 'failed') return void this.failures.push(answer.reason);
      if (answer.kind === 'refused') this.refused += numbers.length;
      else this.unreachable++;
      const afterMs = answer.kind === 'refused' ? answer.afterMs : 0;
      const backoffMs = this.#random.next() * Math.min(BACKOFF.capMs, BACKOFF.baseMs * 2 ** tries);
      await sleep(Math.max(afterMs, backoffMs), undefined, { ref: false });
    }
  }
}
