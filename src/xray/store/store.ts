import { mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Component, ComponentState } from '../../pipeline/component.ts';
import { messageOf, XraydError } from '../../pipeline/errors.ts';
import type { CallName, Calls, FromStoreWorker, ReadCalls, ToStoreWorker, WorkerInput, WriteCalls } from './messages.ts';

/** The release build puts the worker's code here, so that the program stays one file. */
declare const STORE_WORKER_SOURCE: string | undefined;

export interface StoreConfig {
  /** "" for a temporary file, deleted at the end. */
  readonly file: string;
  readonly maxBytes: number;
}

/** SQLite has no room to write to; nothing of the call was stored. */
export class StoreFullError extends Error {}

/** The traces, in a file. One thread writes and another reads, so that neither waits for the other, nor the main thread for them. */
export class Store implements Component {
  readonly name = 'store';
  readonly #config: StoreConfig;
  #maxBytes: number;
  #folder: string | undefined;
  #writer: StoreThread | undefined;
  #reader: StoreThread | undefined;
  #state: ComponentState = { name: 'store', state: 'starting' };

  constructor(config: StoreConfig) {
    this.#config = config;
    this.#maxBytes = config.maxBytes;
  }

  get state(): ComponentState {
    return this.#state;
  }

  /** Where traces are kept; "" when they go with the process. */
  get file(): string {
    return this.#config.file;
  }

  /** What it may grow to. */
  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** Rejects with XRAYD_STORE when the file cannot be used. */
  async start(): Promise<void> {
    const isTemporary = this.#config.file === '';
    const folder = isTemporary ? makeTemporaryFolder() : undefined;
    this.#folder = folder?.path;
    const file = folder === undefined ? this.#config.file : join(folder.path, 'traces.db');
    this.#maxBytes = Math.min(this.#config.maxBytes, folder?.maxBytes ?? Infinity);
    const input = { file, isTemporary, maxBytes: this.#maxBytes };
    try {
      this.#writer = await StoreThread.start({ ...input, role: 'writer' });
      this.#reader = await StoreThread.start({ ...input, role: 'reader' });
    } catch (error) {
      await this.stop();
      throw new XraydError('XRAYD_STORE', messageOf(error), { cause: error });
    }
    this.#state = { name: this.name, state: 'ok', reason: isTemporary ? `a temporary file, ${file}` : file };
  }

  async stop(): Promise<void> {
    await this.#reader?.close();
    await this.#writer?.close();
    this.#reader = undefined;
    this.#writer = undefined;
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
    this.#state = { name: this.name, state: 'off' };
  }

  /** Rejects with StoreFullError when the disk is full. */
  async write<N extends keyof WriteCalls>(name: N, args: WriteCalls[N]['args']): Promise<WriteCalls[N]['result']> {
    if (this.#writer === undefined) throw new Error('the store is closed');
    return this.#writer.call(name, args);
  }

  async read<N extends keyof ReadCalls>(name: N, args: ReadCalls[N]['args']): Promise<ReadCalls[N]['result']> {
    if (this.#reader === undefined) throw new Error('the store is closed');
    return this.#reader.call(name, args);
  }
}

/** One thread of the store, and the calls that wait for it. */
class StoreThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  #calls = 0;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  static async start(input: WorkerInput): Promise<StoreThread> {
    const options = { workerData: input, name: `store-${input.role}`, execArgv: [] };
    const worker =
      typeof STORE_WORKER_SOURCE === 'string'
        ? new Worker(STORE_WORKER_SOURCE, { ...options, eval: true })
        : new Worker(new URL('store-worker.ts', import.meta.url), options);
    const thread = new StoreThread(worker);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    worker.on('message', (message: FromStoreWorker) => {
      if (message.type === 'ready') resolve();
      else if (message.type === 'failed') reject(new Error(message.message));
      else thread.#settle(message);
    });
    worker.on('error', (error) => {
      reject(error);
      thread.#fail(messageOf(error));
    });
    worker.on('exit', () => thread.#fail('the store’s thread ended'));
    await promise;
    return thread;
  }

  call<N extends CallName>(name: N, args: Calls[N]['args']): Promise<Calls[N]['result']> {
    return this.#call(name, args) as Promise<Calls[N]['result']>;
  }

  async close(): Promise<void> {
    await this.#call('close', {}).catch(() => {});
    await this.#worker.terminate();
  }

  #call(name: CallName | 'close', args: unknown): Promise<unknown> {
    const id = ++this.#calls;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject });
    const { bytes } = args as { bytes?: Uint8Array<ArrayBuffer> };
    this.#worker.postMessage({ id, name, args } satisfies ToStoreWorker, bytes === undefined ? [] : [bytes.buffer]);
    return promise;
  }

  #settle(message: Extract<FromStoreWorker, { id: number }>): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.type === 'result') waiting?.resolve(message.result);
    else waiting?.reject(message.isFull ? new StoreFullError(message.message) : new Error(message.message));
  }

  #fail(problem: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(problem));
    this.#waiting.clear();
  }
}

const PREFIX = 'xrayd-local-';

/** Where temporary files go; the second is there, in memory, in a container with a read-only root. */
const TEMPORARY = [tmpdir(), '/dev/shm'];
/** Of a file system in memory, which is often 64 MB: what the log and the index of it need has to fit beside the traces. */
const MEMORY_SHARE = 0.4;

interface TemporaryFolder {
  readonly path: string;
  /** Most that the store may hold there. */
  readonly maxBytes: number;
}

/** A folder of this process; what killed processes left behind is removed. Throws XRAYD_STORE. */
function makeTemporaryFolder(): TemporaryFolder {
  const problems: string[] = [];
  for (const [i, parent] of TEMPORARY.entries()) {
    try {
      removeLeftovers(parent);
      const { blocks, bsize } = statfsSync(parent);
      return { path: mkdtempSync(join(parent, `${PREFIX}${process.pid}-`)), maxBytes: i === 0 ? Infinity : blocks * bsize * MEMORY_SHARE };
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  const remedy = 'Set TMPDIR to a folder that is writable (in a container: --tmpfs /tmp), or name a file with --data';
  throw new XraydError('XRAYD_STORE', `cannot make a temporary file for traces: ${problems.join('; ')}. ${remedy}`);
}

function removeLeftovers(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = Number(/^xrayd-local-(\d+)-/.exec(name)?.[1]);
    if (Number.isInteger(pid) && !isRunning(pid)) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
