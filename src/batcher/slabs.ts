import type { Segment } from '../pipeline/segment.ts';

/**
 * Large compared to a document of 64 KB, so that little is wasted at the end of each slab; small compared to the
 * budget.
 */
const SLAB_BYTES = 1024 * 1024;
/** Free slabs that are kept for reuse; the memory of others goes back to the system. */
const MAX_FREE = 2;

/**
 * Memory for waiting documents. Documents are packed into slabs; a slab is reused once its last document is released.
 * With one buffer per chunk, released memory stayed until the collector ran (80 MB on top of a budget of 64), and small
 * chunks cost 400 bytes more.
 */
export class Slabs {
  /** Number of unreleased documents in each slab. */
  readonly #live = new Map<Buffer, number>();
  readonly #free: Buffer[] = [];
  #current: Buffer | undefined;
  #used = 0;

  /** Number of slabs that contain documents. */
  get inUse(): number {
    return this.#live.size;
  }

  /** Copies `count` concatenated documents and returns their buffer and offset. Release each document exactly once. */
  copy(bytes: Uint8Array, count: number): { readonly chunk: Buffer; readonly start: number } {
    if (bytes.length > SLAB_BYTES / 4) {
      // Over TCP, documents may have megabytes; their memory is left to the garbage collector.
      return { chunk: Buffer.from(bytes), start: 0 };
    }
    if (this.#current === undefined || this.#used + bytes.length > SLAB_BYTES) {
      this.#leave();
      this.#current = this.#free.pop() ?? newSlab();
      this.#used = 0;
    }
    const chunk = this.#current;
    const start = this.#used;
    chunk.set(bytes, start);
    this.#used += bytes.length;
    this.#live.set(chunk, (this.#live.get(chunk) ?? 0) + count);
    return { chunk, start };
  }

  /** The documents are delivered, dropped or copied: nothing reads them any longer. */
  release(segments: readonly Segment[]): void {
    for (const { chunk } of segments) {
      const live = this.#live.get(chunk);
      if (live === undefined) continue;
      if (live > 1) this.#live.set(chunk, live - 1);
      else this.#onEmpty(chunk);
    }
  }

  #onEmpty(chunk: Buffer): void {
    this.#live.delete(chunk);
    // The current slab is refilled from its start: at low rates, a single slab is enough.
    if (chunk === this.#current) this.#used = 0;
    else this.#keep(chunk);
  }

  /** Stops filling the current slab. If all its documents have been released, it is free. */
  #leave(): void {
    if (this.#current !== undefined && !this.#live.has(this.#current)) this.#keep(this.#current);
    this.#current = undefined;
  }

  #keep(chunk: Buffer): void {
    if (this.#free.length < MAX_FREE) this.#free.push(chunk);
    else if (chunk.buffer instanceof ArrayBuffer) chunk.buffer.resize(0);
  }
}

/**
 * A resizable buffer has its own pages, and resizing it to 0 returns them to the system at once. An ordinary buffer
 * waits for the garbage collector, and malloc keeps its memory: 60 MB stayed resident after a full buffer had drained
 * (docs/performance.md).
 */
function newSlab(): Buffer {
  return Buffer.from(new ArrayBuffer(SLAB_BYTES, { maxByteLength: SLAB_BYTES }), 0, SLAB_BYTES);
}
