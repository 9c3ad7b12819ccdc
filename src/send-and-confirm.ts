import { lookup } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatAddress, type Address } from './pipeline/address.ts';
import { messageOf, XraydError } from './pipeline/errors.ts';
import { sendDocuments } from './sample-trace.ts';

const TIMEOUT_MS = 10_000;
const RECEIVED = /^xrayd_segments_received_total (\d+)$/m;

/**
 * Sends documents to a daemon and waits, for 10 s at most, until the /metrics at `metrics` have counted as many more segments.
 * A name with several addresses, such as a headless Service's, is looked up once: the daemon that is asked is the one that was sent to.
 * Says which daemon counted what; throws XRAYD_SEND when it did not.
 */
export async function sendAndConfirm(documents: readonly string[], to: Address, metrics: Address): Promise<string> {
  const host = await addressOf(to.host);
  const target = { host, port: to.port };
  const metricsAddress = formatAddress({ host: metrics.host === to.host ? host : await addressOf(metrics.host), port: metrics.port });
  const before = await receivedBy(metricsAddress);
  await sendDocuments(documents, target);
  const endMs = performance.now() + TIMEOUT_MS;
  for (;;) {
    const received = (await receivedBy(metricsAddress)) - before;
    if (received >= documents.length) return `the daemon at ${metricsAddress} has counted ${received} more segments`;
    if (performance.now() > endMs) {
      const reason = `of ${documents.length} segments sent to UDP ${formatAddress(target)}, the daemon at ${metricsAddress} counted ${received}`;
      throw new XraydError('XRAYD_SEND', `${reason}. Is it the same daemon, and does UDP reach it?`);
    }
    await sleep(100);
  }
}

async function addressOf(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw new XraydError('XRAYD_SEND', `cannot look up ${host}: ${messageOf(error)}`, { cause: error });
  }
}

async function receivedBy(address: string): Promise<number> {
  const url = `http://${address}/metrics`;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(3_000) });
    const count = RECEIVED.exec(await answer.text())?.[1];
    if (count === undefined) throw new Error(`HTTP ${answer.status}, not the metrics of xrayd`);
    return Number(count);
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    throw new XraydError(
      'XRAYD_SEND',
      `cannot read ${url}: ${messageOf(cause ?? error)}. --confirm takes the address of the daemon's health and metrics`,
      {
        cause: error,
      },
    );
  }
}
