import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatAddress, type Address } from '../../pipeline/address.ts';
import { monotonicMs } from '../../pipeline/clock.ts';
import { messageOf } from '../../pipeline/errors.ts';
import { scrape } from '../daemon-metrics.ts';
import type { Checkup } from './findings.ts';

/** For the datagrams to be read and counted, also on a busy machine. */
const COUNTED_MS = 3_000;
const PROBE_MS = 8_000;
const POLL_MS = 50;
/** UDP may lose one. */
const AGAIN_MS = 1_000;

const FIREWALL =
  'Look for a firewall on this machine: iptables -S, nft list ruleset (rules for UDP, or a service mesh that redirects it)';

/**
 * Whether UDP reaches the daemon from this machine: sends it an empty datagram, which it counts as rejected and otherwise
 * ignores.
 */
export async function probeUdp(checkup: Checkup, target: Address, metrics: Address): Promise<void> {
  const name = formatAddress(target);
  const outcome = await checkup.run('udp', PROBE_MS, async (): Promise<'counted' | 'lost' | Error> => {
    const before = await emptyDatagrams(metrics);
    const endMs = monotonicMs() + COUNTED_MS;
    for (let sendAtMs = 0; monotonicMs() < endMs; await sleep(POLL_MS)) {
      if (monotonicMs() >= sendAtMs) {
        const problem = await sendEmpty(target);
        if (problem !== undefined) return problem;
        sendAtMs = monotonicMs() + AGAIN_MS;
      }
      if ((await emptyDatagrams(metrics)) > before) return 'counted';
    }
    return 'lost';
  });
  if (outcome === undefined) return;
  if (outcome === 'counted') checkup.add('udp', 'ok', `a datagram from this machine reaches ${name}`);
  else if (outcome === 'lost')
    checkup.add(
      'udp',
      'fail',
      `datagrams from this machine to ${name} do not reach the xrayd that listens there`,
      FIREWALL,
    );
  else checkup.add('udp', 'fail', `this machine cannot send to UDP ${name}: ${messageOf(outcome)}`, FIREWALL);
}

async function emptyDatagrams(address: Address): Promise<number> {
  const metrics = await scrape(address, COUNTED_MS);
  return metrics.sumOf('xrayd_segments_rejected_total', ({ reason }) => reason === 'empty');
}

/** Resolves with the error of the machine, such as EPERM of a firewall. */
async function sendEmpty({ host, port }: Address): Promise<Error | undefined> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    const { promise, resolve } = Promise.withResolvers<Error | null>();
    socket.send('', port, host, resolve);
    const error = await promise;
    return error ?? undefined;
  } finally {
    socket.close();
  }
}
