import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { FLOOD_FROM } from '../../../bench/load/documents.ts';
import { Load } from '../../../bench/load/load.ts';
import { DaemonProcess } from '../../fakes/daemon-process.ts';
import { DATAGRAMS } from '../../fakes/fixtures.ts';
import { mutated, Random } from '../../fakes/random.ts';
import type { Harness } from '../harness.ts';
import type { Scenario } from '../scenario.ts';

const strangers = new WeakMap<Harness, number>();
const stranger = (harness: Harness, count: number): unknown =>
  strangers.set(harness, (strangers.get(harness) ?? 0) + count);
const slowest = new WeakMap<Harness, number>();

/** Senders and clients that mean no good, while the load goes on. */
export const HOSTILE: readonly Scenario[] = [
  {
    id: 'R18',
    isBusy: true,
    title: 'garbage among the load: rejected and counted, nothing else lost',
    isOurs: true,
    run: async (harness, { seconds }) => {
      const load = harness.load.steady(500, seconds);
      const random = new Random(18);
      const socket = createSocket('udp4');
      const endMs = performance.now() + seconds * 1000;
      while (performance.now() < endMs) {
        for (let i = 0; i < 20; i++) {
          // Without the braces of a header none of it is a segment.
          const bytes = Buffer.from(
            mutated(random.pick(DATAGRAMS).datagram, random).toString('latin1').replaceAll('{', '('),
            'latin1',
          );
          socket.send(bytes, harness.port, '127.0.0.1');
          stranger(harness, 1);
        }
        await new Promise((next) => setTimeout(next, 10));
      }
      socket.close();
      await load;
      return harness.settle();
    },
    extra: (harness) => strangers.get(harness) ?? 0,
  },
  {
    id: 'R19',
    isBusy: true,
    title: 'one sender floods: health, sampling and metrics answer within 1 s, every loss is counted',
    isOurs: true,
    mayLose: true,
    run: async (harness, { isFull }) => {
      const seconds = isFull ? 15 : 3;
      const flood = new Load(harness.port, { first: FLOOD_FROM });
      const flooded = flood.steady(200_000, seconds);
      const load = harness.load.steady(100, seconds);
      const { httpUrl } = harness.daemon;
      const tcpUrl = `http://127.0.0.1:${harness.port}`;
      const endMs = performance.now() + seconds * 1000;
      let worst = 0;
      while (performance.now() < endMs) {
        for (const [url, method] of [
          [`${httpUrl}/livez`, 'GET'],
          [`${httpUrl}/metrics`, 'GET'],
          [`${tcpUrl}/GetSamplingRules`, 'POST'],
        ] as const) {
          const startMs = performance.now();
          const answer = await fetch(url, {
            method,
            ...(method === 'POST' ? { body: '{}' } : {}),
            signal: AbortSignal.timeout(10_000),
          });
          await answer.arrayBuffer();
          if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
          worst = Math.max(worst, performance.now() - startMs);
        }
        await new Promise((next) => setTimeout(next, 50));
      }
      // The short version runs beside other tests: there an answer has to come, and how soon is for `npm run faults` to
      // judge.
      slowest.set(harness, isFull ? worst : 0);
      await load;
      await flooded;
      flood.close();
      const sent = flood.offered;
      harness.onProgress(`${sent} flooded in ${seconds} s, slowest answer ${Math.round(worst)} ms`);
      await harness.quiet();
      const { received, kernelDrops } = await harness.ledger();
      const seen = received + kernelDrops - harness.load.offered - sent;
      if (seen < 1 || seen > 50)
        throw new Error(
          `${sent} flooded and ${harness.load.offered} offered, but received ${received} and dropped ${kernelDrops} by the kernel`,
        );
      // Of what was lost it cannot be told whose it was.
      const { delivered } = harness.verdict();
      stranger(harness, (await harness.ledger()).dropped + kernelDrops - (harness.load.offered - delivered));
      return 0;
    },
    check: (_outcome, harness) => [
      (slowest.get(harness) ?? 0) > 1_000 && `an answer took ${Math.round(slowest.get(harness) ?? 0)} ms`,
    ],
    extra: (harness) => strangers.get(harness) ?? 0,
  },
  {
    id: 'R21',
    isBusy: true,
    title: 'idle connections, slow requests and large bodies on TCP 2000, while no segment is lost',
    isOurs: true,
    run: async (harness, { seconds, isFull }) => {
      const load = harness.load.steady(500, Math.min(seconds, 20));
      const sockets = Array.from({ length: isFull ? 10_000 : 1_000 }, () =>
        connect(harness.port, '127.0.0.1').on('error', () => {}),
      );
      const requests = [
        'POST /GetSamplingRules HTTP/1.1\r\nX: ',
        `POST /TraceSegments HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n${'x'.repeat(100_000)}`,
        `POST /TraceSegments HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n${'x'.repeat(1_000_000)}`,
        '\0\x01garbage\r\n\r\n',
        'POST /GetSamplingRules HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}'.repeat(50),
      ];
      for (const [i, socket] of sockets.entries())
        if (i % 10 === 0) socket.write(requests[(i / 10) % requests.length]!);
      await load;
      for (const socket of sockets) socket.destroy();
      return harness.settle();
    },
  },
  {
    id: 'R22',
    title: 'a second daemon on the same port: it ends with a clear error, the first goes on',
    isOurs: true,
    run: async (harness) => {
      await harness.load.burst(100);
      const address = `127.0.0.1:${harness.port}`;
      const second = new DaemonProcess({
        args: ['-o', '-n', 'us-east-1', '-b', address, '-t', address, '--http-address', 'off'],
        hasFreePorts: false,
      });
      const { code } = await second.end();
      if (code !== 1 || !/another xrayd \(daemon, pid \d+\) runs here/.test(second.stderr))
        throw new Error(`exit code ${code}: ${second.stderr}`);
      await harness.load.burst(100);
      return harness.settle();
    },
  },
];
