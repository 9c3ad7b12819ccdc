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

/** Segment number `n`: about 1 KB, and every byte of it follows from the number. */
export function numbered(n: number): string {
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
    metadata: { padding: PADDING },
  });
}

/** X-Ray with 20 ms of latency, that checks each document it accepts. */
export class Oracle extends FakeXRay {
  readonly #times = new Map<number, number>();
  #corrupted = 0;
  #invented = 0;
  #seen = 0;

  constructor(config: FakeXRayConfig = {}) {
    super(config);
    this.latencyMs = 20;
  }

  /** Forgets what arrived so far. */
  reset(): void {
    this.#times.clear();
    this.#corrupted = 0;
    this.#invented = 0;
    this.#seen = this.documents.length;
  }

  judge(offered: number): Verdict {
    for (; this.#seen < this.documents.length; this.#seen++) this.#check(this.documents[this.#seen]!, offered);
    const delivered = this.#times.size;
    let duplicate = 0;
    for (const times of this.#times.values()) duplicate += times - 1;
    return { delivered, missing: offered - delivered, duplicate, corrupted: this.#corrupted, invented: this.#invented };
  }

  #check(document: string, offered: number): void {
    const n = Number.parseInt(/^\{"id":"([0-9a-f]{16})"/.exec(document)?.[1] ?? '', 16);
    if (Number.isNaN(n) || n >= offered) this.#invented++;
    else if (document !== numbered(n)) this.#corrupted++;
    else this.#times.set(n, (this.#times.get(n) ?? 0) + 1);
  }
}
