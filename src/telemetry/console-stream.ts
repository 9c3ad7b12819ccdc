import { write as writeTo } from 'node:fs';
import { systemCodeOf } from '../pipeline/errors.ts';

/** Limit of the text that waits for a reader; later lines are lost. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** Limit of one write, so that a slow reader frees space often. */
const MAX_WRITE_BYTES = 16 * 1024;
/** A full console returns EAGAIN if another process made it non-blocking. */
const RETRY_MS = 50;

export interface ConsoleEvents {
  /** The console is closed, full or read-only. The text is lost. */
  readonly onError: (error: Error) => void;
  /** The console accepts lines again, after `lost` of them could not be written. */
  readonly onResumed: (lost: number) => void;
}

/**
 * Standard output or error of a program that must not stop when its reader does: `kubectl logs` that hangs, `| less`,
 * Ctrl-S in a terminal.
 * A libuv thread writes, one call at a time; at most 1 MB waits. Do not use process.stdout as well: the order of lines
 * would be lost.
 */
export class ConsoleStream {
  readonly #fd: number;
  readonly #maxWaitingBytes: number;
  readonly #waiting: string[] = [];
  readonly #onIdle: (() => void)[] = [];
  #waitingBytes = 0;
  #isWriting = false;
  #lost = 0;
  /** Lines lost since the console last accepted any. */
  #lostInStall = 0;
  events: ConsoleEvents | undefined;

  constructor(fd: number, maxWaitingBytes = MAX_WAITING_BYTES) {
    this.#fd = fd;
    this.#maxWaitingBytes = maxWaitingBytes;
  }

  /** Number of writes that never reached the console. */
  get lost(): number {
    return this.#lost;
  }

  /** Returns at once, whatever state the console is in. `text` is one or more whole lines. */
  write(text: string): void {
    const bytes = Buffer.byteLength(text);
    if (this.#waitingBytes + bytes > this.#maxWaitingBytes) {
      this.#lost++;
      this.#lostInStall++;
      return;
    }
    this.#waiting.push(text);
    this.#waitingBytes += bytes;
    if (!this.#isWriting) this.#next();
  }

  /** Resolves when everything is written or lost; never, while nobody reads. */
  async flush(): Promise<void> {
    if (this.#isWriting) await new Promise<void>((done) => void this.#onIdle.push(done));
  }

  #next(): void {
    let count = 0;
    let length = 0;
    while (count < this.#waiting.length && (count === 0 || length + this.#waiting[count]!.length <= MAX_WRITE_BYTES)) {
      length += this.#waiting[count++]!.length;
    }
    this.#isWriting = count > 0;
    if (count === 0) {
      for (const done of this.#onIdle.splice(0)) done();
      return;
    }
    const bytes = Buffer.from(this.#waiting.splice(0, count).join(''));
    this.#write(bytes, bytes.length, count);
  }

  #write(rest: Buffer, bytes: number, count: number): void {
    writeTo(this.#fd, rest, (error, written) => {
      const code = error === null ? undefined : systemCodeOf(error);
      if (code === 'EAGAIN') {
        setTimeout(() => this.#write(rest, bytes, count), RETRY_MS);
      } else if (error === null && written < rest.length) {
        this.#write(rest.subarray(written), bytes, count);
      } else {
        this.#waitingBytes -= bytes;
        if (error === null) this.#resumed();
        else this.#failed(error, count);
        this.#next();
      }
    });
  }

  #resumed(): void {
    // Wait until half of the buffer is free; otherwise this would be reported after each line.
    if (this.#lostInStall === 0 || this.#waitingBytes > this.#maxWaitingBytes / 2) return;
    const lost = this.#lostInStall;
    this.#lostInStall = 0;
    this.events?.onResumed(lost);
  }

  #failed(error: Error, count: number): void {
    this.#lost += count;
    this.events?.onError(error);
  }
}

/** The console of the program. While it serves, all its output goes through these. */
export const CONSOLES: Readonly<Record<1 | 2, ConsoleStream>> = { 1: new ConsoleStream(1), 2: new ConsoleStream(2) };
