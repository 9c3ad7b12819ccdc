import type { Behaviour, RecordedRequest } from '../../test/fakes/server.ts';
import { FakeXRay, type FakeXRayConfig } from '../../test/fakes/xray.ts';
import { FLOOD_FROM, numberOf, sentTimesOf } from './documents.ts';

/** The fate of numbered segments: each must arrive once, unchanged, and nothing else may arrive. */
export interface Verdict {
  readonly delivered: number;
  readonly missing: number;
  readonly duplicate: number;
  readonly corrupted: number;
  readonly invented: number;
}

/** An X-Ray with 20 ms of latency that checks each document and stores none, so that it can run for hours. */
export class Oracle extends FakeXRay {
  /** How often each number arrived, up to 255. */
  #times = new Uint8Array(1 << 16);
  #delivered = 0;
  #duplicate = 0;
  #corrupted = 0;
  #invented = 0;
  #highest = -1;
  /** PutTraceSegments calls, including those that a fault answered. */
  uploads = 0;
  /** If it is an array: for each document, the time from the sender to the last byte of its request here, in ms. */
  delaysMs: number[] | undefined;
  /** Takes a document that is no numbered segment; false if it is not from another sender of the run either. */
  takeOther: (document: string) => boolean = () => false;

  constructor(config: FakeXRayConfig = {}) {
    super(config);
    this.latencyMs = 20;
    this.isRemembering = false;
  }

  /** Forgets what arrived so far. */
  reset(): void {
    this.#times.fill(0);
    this.#delivered = this.#duplicate = this.#corrupted = this.#invented = this.uploads = 0;
    this.#highest = -1;
  }

  judge(offered: number): Verdict {
    const invented = this.#invented + (this.#highest >= offered ? 1 : 0);
    return {
      delivered: this.#delivered,
      missing: offered - this.#delivered,
      duplicate: this.#duplicate,
      corrupted: this.#corrupted,
      invented,
    };
  }

  has(n: number): boolean {
    return (this.#times[n] ?? 0) > 0;
  }

  protected override async answer(request: RecordedRequest): Promise<Behaviour> {
    if (request.target === '/TraceSegments') {
      this.uploads++;
      const nowMs = Date.now();
      if (this.delaysMs !== undefined)
        for (const sentMs of sentTimesOf(request.body)) this.delaysMs.push(Math.max(0, nowMs - sentMs));
    }
    return super.answer(request);
  }

  protected override accept(document: string): void {
    const n = numberOf(document);
    if (n === 'invented') this.#invented += this.takeOther(document) ? 0 : 1;
    else if (n === 'corrupted') this.#corrupted++;
    else if (n < FLOOD_FROM) this.#count(n);
  }

  #count(n: number): void {
    if (n >= this.#times.length) {
      const grown = new Uint8Array(2 ** Math.ceil(Math.log2(n + 1)));
      grown.set(this.#times);
      this.#times = grown;
    }
    this.#highest = Math.max(this.#highest, n);
    if (this.#times[n] === 0) this.#delivered++;
    else this.#duplicate++;
    this.#times[n] = Math.min(255, this.#times[n]! + 1);
  }
}
