import { closeSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { REJECT_REASONS, type SegmentSource } from '../pipeline/accounting.ts';
import { formatAddress, type Address } from '../pipeline/address.ts';
import type { Component, ComponentState } from '../pipeline/component.ts';
import { DeadlineError, within } from '../pipeline/deadline.ts';
import { messageOf, XraydError } from '../pipeline/errors.ts';
import type { Logger } from '../pipeline/logger.ts';
import type { DocumentSink } from '../pipeline/segment.ts';
import { ownSocket, readKernelDrops } from './kernel-drops.ts';
import { RingBufferReader } from './ring-buffer.ts';
import type { FirstToWorker, FromWorker, ToWorker, WorkerInput } from './worker-messages.ts';

/** Requested from the kernel: holds 3,640 one-KB datagrams, 0.9 s at 4,000/s. The default of 212,992 bytes holds 92. */
export const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** Time for the thread to start, since it can stop only then; on a busy machine it takes seconds. */
const START_MS = 30_000;

/** Time for the thread to drain its socket, which takes half a second at most, and to end. */
const STOP_MS = 2_000;

/** Time for the thread to read what its socket holds. */
const CATCH_UP_MS = 2_000;

/** Reading the drops costs 64 µs; this is how late they are noticed if nobody scrapes the metrics. */
const DROPS_EVERY_MS = 10_000;

/** What is added to the counter of an eventfd(2). */
const ONE = Buffer.from(new BigUint64Array([1n]).buffer);

/** The release build puts the worker's code here, so that the daemon remains a single file. */
declare const RECEIVE_WORKER_SOURCE: string | undefined;

export interface UdpReceiverConfig {
  readonly host: string;
  readonly port: number;
  readonly maxAgeMs: number;
  /** False in tests of how datagrams are received without recvmmsg. */
  readonly isNative?: boolean;
}

export interface UdpReceiverDeps {
  readonly sink: Pick<DocumentSink, 'push'>;
  readonly log: Logger;
}

/** Receives segments on UDP: owns the receive thread, and hands full chunks of its ring buffer to the sink. */
export class UdpReceiver implements Component, SegmentSource {
  readonly name = 'udp';
  readonly #config: UdpReceiverConfig;
  readonly #deps: UdpReceiverDeps;
  readonly #ring = new RingBufferReader();
  #worker: Worker | undefined;
  #state: ComponentState = { name: 'udp', state: 'starting' };
  #bound: Address | undefined;
  #stopping: Promise<void> | undefined;
  readonly #waiting: (() => void)[] = [];
  #drops = 0;
  #inode: string | undefined;
  #wakeUp: number | undefined;
  #dropTimer: NodeJS.Timeout | undefined;

  constructor(config: UdpReceiverConfig, deps: UdpReceiverDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  get state(): ComponentState {
    return this.#state;
  }

  /** The bound address; undefined before `start`. */
  get address(): Address | undefined {
    return this.#bound;
  }

  /** Resolves when the socket is bound, or when `stop` has ended the thread before that. Rejects with XRAYD_BIND. */
  async start(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { host, port, maxAgeMs } = this.#config;
    const input: WorkerInput = {
      memory: this.#ring.memory,
      host,
      port,
      maxAgeMs,
      receiveBufferBytes: RECEIVE_BUFFER_BYTES,
    };
    const worker = startWorker(input);
    this.#worker = worker;
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'bound') {
        this.#onBound(message);
      } else if (message.type === 'reading') {
        this.#onReading(message);
        resolve();
      } else if (message.type === 'bind-error') {
        const cause = Object.assign(new Error(message.message), { code: message.code });
        reject(new XraydError('XRAYD_BIND', message.message, { cause }));
      } else {
        this.#onMessage(message);
      }
    });
    worker.once('error', (error) => {
      this.#fail(messageOf(error));
      reject(new XraydError('XRAYD_BIND', `the receive thread failed: ${messageOf(error)}`, { cause: error }));
    });
    worker.once('exit', () => {
      const isStopping = this.#stopping !== undefined;
      if (!isStopping) this.#fail('the receive thread ended');
      if (isStopping) resolve();
      else reject(new XraydError('XRAYD_BIND', 'the receive thread ended before it was bound'));
    });
    try {
      await promise;
    } catch (error) {
      this.#stopping = Promise.resolve();
      await worker.terminate();
      throw error;
    }
    if (this.#stopping !== undefined) return;
    void this.#deliver();
    this.#dropTimer = setInterval(() => this.kernelDrops(), DROPS_EVERY_MS);
    this.#dropTimer.unref();
  }

  /** Drains the socket, closes it, and hands over the last chunks. */
  stop(deadline: AbortSignal): Promise<void> {
    this.#stopping ??= this.#stop(deadline);
    return this.#stopping;
  }

  /**
   * Resolves when every datagram that was in the socket at the time of the call is counted in `read()`. That includes
   * everything sent on loopback earlier: it is in the socket when the sender's call returns. If senders keep the socket
   * full or the thread hangs, resolves after CATCH_UP_MS.
   */
  async caughtUp(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined || this.#bound === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    this.#send('catch-up');
    await within(CATCH_UP_MS, 'the receive thread', () => promise).catch(() => {});
  }

  read(): ReturnType<SegmentSource['read']> {
    return this.#ring.read();
  }

  /**
   * Datagrams that the kernel dropped because the socket buffer was full. Keeps the last reading if the count cannot be
   * read.
   */
  kernelDrops(): number {
    const drops = this.#inode === undefined ? undefined : readKernelDrops(this.#inode);
    if (drops === undefined || drops === this.#drops) return this.#drops;
    const fields = {
      dropped: drops - this.#drops,
      total: drops,
      remedy: `sysctl -w net.core.rmem_max=${2 * RECEIVE_BUFFER_BYTES}, or more CPU`,
    };
    this.#drops = drops;
    this.#deps.log.limited(
      'kernel_drops',
      'error',
      fields,
      'the kernel dropped datagrams before they could be read: the socket buffer was full',
    );
    return drops;
  }

  async #stop(deadline: AbortSignal): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined || this.#state.state === 'failed') return;
    clearInterval(this.#dropTimer);
    this.kernelDrops();
    this.#inode = undefined;
    this.#state = { name: this.name, state: 'stopping' };
    const { promise, resolve } = Promise.withResolvers<void>();
    worker.on('message', (message: FromWorker) => message.type === 'stopped' && resolve());
    worker.once('exit', () => resolve());
    this.#send('stop');
    // If the thread hangs, its datagrams are lost; the chunks that it handed over are still sent.
    try {
      const limitMs = this.#bound === undefined ? START_MS : STOP_MS;
      await within(limitMs, 'the receive thread', () => promise, deadline);
    } catch (error) {
      if (error instanceof DeadlineError)
        this.#deps.log.error({ error: error.message }, 'the receive thread did not stop in time');
    }
    await within(STOP_MS, 'the end of the receive thread', () => {
      this.#send('end');
      return worker.terminate();
    }).catch(() => {});
    this.#ring.drainAll((chunk) => this.#deps.sink.push(chunk));
    this.#bound = undefined;
    this.#state = { name: this.name, state: 'off' };
    this.#ring.wake();
  }

  async #deliver(): Promise<void> {
    while (this.#bound !== undefined) {
      await this.#ring.sealed();
      this.#ring.drain((chunk) => this.#deps.sink.push(chunk));
    }
  }

  #onBound({ host, port }: Extract<FromWorker, { type: 'bound' }>): void {
    this.#bound = { host, port };
    const own = ownSocket(port);
    this.#inode = own?.inode;
    const { isNative = true } = this.#config;
    this.#worker?.postMessage({ descriptor: isNative ? own?.descriptor : undefined } satisfies FirstToWorker);
  }

  #onReading({ method, receiveBufferBytes, wakeUp }: Extract<FromWorker, { type: 'reading' }>): void {
    const { log } = this.#deps;
    if (wakeUp !== undefined) this.#watchThread(wakeUp);
    const address = this.#bound === undefined ? '' : formatAddress(this.#bound);
    this.#state = { name: this.name, state: 'ok', reason: address };
    log.info({ address, receiveBufferBytes, method }, 'receiving segments on UDP');
    const remedy = socketBufferRemedy(receiveBufferBytes, process.platform);
    if (remedy !== undefined)
      log.warn(
        { receiveBufferBytes, remedy },
        'the UDP receive buffer is small: bursts may be lost before they are read',
      );
  }

  #send(message: ToWorker): void {
    this.#worker?.postMessage(message);
    this.#wakeThread();
  }

  /**
   * A thread that waits in the kernel has to be woken for every message, and before the process ends: Node waits for its
   * threads.
   */
  #watchThread(wakeUp: number): void {
    this.#wakeUp = wakeUp;
    const onExit = (): void => this.#send('end');
    process.once('exit', onExit);
    this.#worker?.once('exit', () => {
      process.removeListener('exit', onExit);
      this.#wakeUp = undefined;
      closeSync(wakeUp);
    });
    // Messages may have been sent before the descriptor was known.
    this.#wakeThread();
  }

  #wakeThread(): void {
    if (this.#wakeUp !== undefined) writeSync(this.#wakeUp, ONE);
  }

  #onMessage(message: FromWorker): void {
    const { log } = this.#deps;
    if (message.type === 'first') {
      const from = message.from ?? 'an unknown address';
      log.info({ from: message.from }, `first segment received from ${from}`);
    } else if (message.type === 'caught-up') {
      this.#waiting.shift()?.();
    } else if (message.type === 'rejected') {
      const { count, bytes, from } = message;
      const reason = REJECT_REASONS[message.reason];
      if (reason !== 'empty')
        log.warn({ reason, count, bytes, from }, 'rejected a datagram that is not a valid segment');
    } else if (message.type === 'error') {
      log.limited('udp_socket', 'warn', { error: message.message }, 'error on the UDP socket');
    }
  }

  #fail(reason: string): void {
    if (this.#state.state === 'failed' || this.#state.state === 'off') return;
    this.#state = { name: this.name, state: 'failed', reason };
    this.#deps.log.error({ reason }, 'the UDP receiver has failed: no segments can be received');
  }
}

/**
 * What to do about a small socket buffer. Linux reports twice the requested size, or less if net.core.rmem_max limits
 * it.
 */
export function socketBufferRemedy(effectiveBytes: number, platform: string): string | undefined {
  if (platform !== 'linux' || effectiveBytes >= RECEIVE_BUFFER_BYTES) return undefined;
  return `sysctl -w net.core.rmem_max=${RECEIVE_BUFFER_BYTES}`;
}

function startWorker(input: WorkerInput): Worker {
  const options = {
    workerData: input,
    name: 'receive',
    // Datagrams are short-lived and chunks are outside the heap; small limits keep the thread at about 11 MB.
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
    stdin: false,
    // Not the flags of the program that embeds the library.
    execArgv: [],
  };
  if (typeof RECEIVE_WORKER_SOURCE === 'string') return new Worker(RECEIVE_WORKER_SOURCE, { ...options, eval: true });
  return new Worker(new URL('receive-worker.ts', import.meta.url), options);
}
