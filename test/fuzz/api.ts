import { Agent, request } from 'node:http';
import { DaemonProcess } from '../fakes/daemon-process.ts';
import { Random } from '../fakes/random.ts';
import { Bodies, type Request } from './bodies.ts';
import type { FuzzConfig } from './config.ts';
import { Collection, MemoryReadings } from './memory.ts';

/** Where the answer of AWS to some requests is a 500, it is ours. */
const FAILS_AT_AWS = new Set(['/TagResource', '/CreateSamplingRule', '/UpdateSamplingRule']);

export interface ApiFuzzResult {
  readonly requests: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Failures that are not the documented one (TagResource with a key twice), and answers that did not come. */
  readonly problems: readonly string[];
  readonly slowestMs: number;
  /** Resident memory in MB, the means of the second and of the last quarter of the time. */
  readonly memoryMb: readonly [early: number, late: number];
  /** Resident memory in MB when all threads have collected their garbage: after each quarter of the time. */
  readonly collectedMb: readonly number[];
  readonly isAlive: boolean;
}

const AT_ONCE = 4;
const QUARTERS = 4;
/** A question over everything may take a second a page; more is a hang. */
const HANG_MS = 10_000;
const MAX_PROBLEMS = 10;

/**
 * Asks a local X-Ray what it was not made for. Bounded in time; everything on loopback. The store is small, so that it
 * prunes all the time.
 */
export async function fuzzApi({
  durationMs,
  seed,
  command,
  onProgress = () => {},
}: FuzzConfig): Promise<ApiFuzzResult> {
  const random = new Random(seed);
  const bodies = await Bodies.of(random, seed);
  const args = ['local', '--region', 'eu-west-1', '--account-id', '123456789012', '--data-size', '20'];
  const collection = new Collection();
  const daemon = await new DaemonProcess({
    args,
    env: collection.env,
    ...(command === undefined ? {} : { command }),
  }).ready();
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const statuses: Record<string, number> = {};
  const problems: string[] = [];
  const memory = new MemoryReadings(daemon, durationMs);
  const startMs = performance.now();
  const collectedMb: number[] = [];
  let requests = 0;
  let slowestMs = 0;
  let nextProgressMs = 10_000;
  try {
    while (performance.now() - startMs < durationMs && daemon.isRunning && problems.length < MAX_PROBLEMS) {
      const batch = Array.from({ length: AT_ONCE }, () => bodies.next());
      const answers = await Promise.all(batch.map((each) => ask(daemon.tcpUrl, agent, each)));
      requests += batch.length;
      for (const [i, { status, text, tookMs }] of answers.entries()) {
        statuses[status] = (statuses[status] ?? 0) + 1;
        slowestMs = Math.max(slowestMs, tookMs);
        const { path, body } = batch[i]!;
        const isBad = typeof status === 'string' || (status >= 500 && !FAILS_AT_AWS.has(path));
        if (isBad) problems.push(`${status} ${path} ${body.toString().slice(0, 300)} → ${text.slice(0, 200)}`);
      }
      const elapsedMs = performance.now() - startMs;
      await memory.at(elapsedMs);
      if (collectedMb.length < QUARTERS - 1 && elapsedMs > ((collectedMb.length + 1) * durationMs) / QUARTERS)
        collectedMb.push(await collection.residentMb(daemon));
      if (elapsedMs > nextProgressMs) {
        nextProgressMs += 10_000;
        onProgress(
          `${Math.round(elapsedMs / 1000)} s: ${requests} requests, ${memory.lastMb.toFixed(0)} MB, slowest ${slowestMs.toFixed(0)} ms`,
        );
      }
    }
    if (daemon.isRunning) collectedMb.push(await collection.residentMb(daemon));
    return {
      requests,
      statuses,
      problems,
      slowestMs,
      memoryMb: memory.means(),
      collectedMb,
      isAlive: daemon.isRunning,
    };
  } finally {
    agent.destroy();
    await daemon.stop('SIGKILL');
    collection.end();
  }
}

interface Answer {
  readonly status: number | 'hang' | 'reset';
  readonly text: string;
  readonly tookMs: number;
}

function ask(url: string, agent: Agent, { method, path, body }: Request): Promise<Answer> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    const end = (status: Answer['status'], text: string): void =>
      resolve({ status, text, tookMs: performance.now() - startMs });
    const sent = request(url + path, { method, agent, timeout: HANG_MS }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += text.length < 1_000 ? chunk : ''));
      answer.on('end', () => end(answer.statusCode!, text));
      answer.on('error', (error) => end('reset', error.message));
    });
    sent.on('timeout', () => {
      end('hang', '');
      sent.destroy();
    });
    sent.on('error', (error) => end('reset', error.message));
    sent.end(body);
  });
}
