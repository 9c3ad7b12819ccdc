import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DaemonProcess } from '../test/fakes/daemon-process.ts';
import { processStats } from './process-stats.ts';
import { CUSTOMERS } from './load/documents.ts';
import { Load } from './load/load.ts';

/** Queries of each kind. */
const QUESTIONS = 50;

/** Failed requests in each half. */
const FAILURES = 500;

/** Text queries; N is a different number each time. */
const TEXTS: Readonly<Record<string, string>> = {
  textAllHave: 'text=shop',
  textTwoThatAllHave: 'text=shop%20get',
  textPath: 'text=/orders',
  textUrl: 'text=/orders/N%20shop',
  textAnnotation: 'text=customer=c-N',
  textBeginning: 'text=/orders/7%20c-N',
  textException: 'text=connect%20ECONNREFUSED%2010.0.0.7:443',
  textSql: 'text=select%20sku%20from%20stock',
  textNothing: 'text=econnresetN',
  textNothingBesideCommon: 'text=shop%20econnresetN',
  textAndValue: 'text=shop&filter=annotation.customer=%22c-N%22',
  textUrlAndValue: 'text=/orders/N&filter=annotation.customer=%22c-N%22',
  textExceptionAndFault: 'text=econnrefused&filter=fault',
  textAndNothing: 'text=shop&filter=responsetime%3E5',
};

function failedRequest(n: number, now: number): string {
  const id = n.toString(16).padStart(16, '0');
  const times = { start_time: now, end_time: now + 0.01 };
  const type = 'TimeoutException';
  const cause = {
    working_directory: '/',
    exceptions: [{ id, type, message: `connect ECONNREFUSED 10.0.0.${n % 10}:443` }],
  };
  const sql = { sanitized_query: 'SELECT sku FROM stock WHERE id = ?', url: 'postgres://db/stock' };
  const query = { id: `f${id.slice(1)}`, name: 'stock@db', ...times, namespace: 'remote', sql, fault: true, cause };
  const http = { request: { method: 'POST', url: `http://shop.example/basket/${n}` }, response: { status: 500 } };
  const trace = `1-${now.toString(16)}-fa${n.toString(16).padStart(22, '0')}`;
  return JSON.stringify({ id, trace_id: trace, name: 'basket', ...times, http, fault: true, subsegments: [query] });
}

export interface Figures {
  readonly [figure: string]: number;
}

interface Shares {
  readonly p99: number;
  readonly max: number;
}

/** The output of loop-delay.mjs. */
interface LoopDelay {
  readonly late: Shares;
  readonly own: Shares;
  /** The turn with the most work: its duration, and the time in collections. */
  readonly longest: { readonly ms: number; readonly gcMs: number };
}

/** A local X-Ray that was started with loop-delay.mjs, and its measurements. */
export class MeasuredLocal {
  readonly #daemon: DaemonProcess;
  readonly #file: string;
  readonly #rate: number;
  readonly #load: Load;
  #failures = 0;

  constructor(daemon: DaemonProcess, file: string, rate: number) {
    this.#rate = rate;
    this.#daemon = daemon;
    this.#file = file;
    this.#load = new Load(daemon.udpPort);
  }

  close(): void {
    this.#load.close();
  }

  steady(perSecond: number, seconds: number): Promise<void> {
    return this.#load.steady(perSecond, seconds);
  }

  /** Sends `count` segments at the rate, waits until they are stored, and returns the cost and the losses. */
  async ingest(count: number): Promise<Figures> {
    const storedBefore = await this.#stored();
    const offeredBefore = this.#load.offered;
    await this.#loopDelay();
    const before = processStats(this.#daemon.pid);
    const startMs = performance.now();
    const sending = this.#load.steady(this.#rate, count / this.#rate);
    const progress = setInterval(() => void this.#say(storedBefore, count), 1_000);
    await sending;
    const offered = this.#load.offered - offeredBefore;
    const sentMs = performance.now() - startMs;
    let stored = (await this.#stored()) - storedBefore;
    for (let quietMs = 0; stored < offered && quietMs < 3_000;) {
      await sleep(50);
      const now = (await this.#stored()) - storedBefore;
      quietMs = now > stored ? 0 : quietMs + 50;
      stored = now;
    }
    clearInterval(progress);
    const after = processStats(this.#daemon.pid);
    const loop = await this.#loopDelay();
    return {
      offered,
      lost: offered - stored,
      offeredPerSecond: Math.round(offered / (sentMs / 1000)),
      storedAfterMs: Math.round(performance.now() - startMs - sentMs),
      cpuUsPerSegment: Number(((after.cpuUs - before.cpuUs) / Math.max(1, stored)).toPrecision(3)),
      residentMb: Math.round(after.residentMb),
      peakMb: Math.round(after.peakMb),
      fileMb: Math.round(statSync(this.#file).size / 1e6),
      loopOwnP99Ms: rounded(loop.own.p99),
      loopOwnMaxMs: rounded(loop.own.max),
      longestTurnMs: rounded(loop.longest.ms),
      longestTurnGcMs: rounded(loop.longest.gcMs),
      loopLateP99Ms: rounded(loop.late.p99),
      loopLateMaxMs: rounded(loop.late.max),
    };
  }

  /** Median and slowest answer of each kind of query, in ms, including the client's own work. */
  async questions(): Promise<Figures> {
    const now = Date.now() / 1000;
    const range = { StartTime: now - 3_600, EndTime: now + 60 };
    const { TraceSummaries } = await this.#post<{ TraceSummaries: { Id: string }[] }>('/TraceSummaries', range);
    const ids = TraceSummaries.map(({ Id }) => Id);
    const newest = await timed(async () => (await fetch(`${this.#daemon.tcpUrl}/traces.ndjson?limit=50`)).text());
    const rows = await timed(async () => (await fetch(`${this.#daemon.tcpUrl}/api/traces?limit=50`)).text());
    const trace = await timed((i) => this.#post('/Traces', { TraceIds: [ids[(i * 37) % ids.length]] }));
    const oldId = (i: number): string => `1-67423f1c-${(i * 1_001).toString(16).padStart(24, '0')}`;
    const oldTrace = await timed((i) => this.#post('/Traces', { TraceIds: [oldId(i)] }));
    const annotation = await timed((i) =>
      this.#post('/TraceSummaries', {
        ...range,
        FilterExpression: `annotation.customer = "c-${(i * 199) % CUSTOMERS}"`,
      }),
    );
    const texts: Figures[] = [];
    for (const [name, query] of Object.entries(TEXTS)) texts.push(await this.#found(name, query));
    const residentMb = Math.round(processStats(this.#daemon.pid).residentMb);
    return {
      ...named('newest', newest),
      ...named('newestRows', rows),
      ...named('trace', trace),
      ...named('oldTrace', oldTrace),
      ...named('annotation', annotation),
      ...Object.assign({}, ...texts),
      residentMb,
    };
  }

  /**
   * Failed requests that called a database, which the load lacks. Called before and after the store is filled, half of
   * them are as old as the store.
   */
  async putFailures(): Promise<void> {
    const now = Math.floor(Date.now() / 1000);
    for (let batch = 0; batch < FAILURES / 50; batch++) {
      const documents = Array.from({ length: 50 }, () => failedRequest(++this.#failures, now));
      await this.#post('/TraceSegments', { TraceSegmentDocuments: documents });
    }
  }

  /** Text queries, and the CPU of the process per query. */
  async #found(name: string, query: string): Promise<Figures> {
    const before = processStats(this.#daemon.pid);
    const times = await timed(async (i) => {
      const answer = await fetch(
        `${this.#daemon.tcpUrl}/api/traces?limit=50&${query.replaceAll('N', String((i * 19_937) % CUSTOMERS))}`,
      );
      const { rows } = (await answer.json()) as { rows?: unknown };
      if (!answer.ok || rows === undefined) throw new Error(`${query}: ${answer.status}`);
    });
    const after = processStats(this.#daemon.pid);
    return { ...named(name, times), [`${name}CpuMs`]: rounded((after.cpuUs - before.cpuUs) / 1000 / QUESTIONS) };
  }

  /** From sending a segment over UDP until BatchGetTraces returns it, polled about every millisecond. */
  async untilReadable(): Promise<Figures> {
    const times = await timed(async (i) => {
      const id = `1-67423f1d-${i.toString(16).padStart(24, '0')}`;
      const document = {
        id: i.toString(16).padStart(16, '0'),
        trace_id: id,
        name: 'one',
        start_time: Date.now() / 1000,
        end_time: Date.now() / 1000,
      };
      await this.#daemon.send(`{"format":"json","version":1}\n${JSON.stringify(document)}`);
      for (;;) {
        const { Traces } = await this.#post<{ Traces: object[] }>('/Traces', { TraceIds: [id] });
        if (Traces.length === 1) return;
        await sleep(1);
      }
    });
    return named('readable', times);
  }

  async #say(storedBefore: number, count: number): Promise<void> {
    if (process.stdout.isTTY)
      process.stdout.write(`\r\u001b[Kingest: ${(await this.#stored()) - storedBefore} of ${count} stored`);
  }

  async #stored(): Promise<number> {
    return (await this.#daemon.metrics())['xrayd_segments_sent_total'] ?? 0;
  }

  /** The loop delay since the last call. */
  async #loopDelay(): Promise<LoopDelay> {
    const before = this.#daemon.stderr.length;
    this.#daemon.kill('SIGUSR2');
    for (let tries = 0; tries < 200; tries++) {
      const line = /^\{"loopDelay":(.*)\}$/m.exec(this.#daemon.stderr.slice(before));
      if (line !== null) return JSON.parse(line[1]!) as LoopDelay;
      await sleep(10);
    }
    throw new Error('the measured process does not say its loop delay');
  }

  async #post<T>(path: string, body: object): Promise<T> {
    const answer = await fetch(this.#daemon.tcpUrl + path, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }
}

async function timed(ask: (i: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < QUESTIONS; i++) {
    const startMs = performance.now();
    await ask(i);
    times.push(performance.now() - startMs);
  }
  return times.sort((a, b) => a - b);
}

/** Median and maximum of sorted times, by the figure's name. */
export function named(name: string, times: readonly number[]): Figures {
  return { [`${name}P50Ms`]: rounded(times[Math.floor(times.length / 2)]!), [`${name}MaxMs`]: rounded(times.at(-1)!) };
}

function rounded(ms: number): number {
  return Number(ms.toPrecision(3));
}
