import { randomBytes } from 'node:crypto';
import { rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DROP_REASONS, type Accounting, type SegmentStock } from '../../pipeline/accounting.ts';
import { monotonicMs } from '../../pipeline/clock.ts';
import { afterEvery } from '../../pipeline/collector.ts';
import type { Component, ComponentState } from '../../pipeline/component.ts';
import { DeadlineError } from '../../pipeline/deadline.ts';
import { messageOf, systemCodeOf } from '../../pipeline/errors.ts';
import type { Logger } from '../../pipeline/logger.ts';
import type { Segment } from '../../pipeline/segment.ts';
import { isLost, readBatchFile, writeBatchFiles } from './batch-file.ts';
import { decodeBatch, encodeBatch, entryOf, type BatchProblem } from './format.ts';
import { momentNow } from './moment.ts';
import type { HeldFile } from './owned-folder.ts';
import { ReadMemory } from './read-memory.ts';
import { Removal } from './removal.ts';
import { SharedFolder } from './shared-folder.ts';
import { refuse, reportEviction, troubleOf, type Reporting, type Shortage, type Trouble } from './trouble.ts';
import { WaitingFiles } from './waiting-files.ts';

/** A disk that hangs must not delay the start; its files are found later. */
const OPEN_TIMEOUT_MS = 1_000;
/** Writing or reading one batch normally takes milliseconds. */
const HANG_MS = 10_000;
/** One listing of the folder, if no other process uses it. */
const LOOK_EVERY_MS = 10_000;
const GARBAGE_FILES = 1_024;
/** Of the files that a process may own. */
const ADOPTED_SHARE = 1 / 16;

export interface SpoolConfig {
  readonly folder: string;
  /** For all processes that share the folder. */
  readonly maxBytes: number;
  /**
   * The same if the folder is in memory (tmpfs), where its files count towards the memory limit; `maxBytes` by default.
   */
  readonly maxBytesInMemory?: number;
  /** What the process may own, because it remembers each file; none by default. */
  readonly maxFiles?: number;
  /** Called whenever about a thousand files have been moved or sent: each leaves some kilobytes outside V8's heap. */
  readonly onGarbage?: () => void;
  readonly isNewestFirst: boolean;
  /** How often to look for files of ended processes; every 10 s by default. */
  readonly lookEveryMs?: number;
}

interface Size {
  readonly bytes: number;
  readonly files: number;
}

interface Writing {
  /** Whether this fits, perhaps after older files were dropped. */
  readonly reserve: (more: Size) => boolean;
  readonly isWanted: () => boolean;
  readonly isPromised: boolean;
  readonly onTaken: () => void;
}

export interface SpoolDeps {
  readonly accounting: Accounting;
  readonly log: Logger;
  readonly now?: () => number;
}

/**
 * Batches on disk, one file each. A batch is written to a temporary file, synced and renamed, so a crash leaves whole
 * files and nothing to repair.
 * Each process has its own folder in the spool; at start and every 10 s it moves the files of ended processes into it.
 * Disk errors never become exceptions: the caller keeps its segments, and the log says why.
 */
export class Spool implements Component, SegmentStock {
  readonly name = 'spool';
  readonly #config: SpoolConfig;
  readonly #accounting: Accounting;
  readonly #log: Logger;
  readonly #now: () => number;
  /** Distinguishes this process's file names from those of other daemons and earlier runs. */
  readonly #owner = randomBytes(4).toString('hex');
  readonly #entries: WaitingFiles;
  readonly #memory = new ReadMemory();
  readonly #folder: SharedFolder;
  readonly #removal: Removal;
  readonly #noteGarbage: (files: number) => void;
  #segments = 0;
  #bytes = 0;
  #sequence = 0;
  #trouble: Trouble | undefined;
  /** The same for reads. */
  #readTrouble: Trouble | undefined;
  #isClosed = false;
  /** Called when files of an ended process have been adopted. */
  onFound: () => void = () => {};

  constructor(config: SpoolConfig, { accounting, log, now = monotonicMs }: SpoolDeps) {
    this.#config = config;
    this.#accounting = accounting;
    this.#log = log;
    this.#now = now;
    this.#entries = new WaitingFiles(config.isNewestFirst);
    this.#removal = new Removal(log);
    this.#noteGarbage = afterEvery(GARBAGE_FILES, () => config.onGarbage?.());
    this.#folder = new SharedFolder({
      root: config.folder,
      log,
      now,
      lookEveryMs: config.lookEveryMs ?? LOOK_EVERY_MS,
      onAdopted: (files) => this.#adopt(files),
      heldNames: () =>
        new Set([...this.#entries, ...this.#memory.taken, ...this.#removal.left].map(({ name }) => name)),
      freeFiles: () => this.#freeFiles(),
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

  /** Whether a write may succeed now. */
  get isUsable(): boolean {
    if (this.#isClosed) return false;
    return this.#trouble === undefined ? this.#folder.own !== undefined : this.#now() >= this.#trouble.untilMs;
  }

  get hasNext(): boolean {
    return this.#entries.length > 0 && !this.#isClosed;
  }

  /** Whether a batch is waiting whose sender was told that it is safe. */
  get hasPromised(): boolean {
    return !this.#isClosed && this.#entries.hasPromised;
  }

  /** When the next batch may be taken; Infinity if there is none. */
  get nextAtMs(): number {
    return this.hasNext ? (this.#readTrouble?.untilMs ?? 0) : Infinity;
  }

  read(): ReturnType<SegmentStock['read']> {
    return { buffered: 0, bufferedBytes: 0, inFlight: 0, spooled: this.#segments, spooledBytes: this.#bytes };
  }

  /** Never rejects, and takes at most a second: the daemon must start whatever the disk does. */
  async start(): Promise<void> {
    const timeout = new AbortController();
    await Promise.race([
      this.#folder.look(),
      sleep(OPEN_TIMEOUT_MS, undefined, { signal: timeout.signal }).catch(() => {}),
    ]);
    timeout.abort();
    if (this.#maxBytes < this.#config.maxBytes) {
      const { folder, maxBytes } = this.#config;
      this.#log.warn(
        { folder, maxBytes: this.#maxBytes, spoolSize: maxBytes },
        'the spool is in memory (tmpfs), which the memory limit includes: it is smaller than --spool-size. Set --spool to a folder on a disk',
      );
    }
  }

  async stop(): Promise<void> {
    this.#isClosed = true;
    await this.#folder.stop();
  }

  /**
   * Resolves with true once the segments would survive a power loss, and with false if they still belong to the caller.
   * Calls `onTaken` in the same turn in which the segments become spooled, so that every reading counts them exactly
   * once.
   */
  async write(segments: readonly Segment[], onTaken: () => void): Promise<boolean> {
    return this.#write([segments], {
      reserve: (more) => this.#evict(more),
      isWanted: () => true,
      isPromised: false,
      onTaken,
    });
  }

  /**
   * Writes batches whose senders wait until they are on disk: all batches or none. Drops no other file for them: if the
   * spool is full, their senders keep them. Removes them again if `isWanted` is false once they are on disk.
   */
  async writeAll(
    batches: readonly (readonly Segment[])[],
    { isWanted, onTaken }: { readonly isWanted: () => boolean; readonly onTaken: () => void },
  ): Promise<boolean> {
    return this.#write(batches, {
      reserve: (more) => {
        const shortage = this.#shortageOf(more);
        return shortage === undefined || refuse(this.#reporting(), shortage);
      },
      isWanted,
      isPromised: true,
      onTaken,
    });
  }

  async #write(
    batches: readonly (readonly Segment[])[],
    { reserve, isWanted, isPromised, onTaken }: Writing,
  ): Promise<boolean> {
    const entries = batches.map((segments) => entryOf(segments, this.#sequence++, this.#owner));
    const bytes = entries.reduce((sum, entry) => sum + entry.diskBytes, 0);
    if (!this.isUsable) return false;
    await this.#folder.open();
    const more = { bytes, files: entries.length };
    if (this.#shortageOf(more) !== undefined) await this.#folder.lookAgain();
    const { own } = this.#folder;
    if (own === undefined || this.#isClosed || !reserve(more)) return false;
    const files = entries.map((entry) => own.hold(entry));
    const remove = async (): Promise<void> => {
      this.#bytes -= bytes;
      for (const { name } of files) {
        for (const path of [`${own.at(name)}.part`, own.at(name)]) await unlink(path).catch(() => {});
        own.letGo();
      }
    };
    // Counted before the write, so that concurrent writes respect the limit together.
    this.#bytes += bytes;
    try {
      const now = momentNow();
      const written = files.map(({ name, bytes: size }, i) => ({
        path: own.at(name),
        parts: encodeBatch(batches[i]!, now),
        bytes: size,
      }));
      await this.#watch(writeBatchFiles(written, own.directory));
    } catch (error) {
      await remove();
      this.#setTrouble(error);
      await this.#folder.leaveIfAway();
      return false;
    }
    if (this.#isClosed || !isWanted()) {
      // Too late: the segments are counted as lost, or their senders keep them, so they must not be sent.
      await remove();
      return false;
    }
    this.#trouble = undefined;
    for (const { segments } of files) this.#segments += segments;
    this.#entries.add(files, isPromised);
    onTaken();
    return true;
  }

  /**
   * Takes the oldest batch, or the newest, for sending: call `checkOut`, then `finish` or `giveBack`. undefined: the
   * file could not be read, and either stays or has been counted as lost and set aside. `onlyPromised`: a batch of
   * `writeAll`.
   */
  async take(onlyPromised = false): Promise<{ entry: HeldFile; segments: readonly Segment[] } | undefined> {
    const entry = this.#entries.take(onlyPromised);
    if (entry === undefined) return undefined;
    try {
      const file = await this.#watch(readBatchFile(entry.folder.at(entry.name), this.#memory.take(entry), entry.bytes));
      const decoded = decodeBatch(file, entry, momentNow());
      this.#readTrouble = undefined;
      if (Array.isArray(decoded)) return { entry, segments: decoded };
      await this.setAside(entry, decoded);
    } catch (error) {
      if (!isLost(error)) this.#keep(entry, error);
      else await this.#setAsideUnread(entry, error);
    }
    return undefined;
  }

  /** From now on, the caller counts the segments of the batch. */
  checkOut(entry: HeldFile): void {
    this.#segments -= entry.segments;
  }

  /**
   * The batch was not sent: its file stays and is sent later. After this call, as after `finish`, the segments must not
   * be read.
   */
  giveBack(entry: HeldFile): void {
    this.#segments += entry.segments;
    this.#putBack(entry);
  }

  /** The batch was sent, or refused permanently: deletes its file. */
  async finish(entry: HeldFile): Promise<void> {
    this.#noteGarbage(1);
    this.#memory.giveBack(entry);
    this.#entries.forget(entry);
    this.#bytes -= entry.diskBytes;
    await this.#removal.remove(entry);
  }

  /**
   * Counts the files of an ended process, by their names alone: a large spool must not slow down the start or take
   * memory.
   */
  #adopt(files: readonly HeldFile[]): void {
    for (const { segments, diskBytes } of files) {
      this.#segments += segments;
      this.#bytes += diskBytes;
      this.#accounting.restored += segments;
    }
    this.#entries.adopt(files);
    this.#noteGarbage(files.length);
  }

  get #maxFiles(): number {
    return this.#config.maxFiles ?? Infinity;
  }

  get #maxBytes(): number {
    const { maxBytes, maxBytesInMemory = maxBytes } = this.#config;
    return this.#folder.isInMemory ? Math.min(maxBytes, maxBytesInMemory) : maxBytes;
  }

  /**
   * How many more files of ended processes to adopt: none until many more fit. Otherwise a process with as many
   * as it may own would adopt one for each that it has sent, and sort all of them each time.
   */
  #freeFiles(): number {
    const free = this.#maxFiles - this.#entries.length;
    return free < this.#maxFiles * ADOPTED_SHARE ? 0 : free;
  }

  /** Why `more` does not fit beside the files of all processes; undefined if it does. */
  #shortageOf({ bytes, files }: Size): Shortage | undefined {
    if (this.#entries.length + files > this.#maxFiles) return 'files';
    const maxBytes = this.#maxBytes;
    if (this.#bytes + this.#folder.othersBytes + bytes <= maxBytes) return undefined;
    return maxBytes < this.#config.maxBytes ? 'memory' : 'space';
  }

  /**
   * Drops this process's oldest files until `more` fits beside the files of other processes, but none that was
   * promised to its sender.
   */
  #evict(more: Size): boolean {
    for (let shortage; (shortage = this.#shortageOf(more)) !== undefined;) {
      const oldest = this.#entries.takeUnpromised();
      if (oldest === undefined) return false;
      this.#segments -= oldest.segments;
      this.#bytes -= oldest.diskBytes;
      this.#accounting.dropped.spool_full += oldest.segments;
      reportEviction(this.#reporting(), oldest.segments, shortage);
      void this.#removal.remove(oldest);
    }
    return true;
  }

  /** Keeps the file, to read it again after a pause. */
  #keep(entry: HeldFile, error: unknown): void {
    this.#putBack(entry);
    this.#reportRead(error);
  }

  #reportRead(error: unknown): void {
    this.#readTrouble = troubleOf(
      error,
      'spool_read',
      'cannot read the spool; its files stay and are read again later',
      this.#reporting(),
    );
  }

  #putBack(entry: HeldFile): void {
    this.#memory.giveBack(entry);
    this.#entries.putBack(entry);
  }

  /** The taken batch cannot be sent by this process: keeps its file under another name, and counts it as lost. */
  async setAside(entry: HeldFile, problem: BatchProblem): Promise<void> {
    const error = await this.#rename(entry);
    this.#lose(entry, problem, error);
  }

  /**
   * The same for a file that cannot be read. A disk on which it cannot be renamed either may be away as a whole, and
   * the file still whole: it is read again later, after all others.
   */
  async #setAsideUnread(entry: HeldFile, unread: unknown): Promise<void> {
    const error = await this.#rename(entry);
    if (error === undefined || systemCodeOf(error) === 'ENOENT') {
      this.#lose(entry, { reason: messageOf(unread) }, error);
      return;
    }
    this.#memory.giveBack(entry);
    this.#entries.putLast(entry);
    this.#reportRead(unread);
  }

  /** Resolves with the error, if there is one. */
  async #rename({ name, folder }: HeldFile): Promise<unknown> {
    try {
      await rename(folder.at(name), join(this.#config.folder, `${name}.unreadable`));
      return undefined;
    } catch (error) {
      return error;
    }
  }

  #lose(
    entry: HeldFile,
    { reason, remedy = DROP_REASONS.spool_unreadable.remedy }: BatchProblem,
    renameError: unknown,
  ): void {
    this.#memory.giveBack(entry);
    this.#entries.forget(entry);
    this.#segments -= entry.segments;
    this.#bytes -= entry.diskBytes;
    this.#accounting.dropped.spool_unreadable += entry.segments;
    const { name, segments, folder } = entry;
    let what = 'cannot be read; renamed to .unreadable';
    if (systemCodeOf(renameError) === 'ENOENT') what = 'is missing: it was deleted or moved';
    else if (renameError !== undefined) what = 'cannot be read, and could not be renamed';
    this.#log.limited(
      'dropped_spool_unreadable',
      'error',
      { file: name, segments, reason },
      `a spool file ${what}. ${remedy}`,
    );
    folder.letGo();
  }

  #onLooked(): void {
    this.#evict({ bytes: 0, files: 0 });
    this.onFound();
  }

  /**
   * Reports a disk that hangs before it returns an error. The operation cannot be cancelled; the callers limit how many
   * there are.
   */
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
    const message = 'cannot use the spool; segments are kept in memory only until the disk works again';
    this.#trouble = error === undefined ? undefined : troubleOf(error, 'spool_trouble', message, this.#reporting());
  }

  #reporting(): Reporting {
    return { folder: this.#config.folder, log: this.#log, nowMs: this.#now() };
  }
}
