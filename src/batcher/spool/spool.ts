import { randomBytes } from 'node:crypto';
import { rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Accounting, SegmentStock } from '../../pipeline/accounting.ts';
import { monotonicMs } from '../../pipeline/clock.ts';
import type { Component, ComponentState } from '../../pipeline/component.ts';
import { DeadlineError } from '../../pipeline/deadline.ts';
import { messageOf, systemCodeOf } from '../../pipeline/errors.ts';
import type { Logger } from '../../pipeline/logger.ts';
import type { Segment } from '../../pipeline/segment.ts';
import { isLost, readBatchFile, writeBatchFile } from './batch-file.ts';
import { decodeBatch, encodeBatch, entryOf } from './format.ts';
import { byAge } from './leftovers.ts';
import { momentNow } from './moment.ts';
import type { HeldFile } from './owned-folder.ts';
import { ReadMemory } from './read-memory.ts';
import { remedyOf, type Trouble } from './remedy.ts';
import { Removal } from './removal.ts';
import { SharedFolder } from './shared-folder.ts';

/** A disk that does not answer must not keep the ports closed; what it holds is found later. */
const OPEN_PATIENCE_MS = 1_000;
/** A write or a read of one batch takes milliseconds. */
const HANG_MS = 10_000;
/** After a failed write the disk is left alone this long. */
const RETRY_AFTER_MS = 10_000;
/** One listing of the folder, while no other process uses it. */
const LOOK_EVERY_MS = 10_000;

export interface SpoolConfig {
  readonly folder: string;
  /** For all processes that share the folder. */
  readonly maxBytes: number;
  readonly isNewestFirst: boolean;
  /** How often files that ended processes left are looked for; every 10 s when not given. */
  readonly lookEveryMs?: number;
}

export interface SpoolDeps {
  readonly accounting: Accounting;
  readonly log: Logger;
  readonly now?: () => number;
}

/**
 * Batches on disk: one file each, written aside, synced, renamed, so that a crash leaves whole files and nothing to repair.
 * Each process has a folder of its own below the spool; what an ended process left is moved into it, at start and every 10 s.
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
  #entries: HeldFile[] = [];
  readonly #memory = new ReadMemory();
  readonly #folder: SharedFolder;
  readonly #removal: Removal;
  #segments = 0;
  #bytes = 0;
  #sequence = 0;
  #trouble: Trouble | undefined;
  /** The same for reading. */
  #readTrouble: Trouble | undefined;
  #isClosed = false;
  /** Told when files of an ended process have been adopted. */
  onFound: () => void = () => {};

  constructor(config: SpoolConfig, { accounting, log, now = monotonicMs }: SpoolDeps) {
    this.#config = config;
    this.#accounting = accounting;
    this.#log = log;
    this.#now = now;
    this.#removal = new Removal(log);
    this.#folder = new SharedFolder({
      root: config.folder,
      log,
      now,
      lookEveryMs: config.lookEveryMs ?? LOOK_EVERY_MS,
      onAdopted: (files) => this.#adopt(files),
      heldNames: () => new Set([...this.#entries, ...this.#memory.taken, ...this.#removal.left].map(({ name }) => name)),
      onLook: () => this.#removal.retry(),
      onLooked: () => this.#onLooked(),
      onTrouble: (error) => this.#setTrouble(error),
    });
    accounting.addStock(this);
  }

  get state(): ComponentState {
    const trouble = this.#trouble ?? this.#readTrouble;
    if (trouble !== undefined) return { name: this.name, state: 'degraded', reason: trouble.reason };
    return { name: this.name, state: this.#isClosed ? 'off' : 'ok', reason: this.#config.folder };
  }

  /** Whether a write has a chance now. */
  get isUsable(): boolean {
    if (this.#isClosed) return false;
    return this.#trouble === undefined ? this.#folder.own !== undefined : this.#now() >= this.#trouble.untilMs;
  }

  get hasNext(): boolean {
    return this.#entries.length > 0 && !this.#isClosed;
  }

  /** When the next batch may be taken; Infinity while there is none. */
  get nextAtMs(): number {
    return this.hasNext ? (this.#readTrouble?.untilMs ?? 0) : Infinity;
  }

  read(): ReturnType<SegmentStock['read']> {
    return { buffered: 0, bufferedBytes: 0, inFlight: 0, spooled: this.#segments, spooledBytes: this.#bytes };
  }

  /** Never rejects, and takes at most a second: whatever the disk does, the daemon starts. */
  async start(): Promise<void> {
    const patience = new AbortController();
    await Promise.race([this.#folder.look(), sleep(OPEN_PATIENCE_MS, undefined, { signal: patience.signal }).catch(() => {})]);
    patience.abort();
  }

  async stop(): Promise<void> {
    this.#isClosed = true;
    await this.#folder.stop();
  }

  /**
   * Resolves with true when the segments would survive the loss of power, and with false when they are still the caller's.
   * `onTaken` is called in the same turn in which they become spooled, so that no reading counts them twice or not at all.
   */
  async write(segments: readonly Segment[], onTaken: () => void): Promise<boolean> {
    const entry = entryOf(segments, this.#sequence++, this.#owner);
    if (!this.isUsable) return false;
    await this.#folder.open();
    if (!this.#hasCapacity(entry.bytes)) await this.#folder.lookAgain();
    const { own } = this.#folder;
    if (own === undefined || this.#isClosed || !this.#makeRoom(entry.bytes)) return false;
    const file = own.hold(entry);
    const path = own.at(entry.name);
    // Taken now, so that writes that run together respect the limit together.
    this.#bytes += entry.bytes;
    try {
      await this.#watch(writeBatchFile(path, encodeBatch(segments, momentNow()), entry.bytes, own.directory));
    } catch (error) {
      this.#bytes -= entry.bytes;
      for (const name of [`${path}.part`, path]) await unlink(name).catch(() => {});
      own.letGo();
      this.#setTrouble(error);
      await this.#folder.leaveIfAway();
      return false;
    }
    if (this.#isClosed) {
      // Too late: the caller has counted it, and nobody else may.
      await unlink(path).catch(() => {});
      return false;
    }
    this.#trouble = undefined;
    this.#segments += entry.segments;
    this.#entries.push(file);
    onTaken();
    return true;
  }

  /** The oldest batch, or the newest, to be sent: `checkOut`, then `finish` or `giveBack`. undefined: it could not be read, and stays, or has been counted and set aside. */
  async take(): Promise<{ entry: HeldFile; segments: readonly Segment[] } | undefined> {
    const entry = this.#config.isNewestFirst ? this.#entries.pop() : this.#entries.shift();
    if (entry === undefined) return undefined;
    let reason = 'its checksum is wrong';
    try {
      const file = await this.#watch(readBatchFile(entry.folder.at(entry.name), this.#memory.take(entry), entry.bytes));
      const segments = decodeBatch(file, entry, momentNow());
      this.#readTrouble = undefined;
      if (segments !== undefined) return { entry, segments };
    } catch (error) {
      reason = messageOf(error);
      if (!isLost(error)) {
        this.#keep(entry, error);
        return undefined;
      }
    }
    await this.#setAside(entry, reason);
    return undefined;
  }

  /** What was taken is counted by the caller from now on. */
  checkOut(entry: HeldFile): void {
    this.#segments -= entry.segments;
  }

  /** Not sent: the file stays, and its turn comes again. Its segments are not to be read any more, here and in `finish`. */
  giveBack(entry: HeldFile): void {
    this.#segments += entry.segments;
    this.#putBack(entry);
  }

  /** Sent, or refused for good: the file goes. */
  async finish(entry: HeldFile): Promise<void> {
    this.#memory.giveBack(entry);
    this.#bytes -= entry.bytes;
    await this.#removal.remove(entry);
  }

  /** Counts what an ended process left, by name alone: a large spool must not cost a start time or memory. */
  #adopt(files: readonly HeldFile[]): void {
    for (const { segments, bytes } of files) {
      this.#segments += segments;
      this.#bytes += bytes;
      this.#accounting.restored += segments;
    }
    this.#entries = [...this.#entries, ...files].sort(byAge);
  }

  #hasCapacity(bytes: number): boolean {
    return this.#bytes + this.#folder.othersBytes + bytes <= this.#config.maxBytes;
  }

  /** Drops the oldest files of this process until `bytes` more fit beside what other processes hold. */
  #makeRoom(bytes: number): boolean {
    while (!this.#hasCapacity(bytes)) {
      const oldest = this.#entries.shift();
      if (oldest === undefined) return false;
      this.#segments -= oldest.segments;
      this.#bytes -= oldest.bytes;
      this.#accounting.dropped.spool_full += oldest.segments;
      this.#log.limited(
        'dropped_spool_full',
        'error',
        { reason: 'spool_full', segments: oldest.segments },
        'dropped the oldest segments of the spool: it is full. Raise --spool-size, or find out why uploads are slower than arrivals',
      );
      void this.#removal.remove(oldest);
    }
    return true;
  }

  /** Its turn comes again, when the disk has been left alone for a while. */
  #keep(entry: HeldFile, error: unknown): void {
    this.#putBack(entry);
    this.#readTrouble = this.#report('spool_read', error, 'the spool cannot be read now; what is in it stays, and is read again later');
  }

  #putBack(entry: HeldFile): void {
    this.#memory.giveBack(entry);
    if (this.#config.isNewestFirst) this.#entries.push(entry);
    else this.#entries.unshift(entry);
  }

  async #setAside(entry: HeldFile, reason: string): Promise<void> {
    this.#memory.giveBack(entry);
    this.#segments -= entry.segments;
    this.#bytes -= entry.bytes;
    this.#accounting.dropped.spool_unreadable += entry.segments;
    const { name, segments, folder } = entry;
    let what = 'cannot be read; it is set aside as .unreadable';
    await rename(folder.at(name), join(this.#config.folder, `${name}.unreadable`)).catch((error: unknown) => {
      what = systemCodeOf(error) === 'ENOENT' ? 'is gone: somebody deleted or moved it' : 'cannot be read, and stays where it is';
    });
    this.#log.limited('dropped_spool_unreadable', 'error', { file: name, segments, reason }, `a file of the spool ${what}`);
    folder.letGo();
  }

  #onLooked(): void {
    this.#makeRoom(0);
    this.onFound();
  }

  /** A disk that does not answer is trouble before it says so. What hangs in it can only be waited for, and is limited by the callers. */
  async #watch<T>(work: Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.#setTrouble(new DeadlineError('the disk', HANG_MS)), HANG_MS);
    timer.unref();
    try {
      return await work;
    } finally {
      clearTimeout(timer);
    }
  }

  #setTrouble(error: unknown): void {
    const message = 'the spool cannot be used; segments are kept in memory alone until it can';
    this.#trouble = error === undefined ? undefined : this.#report('spool_trouble', error, message);
  }

  #report(limit: string, error: unknown, message: string): Trouble {
    const { folder } = this.#config;
    const reason = messageOf(error);
    this.#log.limited(limit, 'error', { folder, reason, uid: process.getuid?.(), remedy: remedyOf(error, folder) }, message);
    return { reason, untilMs: this.#now() + RETRY_AFTER_MS };
  }
}
