import { Agent } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { selfSigned } from '../../fakes/certificate.ts';
import { DaemonProcess } from '../../fakes/daemon-process.ts';
import { MemoryLimit } from '../../fakes/memory-limit.ts';
import { EXAMPLE_KEYS } from '../../fakes/xray.ts';
import { ledgerOf } from '../ledger.ts';
import { LOADS, type LoadName } from './loads.ts';

export type Mode = 'daemon' | 'local';

/** One process with a memory limit, under loads that all run at one time. */
export interface Cell {
  readonly id: string;
  readonly mode: Mode;
  readonly limitMb: number;
  readonly loads: readonly LoadName[];
}

export interface CellOutcome {
  /** The most that the control group counted, and the most of it that was no page cache. */
  readonly peakMb: number;
  readonly peakAnonymousMb: number;
  readonly answers: Readonly<Record<string, number>>;
  readonly received: number;
  readonly problems: readonly string[];
  readonly skipped?: string;
}

const LIMITS_MB: Readonly<Record<Mode, readonly number[]>> = {
  daemon: [128, 192, 256, 512],
  local: [128, 192, 256, 512],
};
const TCP = ['tcp-large', 'tcp-small', 'tcp-hostile'] as const;
const COMMON: readonly (readonly LoadName[])[] = [
  ['udp-small'],
  ['udp-large'],
  ['tcp-large'],
  ['tcp-small'],
  ['tcp-hostile'],
  ['headers'],
  ['udp-small', 'udp-large', ...TCP],
];
const LOADS_OF: Readonly<Record<Mode, readonly (readonly LoadName[])[]>> = {
  daemon: COMMON,
  local: [...COMMON.map((loads) => [...loads, 'queries'] as const), ['tcp-varied'], ['large-graphs', 'tcp-varied']],
};

/** `memory-daemon-128-tcp-large`, and so on; all loads at one time are `all`. */
export const CELLS: readonly Cell[] = (['daemon', 'local'] as const).flatMap((mode) =>
  LIMITS_MB[mode].flatMap((limitMb) =>
    LOADS_OF[mode].map((loads) => ({
      id: `memory-${mode}-${limitMb}-${loads.length > 2 ? 'all' : loads[0]!}`,
      mode,
      limitMb,
      loads,
    })),
  ),
);

const BUNDLE = [process.execPath, fileURLToPath(new URL('../../../dist/xrayd.cjs', import.meta.url))];
const GRPC = ['--otlp-grpc', '127.0.0.1:0'];
const FLAGS: Readonly<Record<Mode, readonly string[]>> = {
  daemon: ['-o', '-n', 'us-east-1', '--no-verify-ssl', ...GRPC],
  local: ['local', '--data-size', '200', ...GRPC],
};

const SENDS_NOTHING: ReadonlySet<LoadName | undefined> = new Set(['tcp-hostile', 'headers']);

/** X-Ray that answers 503 to everything, so that what was received waits. */
async function unavailableXRay(): Promise<Server> {
  const server = createServer(await selfSigned('localhost'), (incoming, response) => {
    incoming.resume();
    incoming.on('end', () => response.writeHead(503).end());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

export async function runCell({ mode, limitMb, loads }: Cell, { seconds }: { seconds: number }): Promise<CellOutcome> {
  const limit = MemoryLimit.create(limitMb * 1024 * 1024);
  if (limit === undefined) {
    return {
      peakMb: 0,
      peakAnonymousMb: 0,
      answers: {},
      received: 0,
      problems: [],
      skipped: 'this user may not make control groups',
    };
  }
  const xray = await unavailableXRay();
  const endpoint = ['--endpoint', `https://127.0.0.1:${(xray.address() as AddressInfo).port}`];
  const daemon = new DaemonProcess({
    command: limit.around(BUNDLE),
    args: [...FLAGS[mode], ...(mode === 'daemon' ? endpoint : [])],
    env: {
      ...EXAMPLE_KEYS,
      // As in the image and the systemd unit.
      MALLOC_ARENA_MAX: '1',
    },
  });
  const problems: string[] = [];
  const answers: Record<string, number> = {};
  let peakAnonymous = 0;
  const watch = setInterval(() => (peakAnonymous = Math.max(peakAnonymous, limit.anonymousBytes)), 50);
  let received = 0;
  try {
    await daemon.ready();
    const end = AbortSignal.timeout(seconds * 1000);
    const agent = new Agent({ keepAlive: true });
    const onAnswer = (status: number): void => void (answers[status] = (answers[status] ?? 0) + 1);
    let accepted = 0;
    const onAccepted = (documents: number): void => void (accepted += documents);
    const target = {
      udpPort: daemon.udpPort,
      tcpPort: Number(new URL(daemon.tcpUrl).port),
      httpPort: Number(new URL(daemon.httpUrl).port),
      grpcPort: daemon.portOf(/receiving OTLP over gRPC/),
      agent,
      signal: end,
      onAnswer,
      onAccepted,
    };
    await Promise.all(loads.map((name) => LOADS[name](target)));
    agent.destroy();
    await sleep(500);
    if (daemon.isRunning) {
      const ledger = ledgerOf(await daemon.metrics());
      received = ledger.received;
      if (ledger.imbalance !== 0) problems.push(`the identity is off by ${ledger.imbalance}`);
      if (ledger.sent < accepted) problems.push(`${accepted} documents were accepted, and ${ledger.sent} stored`);
      if (received === 0 && !SENDS_NOTHING.has(loads[0])) problems.push('nothing was received');
      const live = await fetch(`${daemon.httpUrl}/livez`, { signal: AbortSignal.timeout(5_000) });
      if (!live.ok) problems.push(`/livez answers ${live.status}`);
    } else {
      problems.push(`the process ended: ${JSON.stringify(await daemon.end())} ${daemon.stderr.slice(-500)}`);
    }
    const bugs = daemon.log.filter(({ msg }) => /please report/.test(msg));
    if (bugs.length > 0) problems.push(JSON.stringify(bugs[0]).slice(0, 500));
    for (const status of Object.keys(answers))
      if (Number(status) >= 500 && Number(status) !== 503) problems.push(`answers of ${status}`);
    if (limit.oomKills > 0) problems.push('killed for memory');
  } finally {
    clearInterval(watch);
    await daemon.stop('SIGKILL');
    xray.closeAllConnections();
    xray.close();
  }
  const peakMb = limit.peakBytes / 1024 / 1024;
  limit.remove();
  return { peakMb, peakAnonymousMb: peakAnonymous / 1024 / 1024, answers, received, problems };
}
