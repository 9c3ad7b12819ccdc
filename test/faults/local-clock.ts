import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { numbered, paddingOf, USUAL } from '../../bench/load/documents.ts';
import { Load } from '../../bench/load/load.ts';
import { DaemonProcess } from '../fakes/daemon-process.ts';
import { SetClock } from '../fakes/set-clock.ts';
import { ledgerOf } from './ledger.ts';
import { NOT_RUN, SHORT_LIMIT_MS, type Outcome, type Scale } from './scenario.ts';

const HOUR = 3_600;
const RATE = 20;
/**
 * From the sender to a list that is watched: a batch waits 50 ms, changes are told ten times a second, and the machine
 * is shared.
 */
const PROMPT_MS = 1_500;

const SLEEP_MS = 4_000;

/** A local X-Ray whose clock can be set, and its list of traces, followed as the page does. */
class WatchedLocal {
  readonly daemon: DaemonProcess;
  readonly clock: SetClock;
  readonly load: Load;
  readonly #folder: string;
  readonly #seenMs = new Map<string, number>();
  readonly #stop = new AbortController();

  private constructor(daemon: DaemonProcess, clock: SetClock, folder: string) {
    this.daemon = daemon;
    this.clock = clock;
    this.#folder = folder;
    this.load = new Load(daemon.udpPort);
  }

  static async start(): Promise<WatchedLocal> {
    const folder = mkdtempSync(join(tmpdir(), 'xrayd-clock-'));
    const clock = new SetClock(folder);
    const args = ['local', '--data', join(folder, 'traces.db')];
    const daemon = await new DaemonProcess({ args, env: { ...clock.env } }).ready();
    const local = new WatchedLocal(daemon, clock, folder);
    // It is answered when there is a trace.
    local.#follow().catch(() => {});
    return local;
  }

  /** Sends for so long, and resolves with the longest that a trace took until the list had it. */
  async sendAndWatch(seconds: number): Promise<number> {
    const startedMs = performance.now();
    await this.load.steady(RATE, seconds);
    const endMs = performance.now() + 10_000;
    while (this.#seenMs.size < this.load.offered && performance.now() < endMs) await sleep(20);
    let slowestMs = 0;
    for (let n = 0; n < this.load.offered; n++) {
      const sentMs = startedMs + (n * 1_000) / RATE;
      slowestMs = Math.max(slowestMs, (this.#seenMs.get(traceIdOf(n)) ?? Infinity) - sentMs);
    }
    return slowestMs;
  }

  /** How far the clock of the process is from the right time, in seconds. */
  async aheadSeconds(): Promise<number> {
    const { headers } = await fetch(`${this.daemon.httpUrl}/livez`);
    return (Date.parse(headers.get('date') ?? '') - Date.now()) / 1_000;
  }

  /** Every document that the X-Ray API gives for the traces that it lists. */
  async documents(): Promise<string[]> {
    const listed = await (await fetch(`${this.daemon.tcpUrl}/traces.ndjson`)).text();
    const ids = [...listed.matchAll(/"Id":"(1-67423f1c-[^"]+)"/g)].map(([, id]) => id!);
    const found: string[] = [];
    for (let i = 0; i < ids.length; i += 5) {
      const response = await fetch(`${this.daemon.tcpUrl}/Traces`, {
        method: 'POST',
        body: JSON.stringify({ TraceIds: ids.slice(i, i + 5) }),
      });
      const { Traces } = (await response.json()) as { Traces: { Segments: { Document: string }[] }[] };
      for (const { Segments } of Traces) for (const { Document } of Segments) found.push(Document);
    }
    return found;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.load.close();
    await this.daemon.stop('SIGKILL');
    SetClock.clear(this.daemon.pid);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #follow(): Promise<void> {
    const { body } = await fetch(`${this.daemon.tcpUrl}/traces.ndjson?follow=true`, { signal: this.#stop.signal });
    let text = '';
    for await (const chunk of body!) {
      text += Buffer.from(chunk).toString();
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const id = /"Id":"(1-67423f1c-[^"]+)"/.exec(line)?.[1];
        if (id !== undefined && !this.#seenMs.has(id)) this.#seenMs.set(id, performance.now());
      }
    }
  }
}

function traceIdOf(n: number): string {
  return `1-67423f1c-${n.toString(16).padStart(24, '0')}`;
}

/** The number of a document as X-Ray writes it anew, or that it is not what was sent. */
function numberOf(document: string): number | 'corrupted' {
  const read = JSON.parse(document) as { id: string; start_time: number };
  const n = Number.parseInt(read.id, 16);
  return isDeepStrictEqual(read, JSON.parse(numbered(n, paddingOf(USUAL), read.start_time.toFixed(6))))
    ? n
    : 'corrupted';
}

/** Resolves with how long the process slept, in ms. */
type Step = (local: WatchedLocal) => Promise<number>;

function scenario(id: string, title: string, step: Step) {
  return { id, title, isOurs: true as const, run: async () => 0, runAlone: (scale: Scale) => run(step, scale) };
}

async function run(step: Step, scale: Scale): Promise<Outcome> {
  const local = await WatchedLocal.start();
  try {
    // In the middle of the load, so that there is a batch that waits for its time.
    const [slowestMs, sleptMs] = await Promise.all([
      local.sendAndWatch(scale.seconds),
      sleep((scale.seconds * 1_000) / 3).then(() => step(local)),
    ]);
    const { offered } = local.load;
    const documents = await local.documents();
    const numbers = documents.map(numberOf);
    const known = new Set(numbers.filter((n) => typeof n === 'number' && n < offered));
    const outcome = {
      ...NOT_RUN,
      offered,
      slowestMs,
      delivered: known.size,
      missing: offered - known.size,
      duplicate: numbers.length - known.size,
      corrupted: numbers.filter((n) => n === 'corrupted').length,
    };
    const { imbalance, received, sent } = ledgerOf(await local.daemon.metrics());
    const problems = [
      outcome.missing > 0 && `${outcome.missing} missing`,
      outcome.duplicate > 0 && `${outcome.duplicate} twice, changed or unasked for`,
      (imbalance !== 0 || received !== offered || sent !== offered) &&
        `received ${received}, stored ${sent}, the identity off by ${imbalance}`,
      Math.abs(await local.aheadSeconds()) < HOUR / 2 &&
        'the clock of the process was not set: the scenario shows nothing',
      slowestMs > (scale.isFull ? PROMPT_MS + sleptMs : SHORT_LIMIT_MS) &&
        `a trace was listed after ${(slowestMs / 1_000).toFixed(1)} s`,
    ];
    return { ...outcome, problems: problems.filter((problem) => problem !== false) };
  } finally {
    await local.stop();
  }
}

export const LOCAL_CLOCKS = [
  scenario('clock-back-local', 'local X-Ray: the clock is set back an hour, and again', ({ clock }) =>
    setTwice(clock, -HOUR),
  ),
  scenario('clock-ahead-local', 'local X-Ray: the clock is set ahead two hours, and again', ({ clock }) =>
    setTwice(clock, 2 * HOUR),
  ),
  scenario(
    'suspend-local',
    'local X-Ray: the process sleeps while the clock is set back an hour',
    async ({ daemon, clock }) => {
      daemon.kill('SIGSTOP');
      clock.set(-HOUR);
      await sleep(SLEEP_MS);
      daemon.kill('SIGCONT');
      return SLEEP_MS;
    },
  ),
];

async function setTwice(clock: SetClock, seconds: number): Promise<number> {
  clock.set(seconds);
  await sleep(530);
  clock.set(2 * seconds);
  return 0;
}
