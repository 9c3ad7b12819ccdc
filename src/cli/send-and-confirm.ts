import { lookup } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatAddress, type Address } from '../pipeline/address.ts';
import { within } from '../pipeline/deadline.ts';
import { messageOf, XraydError } from '../pipeline/errors.ts';
import { DaemonMetrics, readMetrics } from './daemon-metrics.ts';

/** Covers one pod replacement during a rolling update. */
const TIMEOUT_MS = 12_000;
const ATTEMPT_MS = 3_000;
const POLL_MS = 100;
/** A batch waits a second for more segments, and a call takes some 100 ms. */
const DELIVERY_MS = 3_000;
const LOOKUP_MS = 5_000;

interface Counted {
  readonly received: number;
  /** Accepted by X-Ray. */
  readonly sent: number;
  /** Distinguishes consecutive daemons behind the same address. */
  readonly startedAt: number | undefined;
}

/** The target of an attempt, the address of the metrics, and the count before the attempt. */
interface Attempt {
  readonly target: Address;
  readonly metricsAddress: string;
  readonly before: Counted;
}

/** What is sent: `send` may be called again, for another daemon. */
interface Sending {
  readonly send: (target: Address) => Promise<void>;
  /** Number of segments. */
  readonly count: number;
}

/**
 * Sends segments to a daemon and waits until the /metrics at `metrics` have counted as many more.
 * A name with several addresses, such as a headless Service's, is resolved once, so that segments and scrapes reach the
 * same daemon.
 * If a rolling update separates them, it starts over with the look-up, for 12 s in total.
 * Resolves with the daemon and its count. Throws XRAYD_SEND if none counted the segments, and at once if the metrics
 * cannot be read at the start.
 */
export async function sendAndConfirm({ send, count }: Sending, to: Address, metrics: Address): Promise<string> {
  const endMs = performance.now() + TIMEOUT_MS;
  let attempt = await begin(to, metrics);
  for (;;) {
    let failure: unknown;
    try {
      await send(attempt.target);
      const received = await countedIn(attempt, count);
      if (received >= count) {
        const by = `the daemon at ${attempt.metricsAddress} has counted ${received} more segments`;
        return `${by}${await deliveredSince(attempt, count)}`;
      }
      failure = notCounted(count, received, attempt);
    } catch (error) {
      failure = error;
    }
    if (performance.now() > endMs) throw failure;
    await sleep(POLL_MS);
    attempt = await begin(to, metrics).catch(() => attempt);
  }
}

async function begin(to: Address, metrics: Address): Promise<Attempt> {
  const host = await addressOf(to.host);
  const metricsAddress = formatAddress({
    host: metrics.host === to.host ? host : await addressOf(metrics.host),
    port: metrics.port,
  });
  return { target: { host, port: to.port }, metricsAddress, before: await countedBy(metricsAddress) };
}

/**
 * How many segments the daemon has counted since, once that is enough or the attempt's time is over; 0 if another
 * daemon answers.
 */
async function countedIn({ metricsAddress, before }: Attempt, wanted: number): Promise<number> {
  const endMs = performance.now() + ATTEMPT_MS;
  for (;;) {
    const now = await countedBy(metricsAddress);
    const received = now.startedAt === before.startedAt ? now.received - before.received : 0;
    if (received >= wanted || performance.now() > endMs) return received;
    await sleep(POLL_MS);
  }
}

/** For the end of the sentence: whether X-Ray has accepted as many since. A local X-Ray stores them at once. */
async function deliveredSince({ metricsAddress, before }: Attempt, wanted: number): Promise<string> {
  const endMs = performance.now() + DELIVERY_MS;
  for (;;) {
    const sent = await countedBy(metricsAddress).then(
      (now) => now.sent,
      () => undefined,
    );
    // It counted them, and has ended since.
    if (sent === undefined) return '';
    if (sent - before.sent >= wanted) return ', and delivered as many';
    if (performance.now() > endMs)
      return '. They are received, and not delivered to X-Ray yet: xrayd doctor finds out why';
    await sleep(POLL_MS);
  }
}

function notCounted(sent: number, received: number, { target, metricsAddress }: Attempt): XraydError {
  const reason = `of ${sent} segments sent to UDP ${formatAddress(target)}, the daemon at ${metricsAddress} counted ${received}`;
  return new XraydError('XRAYD_SEND', `${reason}. Is it the same daemon, and does UDP reach it?`);
}

async function addressOf(host: string): Promise<string> {
  try {
    return (await within(LOOKUP_MS, 'DNS', () => lookup(host))).address;
  } catch (error) {
    throw new XraydError('XRAYD_SEND', `cannot look up ${host}: ${messageOf(error)}`, { cause: error });
  }
}

async function countedBy(address: string): Promise<Counted> {
  try {
    // A new connection each time: a kept-alive one would keep reaching a daemon that is terminating.
    const { status, text } = await readMetrics(address, ATTEMPT_MS);
    if (!DaemonMetrics.isIn(text)) throw new Error(`HTTP ${status}, not the metrics of xrayd`);
    const metrics = new DaemonMetrics(text);
    return {
      received: metrics.sum('xrayd_segments_received_total') ?? 0,
      sent: metrics.sum('xrayd_segments_sent_total') ?? 0,
      startedAt: metrics.sum('process_start_time_seconds'),
    };
  } catch (error) {
    const remedy = "--confirm takes the address of the daemon's health and metrics";
    throw new XraydError('XRAYD_SEND', `cannot read http://${address}/metrics: ${messageOf(error)}. ${remedy}`, {
      cause: error,
    });
  }
}
