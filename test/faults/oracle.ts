import type { Behaviour, RecordedRequest } from '../fakes/server.ts';
import { FakeXRay, type FakeXRayConfig } from '../fakes/xray.ts';

/** What became of numbered segments: each is to arrive once, unchanged, and nothing else is. */
export interface Verdict {
  readonly delivered: number;
  readonly missing: number;
  readonly duplicate: number;
  readonly corrupted: number;
  readonly invented: number;
}

const PADDING = 'x'.repeat(700);

/** Segment number `n`: about 1 KB, or more with `padding`; every byte of it follows from the number. */
export function numbered(n: number, padding = PADDING): string {
  const id = n.toString(16).padStart(16, '0');
  const traceId = `1-67423f1c-${id.padStart(24, '0')}`;
  const http = { request: { method: 'GET', url: `http://shop.example/orders/${n}` }, response: { status: 200 } };
  return JSON.stringify({
    id,
    trace_id: traceId,
    name: 'faults',
    start_time: 1_732_394_780.5,
    end_time: 1_732_394_780.75,
    http,
    metadata: { padding },
  });
}

/** What a flood is made of; it is not judged. */
export const FLOOD = '{"id":"00000000000f100d","trace_id":"1-67423f1c-00000000000000000000f10d","name":"flood","start_time":1,"end_time":2}';

/** X-Ray with 20 ms of latency, that checks each document it accepts and keeps none: it may run for hours. */
export class Oracle extends FakeXRay {
  /** How often each number arrived, up to 255. */
  #times = new Uint8Array(1 << 16);
  #delivered = 0;
  #duplicate = 0;
  #corrupted = 0;
  #invented = 0;
  #highest = -1;
  /** PutTraceSegments calls, also those that a fault answered. */
  uploads = 0;
  /** Calls to another path. */
  readonly others: string[] = [];

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
    return { delivered: this.#delivered, missing: offered - this.#delivered, duplicate: this.#duplicate, corrupted: this.#corrupted, invented };
  }

  has(n: number): boolean {
    return (this.#times[n] ?? 0) > 0;
  }

  protected override async answer(request: RecordedRequest): Promise<Behaviour> {
    if (request.target === '/TraceSegments') this.uploads++;
    else this.others.push(request.target);
    return super.answer(request);
  }

  protected override accept(document: string): void {
    if (document === FLOOD) return;
    const n = Number.parseInt(/^\{"id":"([0-9a-f]{16})"/.exec(document)?.[1] ?? '', 16);
    const padding = /"padding":"(x*)"\}\}$/.exec(document)?.[1];
    if (Number.isNaN(n) || padding === undefined) this.#invented++;
    else if (document !== numbered(n, padding)) this.#corrupted++;
    else this.#count(n);
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
