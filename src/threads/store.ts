import type { Component, ComponentState } from '../pipeline/component.ts';
import { withYoungGeneration } from '../pipeline/collector.ts';
import { messageOf, XraydError } from '../pipeline/errors.ts';
import type { Logger } from '../pipeline/logger.ts';
import { dataPlace, type StorePlace } from '../store/data-place.ts';
import type { ReadCalls, WriteCalls } from './messages.ts';
import type { ConversionChoice } from '../trace/conversion.ts';
import { MAX_ANSWER_BYTES } from '../store/reader.ts';
import { CACHE_BYTES } from '../store/schema.ts';
import { StoreDamagedError, StoreThread } from './store-thread.ts';
import { temporaryPlace } from '../store/temporary-place.ts';

export interface StoreConfig {
  /** "" for a temporary file, which is deleted on exit. */
  readonly file: string;
  readonly maxBytes: number;
  /** The same if the file is in memory (tmpfs), where it counts towards the memory limit; `maxBytes` by default. */
  readonly maxBytesInMemory?: number;
  /** The store's own account: AWS only names other accounts. */
  readonly accountId?: string;
  /** The process is killed if it exceeds this; undefined if there is no limit. */
  readonly memoryLimitBytes?: number | undefined;
  /** Of SQLite's caches; 32 MB by default. */
  readonly cacheBytes?: number;
  /** Limit of the traces that are read for one response; 8 MB by default. */
  readonly maxAnswerBytes?: number;
  /** How spans are shown as segments; by default, no attribute is an annotation. */
  readonly conversion?: ConversionChoice;
  readonly log?: Logger;
}

/**
 * With V8's initial 1 MB, a transaction's documents outlive it: copying them was a fifth of the writer's cost per
 * segment
 */
const WRITERS_SEMI_SPACE_MB = 4;

/** How often to check that the file still belongs to this process. */
const LOOK_MS = 1_000;

/**
 * The traces, in a file. One thread writes and another reads, so that neither waits for the other, nor the main thread
 * for them.
 */
export class Store implements Component {
  readonly name = 'store';
  /** Two threads, each with its own limits. */
  readonly stopLimits = { limitMs: 15_000, graceMs: 7_000 };
  readonly #config: StoreConfig;
  #maxBytes: number;
  #place: StorePlace | undefined;
  #writer: StoreThread | undefined;
  #reader: StoreThread | undefined;
  #state: ComponentState = { name: 'store', state: 'starting' };
  #looking: NodeJS.Timeout | undefined;
  /** Why another process may use the file too. */
  #notOurs: string | undefined;
  #damage: string | undefined;

  constructor(config: StoreConfig) {
    this.#config = config;
    this.#maxBytes = config.maxBytes;
  }

  get state(): ComponentState {
    const problem = this.#writer?.problem ?? this.#reader?.problem;
    if (problem !== undefined) return { name: this.name, state: 'failed', reason: problem };
    const hang = this.#writer?.hang ?? this.#reader?.hang ?? this.#damage ?? this.#notOurs;
    return hang === undefined ? this.#state : { name: this.name, state: 'degraded', reason: hang };
  }

  /** The file of the traces; "" if they are deleted on exit. */
  get file(): string {
    return this.#config.file;
  }

  /** Maximum size of the store. */
  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** Rejects with XRAYD_STORE if the file cannot be used. */
  async start(): Promise<void> {
    const isTemporary = this.#config.file === '';
    this.#place = isTemporary ? temporaryPlace() : dataPlace(this.#config.file);
    const { file, isInMemory } = this.#place;
    const { maxBytes, maxBytesInMemory = maxBytes, log } = this.#config;
    this.#maxBytes = Math.min(maxBytes, this.#place.maxBytes, isInMemory ? maxBytesInMemory : Infinity);
    if (isInMemory && maxBytesInMemory < maxBytes) {
      log?.warn(
        { file, maxBytes: this.#maxBytes },
        'the store is in memory (tmpfs), which the memory limit includes: it keeps fewer traces than --data-size says. Set --data to a file on a disk, or TMPDIR to a folder on one',
      );
    }
    const input = {
      file,
      isTemporary,
      maxBytes: this.#maxBytes,
      accountId: this.#config.accountId,
      memoryLimitBytes: this.#config.memoryLimitBytes,
      maxAnswerBytes: this.#config.maxAnswerBytes ?? MAX_ANSWER_BYTES,
      cacheBytes: this.#config.cacheBytes ?? CACHE_BYTES,
      conversion: this.#config.conversion,
    };
    try {
      const startWriter = (): Promise<StoreThread> => StoreThread.start({ ...input, role: 'writer' });
      this.#writer = await (input.memoryLimitBytes === undefined
        ? withYoungGeneration(WRITERS_SEMI_SPACE_MB, startWriter)
        : startWriter());
      this.#reader = await StoreThread.start({ ...input, role: 'reader' });
    } catch (error) {
      await this.stop();
      throw new XraydError('XRAYD_STORE', messageOf(error), { cause: error });
    }
    this.#state = { name: this.name, state: 'ok', reason: isTemporary ? `a temporary file, ${file}` : file };
    await this.#look();
  }

  /** One check at a time, however slow the disk is; the first one remembers which file it is. */
  async #look(): Promise<void> {
    const place = this.#place;
    if (place?.problem === undefined) return;
    // If the disk does not answer, the last result stays.
    const problem = await place.problem().catch(() => this.#notOurs);
    if (this.#place !== place) return;
    if (problem !== undefined && problem !== this.#notOurs) this.#config.log?.error({}, problem);
    if (problem === undefined && this.#notOurs !== undefined)
      this.#config.log?.info({ file: place.file }, 'the file of traces is available again');
    this.#notOurs = problem;
    this.#looking = setTimeout(() => void this.#look(), LOOK_MS).unref();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#looking);
    const threads = [this.#reader, this.#writer];
    this.#reader = undefined;
    this.#writer = undefined;
    const place = this.#place;
    // Closing deletes files that #look would miss.
    this.#place = undefined;
    for (const thread of threads) await thread?.close();
    place?.release();
    this.#state = { name: this.name, state: 'off' };
  }

  /** Rejects with StoreFullError if the disk is full. */
  async write<N extends keyof WriteCalls>(name: N, args: WriteCalls[N]['args']): Promise<WriteCalls[N]['result']> {
    if (this.#writer === undefined) throw new Error('the store is closed');
    return this.#noteDamage(this.#writer.call(name, args));
  }

  async read<N extends keyof ReadCalls>(name: N, args: ReadCalls[N]['args']): Promise<ReadCalls[N]['result']> {
    if (this.#reader === undefined) throw new Error('the store is closed');
    return this.#noteDamage(this.#reader.call(name, args));
  }

  /** Collects the garbage of both threads. */
  async collectGarbage(): Promise<void> {
    await Promise.all([this.#writer?.call('collect', {}), this.#reader?.call('collect', {})]);
  }

  /** Reports a damaged file once; it counts as damaged until the next start. */
  async #noteDamage<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      if (error instanceof StoreDamagedError && this.#damage === undefined) {
        const file = this.#place?.file ?? this.#config.file;
        this.#damage = `${file} is damaged (${error.message}): another program wrote to it, or the disk lost part of it. Some traces may be lost. Save the readable ones (xrayd export), stop xrayd, move the file away and start xrayd again`;
        this.#config.log?.error({}, this.#damage);
      }
      throw error;
    }
  }
}
