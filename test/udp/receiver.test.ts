import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { XraydError } from '../../src/pipeline/errors.ts';
import type { Chunk, DocumentSink } from '../../src/pipeline/segment.ts';
import { socketBufferRemedy, UdpReceiver } from '../../src/udp/receiver.ts';
import { QUIET_MS } from '../../src/udp/worker-messages.ts';
import { eventually } from '../fakes/eventually.ts';
import { DATAGRAMS, HEADER } from '../fakes/fixtures.ts';
import { MemoryLog } from '../fakes/log.ts';

class MemorySink implements Pick<DocumentSink, 'push'> {
  readonly documents: Buffer[] = [];
  /** Documents of each chunk. */
  readonly chunks: number[] = [];

  push({ count, ends, bytes }: Chunk): void {
    this.chunks.push(count);
    for (let i = 0; i < count; i++)
      this.documents.push(Buffer.from(bytes.subarray(i === 0 ? 0 : ends[i - 1], ends[i])));
  }
}

/** Whether the receivers that a test starts may use recvmmsg. */
let isNative = true;
const receivers: UdpReceiver[] = [];
/** Node 26 has it, Node 24 does not. */
const hasFfi = process.getBuiltinModule('node:ffi') !== undefined;
afterEach(async () => {
  for (const receiver of receivers.splice(0)) await receiver.stop(AbortSignal.abort());
});

async function start(
  host = '127.0.0.1',
  port = 0,
  maxAgeMs = 20,
): Promise<{ receiver: UdpReceiver; sink: MemorySink; log: MemoryLog }> {
  const sink = new MemorySink();
  const log = new MemoryLog();
  const receiver = new UdpReceiver({ host, port, maxAgeMs, isNative }, { sink, log });
  receivers.push(receiver);
  await receiver.start();
  return { receiver, sink, log };
}

/** Sends a datagram to `port` about every 2 ms until `isOver`, which gets the number of those sent. */
async function flow(port: number, isOver: (sent: number) => boolean): Promise<number> {
  const socket = createSocket('udp4');
  let sent = 0;
  for (; !isOver(sent); sent++) {
    await new Promise<void>((done) => socket.send(Buffer.from(HEADER + sent), port, '127.0.0.1', () => done()));
    await sleep(2);
  }
  socket.close();
  return sent;
}

async function send(host: string, port: number, datagrams: readonly Buffer[]): Promise<void> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  for (const datagram of datagrams)
    await new Promise<void>((done, fail) =>
      socket.send(datagram, port, host, (error) => (error ? fail(error) : done())),
    );
  socket.close();
}

describe.each([true, false])('with recvmmsg if the platform has it: %s', (native) => {
  beforeEach(() => {
    isNative = native;
  });

  test('hands every recorded document over byte for byte', async () => {
    const { receiver, sink } = await start();
    await send(
      '127.0.0.1',
      receiver.address!.port,
      DATAGRAMS.map(({ datagram }) => datagram),
    );
    await eventually(() => sink.documents.length === DATAGRAMS.length);
    expect(sink.documents).toEqual(DATAGRAMS.map(({ document }) => Buffer.from(document)));
  });

  test('counts nothing before the first datagram: the warm-up leaves no trace', async () => {
    const { receiver, sink, log } = await start();
    await sleep(50);
    expect(receiver.read()).toEqual({ received: 0, rejected: { empty: 0, no_document: 0, bad_header: 0 }, held: 0 });
    expect(sink.documents).toEqual([]);
    expect(log.lines.map(({ message }) => message)).toEqual(['receiving segments on UDP']);
  });

  test('after caughtUp, everything sent before is counted, without timing', async () => {
    const { receiver } = await start();
    let sent = 0;
    for (const count of [1, 15, 16, 40, 100, 3]) {
      await send('127.0.0.1', receiver.address!.port, Array<Buffer>(count).fill(Buffer.from(`${HEADER}a`)));
      sent += count;
      await Promise.all([receiver.caughtUp(), receiver.caughtUp()]);
      expect(receiver.read().received).toBe(sent);
    }
    await receiver.stop(AbortSignal.abort());
    await receiver.caughtUp();
  });

  test('receives a datagram of 65,507 bytes whole', async () => {
    const { receiver, sink } = await start();
    const datagram = Buffer.alloc(65_507, 'a');
    datagram.write(HEADER);
    await send('127.0.0.1', receiver.address!.port, [datagram]);
    await eventually(() => sink.documents.length === 1);
    expect(sink.documents[0]).toEqual(datagram.subarray(HEADER.length));
  });

  test.each([
    ['::1', '::1'],
    ['::', '::1'],
    ['::', '127.0.0.1'],
    ['0.0.0.0', '127.0.0.1'],
  ])('receives, bound to %s, from %s', async (host, from) => {
    const { receiver, sink } = await start(host);
    await send(from, receiver.address!.port, [Buffer.from(`${HEADER}a`)]);
    await eventually(() => sink.documents.length === 1);
  });

  test('logs the sender of the first segment, once', async () => {
    const { receiver, sink, log } = await start();
    await send('127.0.0.1', receiver.address!.port, [Buffer.from(`${HEADER}a`), Buffer.from(`${HEADER}b`)]);
    await eventually(() => sink.documents.length === 2 && log.find(/first segment/).length > 0);
    expect(log.find(/first segment received from 127\.0\.0\.1/, 'info')).toHaveLength(1);
  });

  test('counts each rejection by reason, logs it at most once in ten seconds, and never shows the payload', async () => {
    const { receiver, log } = await start();
    await send('127.0.0.1', receiver.address!.port, [
      Buffer.alloc(0),
      Buffer.from('secret-1'),
      Buffer.from('secret-2'),
      Buffer.from('secret\nx'),
    ]);
    await eventually(() => receiver.read().received === 4 && log.find(/rejected/).length === 2);
    expect(receiver.read().rejected).toEqual({ empty: 1, no_document: 2, bad_header: 1 });
    expect(log.find(/rejected/).map(({ fields }) => [fields['reason'], fields['bytes']])).toEqual([
      ['no_document', 8],
      ['bad_header', 8],
    ]);
    expect(JSON.stringify(log.lines)).not.toContain('secret');
  });

  test('stop reads what the kernel holds before it closes the socket', async () => {
    const { receiver, sink } = await start();
    const datagrams = Array.from({ length: 500 }, (_, i) => Buffer.from(HEADER + i));
    await send('127.0.0.1', receiver.address!.port, datagrams);
    await receiver.stop(AbortSignal.timeout(5_000));
    expect(sink.documents).toHaveLength(500);
    expect(receiver.read()).toMatchObject({ received: 500, held: 0 });
  });

  test('stop keeps reading while a sender does not pause', async () => {
    const { receiver, sink } = await start();
    const { port } = receiver.address!;
    const stopped = receiver.stop(AbortSignal.timeout(5_000));
    const socket = createSocket('udp4');
    let sent = 0;
    let sentInTime: number | undefined;
    let lastMs = performance.now();
    // Five times as long as the pause after which the socket counts as drained.
    const endMs = lastMs + 100;
    while (performance.now() < endMs) {
      await new Promise<void>((done) => socket.send(Buffer.from(`${HEADER}x`), port, '127.0.0.1', () => done()));
      const nowMs = performance.now();
      // A sender that gets no CPU does pause, and the rest may be lost.
      if (nowMs - lastMs > QUIET_MS / 2) sentInTime ??= sent;
      lastMs = nowMs;
      sent++;
      // This thread also empties the ring: without a turn of the event loop it would fill up, and then the socket buffer.
      if (sent % 5 === 0) await sleep(1);
    }
    socket.close();
    await stopped;
    if (sentInTime === undefined) expect(sink.documents).toHaveLength(sent);
    else expect(sink.documents.length).toBeGreaterThanOrEqual(sentInTime);
  });

  test('stop is legal before start and twice', async () => {
    const receiver = new UdpReceiver(
      { host: '127.0.0.1', port: 0, maxAgeMs: 20, isNative },
      { sink: new MemorySink(), log: new MemoryLog() },
    );
    await receiver.stop(AbortSignal.timeout(1_000));
    const { receiver: started } = await start();
    await Promise.all([started.stop(AbortSignal.timeout(1_000)), started.stop(AbortSignal.timeout(1_000))]);
  });

  test('a stop during the start takes effect', async () => {
    const log = new MemoryLog();
    const receiver = new UdpReceiver(
      { host: '127.0.0.1', port: 0, maxAgeMs: 20, isNative },
      { sink: new MemorySink(), log },
    );
    const starting = receiver.start();
    const deadline = AbortSignal.timeout(100_000);
    await receiver.stop(deadline);
    await starting;
    expect(deadline.aborted).toBe(false);
    expect(receiver.state.state).toBe('off');
    expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('a stop whose deadline is over ends a start too', async () => {
    const log = new MemoryLog();
    const receiver = new UdpReceiver(
      { host: '127.0.0.1', port: 0, maxAgeMs: 20, isNative },
      { sink: new MemorySink(), log },
    );
    const starting = receiver.start();
    await receiver.stop(AbortSignal.abort());
    await starting;
    expect(receiver.state.state).toBe('off');
    expect(receiver.address).toBeUndefined();
  });

  test('goes on after hundreds of datagrams, for each of which it has waited', async () => {
    const { receiver, sink } = await start();
    for (let sent = 1; sent <= 300; sent++) {
      await send('127.0.0.1', receiver.address!.port, [Buffer.from(`${HEADER}a`)]);
      // Long enough for the thread to have read it, rested, and waited again; if not, it waits a few times less.
      await sleep(4);
    }
    await eventually(() => sink.documents.length === 300);
    expect(receiver.state.state).toBe('ok');
  });

  test('hands a chunk of a steady flow over when it is full, and the last one when it is due', async () => {
    const { receiver, sink } = await start('127.0.0.1', 0, 1_000);
    await flow(receiver.address!.port, (sent) => sent === 120);
    await eventually(() => sink.documents.length === 120);
    expect(sink.documents).toEqual(Array.from({ length: 120 }, (_, i) => Buffer.from(String(i))));
    expect(sink.chunks).toEqual([50, 50, 20]);
  });

  test('a steady flow keeps it neither from catching up nor from stopping', async () => {
    const { receiver } = await start('127.0.0.1', 0, 60_000);
    let isOver = false;
    let sent = 0;
    const flowing = flow(receiver.address!.port, (count) => {
      sent = count;
      return isOver;
    });
    await eventually(() => sent >= 10);
    for (let i = 0; i < 3; i++) {
      const before = sent;
      await receiver.caughtUp();
      expect(receiver.read().received).toBeGreaterThanOrEqual(before);
    }
    const deadline = AbortSignal.timeout(100_000);
    await receiver.stop(deadline);
    isOver = true;
    await flowing;
    expect(deadline.aborted).toBe(false);
    expect(receiver.state.state).toBe('off');
  });

  test('names how it receives', async () => {
    const { log } = await start();
    expect(log.find(/receiving segments on UDP/)[0]?.fields['method']).toBe(
      isNative && process.platform === 'linux' && hasFfi ? 'recvmmsg' : 'node:dgram',
    );
  });

  test('names the sender of a rejected datagram', async () => {
    for (const [host, from, name] of [
      ['127.0.0.1', '127.0.0.1', '127.0.0.1'],
      ['::1', '::1', '::1'],
      ['::', '127.0.0.1', '::ffff:127.0.0.1'],
    ] as const) {
      const { receiver, log } = await start(host);
      await send(from, receiver.address!.port, [Buffer.from('nothing')]);
      await eventually(() => log.find(/rejected/).length === 1);
      expect(log.find(/rejected/)[0]?.fields['from']).toBe(name);
    }
  });

  test.runIf(process.platform === 'linux')(
    'counts every datagram that the kernel dropped, and logs the remedy',
    async () => {
      const { receiver, log } = await start();
      const { port } = receiver.address!;
      // More than the ring and the largest socket buffer hold, while the thread that hands over is kept busy.
      const datagram = Buffer.concat([Buffer.from(HEADER), Buffer.alloc(60_000, 'a')]);
      const socket = createSocket('udp4');
      let sent = 0;
      const pending: Promise<void>[] = [];
      for (; sent < 2_000; sent++)
        pending.push(new Promise((done) => socket.send(datagram, port, '127.0.0.1', () => done())));
      const endMs = performance.now() + 300;
      while (performance.now() < endMs);
      await Promise.all(pending);
      await eventually(() => receiver.read().received + receiver.kernelDrops() === sent);
      socket.close();
      expect(receiver.kernelDrops()).toBeGreaterThan(0);
      expect(log.find(/kernel dropped/, 'error').length).toBeGreaterThan(0);
    },
  );
});

test('a port in use rejects the start', async () => {
  const { receiver } = await start();
  await expect(start('127.0.0.1', receiver.address!.port)).rejects.toSatisfy(
    (error) => error instanceof XraydError && error.code === 'XRAYD_BIND',
  );
});

test('names the sysctl if the kernel granted less than requested', () => {
  expect(socketBufferRemedy(425_984, 'linux')).toBe('sysctl -w net.core.rmem_max=4194304');
  expect(socketBufferRemedy(8_388_608, 'linux')).toBeUndefined();
  expect(socketBufferRemedy(65_536, 'darwin')).toBeUndefined();
});

test('logs the effective socket buffer', async () => {
  const { log } = await start();
  expect(log.find(/receiving segments on UDP/)[0]?.fields['receiveBufferBytes']).toBeGreaterThan(0);
});
