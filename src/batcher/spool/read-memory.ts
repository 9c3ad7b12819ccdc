import type { SpoolEntry } from './format.ts';

const BUFFER_BYTES = 128 * 1024;
/** As many files as are usually sent at a time. */
const MAX_FREE = 8;

/** Reusable memory for reading files: buffers that are left to the garbage collector add up to 64 MB. */
export class ReadMemory {
  readonly #taken = new Map<SpoolEntry, Buffer>();
  readonly #free: Buffer[] = [];

  /** A buffer for the file plus one byte. It belongs to the caller until `giveBack`. */
  take(entry: SpoolEntry): Buffer {
    const needed = entry.bytes + 1;
    const isUsual = needed <= BUFFER_BYTES;
    const memory = (isUsual ? this.#free.pop() : undefined) ?? Buffer.allocUnsafeSlow(isUsual ? BUFFER_BYTES : needed);
    this.#taken.set(entry, memory);
    return memory;
  }

  /** The files that have a buffer. */
  get taken(): Iterable<SpoolEntry> {
    return this.#taken.keys();
  }

  giveBack(entry: SpoolEntry): void {
    const memory = this.#taken.get(entry);
    this.#taken.delete(entry);
    if (memory?.length === BUFFER_BYTES && this.#free.length < MAX_FREE) this.#free.push(memory);
  }
}
