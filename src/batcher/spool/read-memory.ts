import type { SpoolEntry } from './format.ts';

const STEP_BYTES = 128 * 1024;
/** As many files as are usually sent at one time. */
const MAX_FREE = 8;

/** Memory that files are read into, used again: buffers that are left to the collector gather up to 64 MB. */
export class ReadMemory {
  readonly #taken = new Map<SpoolEntry, Buffer>();
  readonly #free: Buffer[] = [];

  /** Room for the file and a byte more, the caller's until `giveBack`. */
  take(entry: SpoolEntry): Buffer {
    const needed = entry.bytes + 1;
    const isUsual = needed <= STEP_BYTES;
    const memory = (isUsual ? this.#free.pop() : undefined) ?? Buffer.allocUnsafeSlow(isUsual ? STEP_BYTES : needed);
    this.#taken.set(entry, memory);
    return memory;
  }

  /** The files that memory is taken for. */
  get taken(): Iterable<SpoolEntry> {
    return this.#taken.keys();
  }

  giveBack(entry: SpoolEntry): void {
    const memory = this.#taken.get(entry);
    this.#taken.delete(entry);
    if (memory?.length === STEP_BYTES && this.#free.length < MAX_FREE) this.#free.push(memory);
  }
}
