import { byAge } from './leftovers.ts';
import type { HeldFile } from './owned-folder.ts';

/** The files of this process that wait to be sent, oldest first. */
export class WaitingFiles {
  readonly #isNewestFirst: boolean;
  #files: HeldFile[] = [];
  /** Files whose senders were told that they are kept, and have forgotten their documents. */
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
    this.#files = [...this.#files, ...files].sort(byAge);
  }

  /** Takes the file that is to be sent next; with `onlyPromised`, of those whose sender waited for them. */
  take(onlyPromised: boolean): HeldFile | undefined {
    if (!onlyPromised) return this.#isNewestFirst ? this.#files.pop() : this.#files.shift();
    const isPromised = (file: HeldFile): boolean => this.#promised.has(file);
    return this.#takeAt(
      this.#isNewestFirst ? this.#files.findLastIndex(isPromised) : this.#files.findIndex(isPromised),
    );
  }

  /** Takes the oldest file that nobody was promised. */
  takeUnpromised(): HeldFile | undefined {
    return this.#takeAt(this.#files.findIndex((file) => !this.#promised.has(file)));
  }

  /** A file that was taken and could not be sent. */
  putBack(file: HeldFile): void {
    if (this.#isNewestFirst) this.#files.push(file);
    else this.#files.unshift(file);
  }

  /** A file that was taken is not needed any longer. */
  forget(file: HeldFile): void {
    this.#promised.delete(file);
  }

  #takeAt(position: number): HeldFile | undefined {
    return position < 0 ? undefined : this.#files.splice(position, 1)[0];
  }
}
