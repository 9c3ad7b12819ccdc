import { byAge } from './leftovers.ts';
import type { HeldFile } from './owned-folder.ts';

/** The files of this process that wait to be sent, oldest first. */
export class WaitingFiles {
  readonly #isNewestFirst: boolean;
  #files: HeldFile[] = [];
  /** Files whose senders were told that they are safe: nobody else has their documents. */
  readonly #promised = new Set<HeldFile>();

  constructor(isNewestFirst: boolean) {
    this.#isNewestFirst = isNewestFirst;
  }

  [Symbol.iterator](): Iterator<HeldFile> {
    return this.#files.values();
  }

  get length(): number {
    return this.#files.length;
  }

  get hasPromised(): boolean {
    return this.#promised.size > 0 && this.#files.some((file) => this.#promised.has(file));
  }

  /** New files, which are younger than all others. */
  add(files: readonly HeldFile[], isPromised: boolean): void {
    this.#files.push(...files);
    if (isPromised) for (const file of files) this.#promised.add(file);
  }

  /** Files of an ended process. */
  adopt(files: readonly HeldFile[]): void {
    this.#files.push(...files);
    this.#files.sort(byAge);
  }

  /** Takes the next file to send; with `onlyPromised`, the next of those that were promised to their senders. */
  take(onlyPromised: boolean): HeldFile | undefined {
    if (!onlyPromised) return this.#isNewestFirst ? this.#files.pop() : this.#files.shift();
    const isPromised = (file: HeldFile): boolean => this.#promised.has(file);
    return this.#takeAt(
      this.#isNewestFirst ? this.#files.findLastIndex(isPromised) : this.#files.findIndex(isPromised),
    );
  }

  /** Takes the oldest file that was not promised to its sender. */
  takeUnpromised(): HeldFile | undefined {
    return this.#takeAt(this.#files.findIndex((file) => !this.#promised.has(file)));
  }

  /** A file that was taken and could not be sent. */
  putBack(file: HeldFile): void {
    if (this.#isNewestFirst) this.#files.push(file);
    else this.#files.unshift(file);
  }

  /** A file that was taken and cannot be read now: all others come first. */
  putLast(file: HeldFile): void {
    if (this.#isNewestFirst) this.#files.unshift(file);
    else this.#files.push(file);
  }

  /** A file that was taken is no longer needed. */
  forget(file: HeldFile): void {
    this.#promised.delete(file);
  }

  #takeAt(position: number): HeldFile | undefined {
    return position < 0 ? undefined : this.#files.splice(position, 1)[0];
  }
}
