import { mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Component, ComponentState } from '../../pipeline/component.ts';
import { messageOf, XraydError } from '../../pipeline/errors.ts';
import type { ReadCalls, WriteCalls } from './messages.ts';
import { StoreThread } from './store-thread.ts';

export interface StoreConfig {
  /** "" for a temporary file, deleted at the end. */
  readonly file: string;
  readonly maxBytes: number;
}

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
    const problem = this.#writer?.problem ?? this.#reader?.problem;
    return problem === undefined ? this.#state : { name: this.name, state: 'failed', reason: problem };
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
    const threads = [this.#reader, this.#writer];
    this.#reader = undefined;
    this.#writer = undefined;
    for (const thread of threads) await thread?.close();
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
