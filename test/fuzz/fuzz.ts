import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';
import { DATAGRAMS, HEADER, SAMPLING_REQUESTS } from '../fakes/fixtures.ts';
import { mutated, Random } from '../fakes/random.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';
import { ledgerOf } from '../faults/ledger.ts';
import type { FuzzConfig } from './config.ts';
import { MemoryReadings } from './memory.ts';

export interface FuzzResult {
  readonly datagrams: number;
  readonly requests: number;
  readonly received: number;
  readonly kernelDrops: number;
  /** What the identity leaves unexplained; 0. */
  readonly imbalance: number;
  readonly rejected: number;
  readonly sent: number;
  readonly unprocessed: number;
  readonly dropped: number;
  /**
   * Resident memory in MB, the means of the second and of the last quarter of the time: single readings are 15 MB apart
   * between two collections of garbage.
   */
  readonly memoryMb: readonly [early: number, late: number];
  readonly isAlive: boolean;
  readonly hasPayloadInLog: boolean;
  readonly logLines: number;
  readonly stderr: string;
}

/** In every payload that is made here, so that a payload in the log is found. */
const MARKER = 'pAyLoAdMaRkEr';
const DATAGRAMS_A_ROUND = 40;

/** Sends a daemon what it was not made for, and counts what became of it. Bounded in time; everything on loopback. */
export async function fuzz({ durationMs, seed, command, onProgress = () => {} }: FuzzConfig): Promise<FuzzResult> {
  const random = new Random(seed);
  const xray = await new FakeXRay().start();
  const daemon = new DaemonProcess({
    args: ['--endpoint', xray.url, '-n', 'us-east-1'],
    env: EXAMPLE_KEYS,
    ...(command === undefined ? {} : { command }),
  });
  const socket = createSocket('udp4');
  try {
    await daemon.ready();
    const { udpPort } = daemon;
    const tcpPort = Number(new URL(daemon.tcpUrl).port);
    const startMs = performance.now();
    let datagrams = 0;
    let requests = 0;
    const memory = new MemoryReadings(daemon, durationMs);
    let nextProgressMs = 10_000;
    while (performance.now() - startMs < durationMs && daemon.isRunning) {
      const batch = Array.from({ length: DATAGRAMS_A_ROUND }, () => datagramOf(random));
      await Promise.all(
        batch.map(
          (datagram) =>
            new Promise<void>((done, fail) =>
              socket.send(datagram, udpPort, '127.0.0.1', (error) => (error ? fail(error) : done())),
            ),
        ),
      );
      datagrams += batch.length;
      await throwAt(tcpPort, requestOf(random));
      requests++;
      // The fake keeps what it was asked; a long run must not fill this process.
      xray.requests.length = 0;
      xray.documents.length = 0;
      const elapsedMs = performance.now() - startMs;
      await memory.at(elapsedMs);
      if (elapsedMs > nextProgressMs) {
        nextProgressMs += 10_000;
        onProgress(
          `${Math.round(elapsedMs / 1000)} s: ${datagrams} datagrams, ${requests} requests, ${memory.lastMb.toFixed(0)} MB`,
        );
      }
    }
    const offered = datagrams;
    await eventually(async () => {
      const { received, kernelDrops, here } = ledgerOf(await daemon.metrics());
      return received + kernelDrops >= offered && here === 0;
    }, 60_000);
    const { received, sent, kernelDrops, rejected, unprocessed, dropped, imbalance } = ledgerOf(await daemon.metrics());
    const log = daemon.stdout + daemon.stderr;
    return {
      datagrams,
      requests,
      received,
      kernelDrops,
      imbalance,
      rejected,
      sent,
      unprocessed,
      dropped,
      memoryMb: memory.means(),
      isAlive: daemon.isRunning,
      hasPayloadInLog: log.includes(MARKER),
      logLines: daemon.log.length,
      stderr: daemon.stderr,
    };
  } finally {
    socket.close();
    await daemon.stop('SIGKILL');
    await xray.stop();
  }
}

function datagramOf(random: Random): Buffer {
  const kind = random.next();
  if (kind < 0.2) return Buffer.concat([random.bytes(random.below(200)), Buffer.from(MARKER)]);
  if (kind < 0.3) return Buffer.concat([Buffer.from(HEADER), random.bytes(random.below(300)), Buffer.from(MARKER)]);
  if (kind < 0.31) return Buffer.alloc(0);
  if (kind < 0.32) return Buffer.concat([Buffer.from(HEADER), Buffer.from('['.repeat(20_000)), Buffer.from(MARKER)]);
  return Buffer.concat([mutated(random.pick(DATAGRAMS).datagram, random), Buffer.from(MARKER)]);
}

function requestOf(random: Random): Buffer {
  return random.next() < 0.1
    ? random.bytes(random.below(400))
    : mutated(random.pick(SAMPLING_REQUESTS).request, random);
}

/** Writes bytes to a TCP port and goes away after a short while, answered or not. */
export async function throwAt(port: number, bytes: Buffer): Promise<void> {
  await new Promise<void>((done) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const timer = setTimeout(() => socket.destroy(), 25);
    socket.on('error', () => {});
    socket.on('data', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      done();
    });
  });
}
