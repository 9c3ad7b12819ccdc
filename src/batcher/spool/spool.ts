import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Accounting, SegmentStock } from '../../pipeline/accounting.ts';
import { monotonicMs } from '../../pipeline/clock.ts';
import type { Component, ComponentState } from '../../pipeline/component.ts';
import { messageOf } from '../../pipeline/errors.ts';
import type { Logger } from '../../pipeline/logger.ts';
import type { Segment } from '../../pipeline/segment.ts';
import { momentNow } from './moment.ts';
import { decodeBatch, encodeBatch, entryOf, parseName, type SpoolEntry } from './format.ts';
import { OWNER_FILE, ownFolder } from './owner.ts';
import { ReadMemory } from './read-memory.ts';

/** A disk that does not answer must not keep the ports closed; what it holds is found later. */
const OPEN_PATIENCE_MS = 1_000;
/** After a failed write the disk is left alone this long. */
const RETRY_AFTER_MS = 10_000;

export interface SpoolConfig {
  readonly folder: string;
  readonly maxBytes: number;
  readonly isNewestFirst: boolean;
}

export interface SpoolDeps {
  readonly accounting: Accounting;
  readonly log: Logger;
  readonly now?: () => number;
}

/**
 * Batches on disk: one file each, written aside, synced, renamed, so that a crash leaves whole files and nothing to repair.
 * No trouble with the disk is ever an exception here: the caller keeps its segments, and the log says why.
 */
export class Spool implements Component, SegmentStock {
  readonly name = 'spool';
  readonly #config: SpoolConfig;
  readonly #accounting: Accounting;
  readonly #log: Logger;
  readonly #now: () => number;
  /** Other daemons' files, and an earlier life's, have other owners. */
  readonly #owner = randomBytes(4).toString('hex');
  /** Oldest first. */
  #entries: SpoolEntry[] = [];
  readonly #memory = new ReadMemory();
  #directory: FileHandle | undefined;
  #opening: Promise<void> | undefined;
  #release: (() => void) | undefined;
  #segments = 0;
  #bytes = 0;
  #sequence = 0;
  #trouble: { reason: string; untilMs: number } | undefined;
  #isClosed = false;

  constructor(config: SpoolConfig, { accounting, log, now = monotonicMs }: SpoolDeps) {
    this.#config = config;
    this.#accounting = accounting;
    this.#log = log;
    this.#now = now;
    accounting.addStock(this);
  }

  get state(): ComponentState {
    if (this.#trouble !== undefined) return { name: this.name, state: 'degraded', reason: this.#trouble.reason };
    return { name: this.name, state: this.#isClosed ? 'off' : 'ok', reason: this.#config.folder };
  }

  /** Whether a write has a chance now. */
  get isUsable(): boolean {
    if (this.#isClosed) return false;
    return this.#trouble === undefined ? this.#directory !== undefined : this.#now() >= this.#trouble.untilMs;
  }

  get hasNext(): boolean {
    return this.#entries.length > 0 && !this.#isClosed;
  }

  read(): ReturnType<SegmentStock['read']> {
    return { buffered: 0, bufferedBytes: 0, inFlight: 0, spooled: this.#segments, spooledBytes: this.#bytes };
  }

  /** Never rejects, and takes at most a second: whatever the disk does, the daemon starts. */
  async start(): Promise<void> {
    const patience = new AbortController();
    await Promise.race([this.#opened(), sleep(OPEN_PATIENCE_MS, undefined, { signal: patience.signal }).catch(() => {})]);
    patience.abort();
  }

  async stop(): Promise<void> {
    this.#isClosed = true;
    this.#release?.();
    await this.#directory?.close().catch(() => {});
  }

  /**
   * Resolves with true when the segments would survive the loss of power, and with false when they are still the caller's.
   * `onTaken` is called in the same turn in which they become spooled, so that no reading counts them twice or not at all.
   */
  async write(segments: readonly Segment[], onTaken: () => void): Promise<boolean> {
    const entry = entryOf(segments, this.#sequence++, this.#owner);
    if (!this.isUsable) return false;
    await this.#opened();
    if (this.#directory === undefined || this.#isClosed || !this.#makeRoom(entry.bytes)) return false;
    const path = this.#pathOf(entry.name);
    // Taken now, so that writes that run together respect the limit together.
    this.#bytes += entry.bytes;
    try {
      await this.#writeSynced(path, encodeBatch(segments, momentNow()), entry.bytes);
    } catch (error) {
      this.#bytes -= entry.bytes;
      for (const name of [`${path}.part`, path]) await unlink(name).catch(() => {});
      this.#fail(error);
      return false;
    }
    if (this.#isClosed) return false;
    this.#trouble = undefined;
    this.#segments += entry.segments;
    this.#entries.push(entry);
    onTaken();
    return true;
  }

  /** The oldest batch, or the newest, to be sent: `checkOut`, then `finish` or `giveBack`. undefined: it could not be read, and has been counted and set aside. */
  async take(): Promise<{ entry: SpoolEntry; segments: readonly Segment[] } | undefined> {
    const entry = this.#config.isNewestFirst ? this.#entries.pop() : this.#entries.shift();
    if (entry === undefined) return undefined;
    let reason = 'its checksum is wrong';
    try {
      const segments = decodeBatch(await this.#read(entry), entry, momentNow());
      if (segments !== undefined) return { entry, segments };
    } catch (error) {
      reason = messageOf(error);
    }
    await this.#setAside(entry, reason);
    return undefined;
  }

  /** What was taken is counted by the caller from now on. */
  checkOut(entry: SpoolEntry): void {
    this.#segments -= entry.segments;
  }

  /** Not sent: the file stays, and its turn comes again. Its segments are not to be read any more, here and in `finish`. */
  giveBack(entry: SpoolEntry): void {
    this.#memory.giveBack(entry);
    this.#segments += entry.segments;
    if (this.#config.isNewestFirst) this.#entries.push(entry);
    else this.#entries.unshift(entry);
  }

  /** Sent, or refused for good: the file goes. */
  async finish(entry: SpoolEntry): Promise<void> {
    this.#memory.giveBack(entry);
    this.#bytes -= entry.bytes;
    await this.#remove(entry);
  }

  /** Opens the folder, unless it is open; a folder that could not be opened is tried again by the next write. */
  #opened(): Promise<void> {
    if (this.#directory !== undefined) return Promise.resolve();
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #open(): Promise<void> {
    const { folder } = this.#config;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const names = await readdir(folder);
      const directory = await open(folder, 'r');
      const owned = await ownFolder(folder);
      if (this.#isClosed) {
        await directory.close();
        return;
      }
      if (owned === 'taken') this.#log.warn({ folder }, 'another xrayd uses this spool: what it holds is left to that one');
      else this.#adopt(names);
      this.#release = owned === 'taken' ? undefined : owned;
      this.#directory = directory;
      this.#trouble = undefined;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Counts what an earlier life left, by name alone: a large spool must not cost a start time or memory. */
  #adopt(names: readonly string[]): void {
    const { folder } = this.#config;
    const found: SpoolEntry[] = [];
    let foreign = 0;
    for (const name of names) {
      const entry = parseName(name);
      if (entry === 'unfinished') void unlink(this.#pathOf(name)).catch(() => {});
      else if (entry !== 'foreign') found.push(entry);
      else if (name !== OWNER_FILE && !name.endsWith('.unreadable')) foreign++;
    }
    found.sort((a, b) => (a.name < b.name ? -1 : 1));
    let segments = 0;
    for (const entry of found) {
      segments += entry.segments;
      this.#bytes += entry.bytes;
    }
    this.#entries = found;
    this.#segments += segments;
    this.#accounting.restored += segments;
    if (foreign > 0) this.#log.warn({ folder, files: foreign }, 'the spool holds files that are not its own; they are left alone');
    if (segments > 0)
      this.#log.info({ folder, segments, files: found.length }, 'segments found in the spool; they are sent when nothing newer waits');
    this.#makeRoom(0);
  }

  /** Drops the oldest files until `bytes` more fit. */
  #makeRoom(bytes: number): boolean {
    while (this.#bytes + bytes > this.#config.maxBytes) {
      const oldest = this.#entries.shift();
      if (oldest === undefined) return false;
      this.#segments -= oldest.segments;
      this.#bytes -= oldest.bytes;
      this.#accounting.dropped.spool_full += oldest.segments;
      this.#log.limited(
        'dropped_spool_full',
        'error',
        { reason: 'spool_full', segments: oldest.segments },
        'dropped the oldest segments of the spool: it is full. Raise --spool-size, or see why X-Ray takes less than arrives',
      );
      void this.#remove(oldest);
    }
    return true;
  }

  async #writeSynced(path: string, parts: readonly Buffer[], bytes: number): Promise<void> {
    const handle = await open(`${path}.part`, 'wx', 0o600);
    try {
      const { bytesWritten } = await handle.writev(parts);
      if (bytesWritten !== bytes) throw new Error(`the disk took ${bytesWritten} of ${bytes} bytes`);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(`${path}.part`, path);
    await this.#directory?.sync();
  }

  async #read(entry: SpoolEntry): Promise<Buffer> {
    const handle = await open(this.#pathOf(entry.name), 'r');
    try {
      const memory = this.#memory.take(entry);
      // One byte more than there should be, to see that there is none.
      const { bytesRead } = await handle.read(memory, 0, entry.bytes + 1, 0);
      return memory.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  }

  async #setAside(entry: SpoolEntry, reason: string): Promise<void> {
    this.#memory.giveBack(entry);
    this.#segments -= entry.segments;
    this.#bytes -= entry.bytes;
    this.#accounting.dropped.spool_unreadable += entry.segments;
    this.#log.limited(
      'dropped_spool_unreadable',
      'error',
      { file: entry.name, segments: entry.segments, reason },
      'a file of the spool cannot be read; it is set aside as .unreadable',
    );
    await rename(this.#pathOf(entry.name), this.#pathOf(`${entry.name}.unreadable`)).catch(() => {});
  }

  async #remove(entry: SpoolEntry): Promise<void> {
    try {
      await unlink(this.#pathOf(entry.name));
    } catch (error) {
      // It will be sent again after a restart, which X-Ray takes as the same segments.
      this.#log.limited('spool_remove', 'warn', { file: entry.name, error: messageOf(error) }, 'a file of the spool cannot be removed');
    }
  }

  #fail(error: unknown): void {
    const reason = messageOf(error);
    this.#trouble = { reason, untilMs: this.#now() + RETRY_AFTER_MS };
    this.#log.limited(
      'spool_trouble',
      'error',
      { folder: this.#config.folder, reason },
      'the spool cannot be used; segments are kept in memory alone until it can',
    );
  }

  #pathOf(name: string): string {
    return join(this.#config.folder, name);
  }
}
