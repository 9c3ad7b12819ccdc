import type { Segment } from '../pipeline/segment.ts';

/** Large against a document of 64 KB, so that little is left at the end of each; small against the budget. */
const SLAB_BYTES = 1024 * 1024;
/** Kept for what comes next; more goes back to the system. */
const MAX_FREE = 2;

/**
 * Memory for waiting documents: they lie one after the other in slabs, and a slab is used again when the last of its documents is gone.
 * With a buffer for each chunk, what had gone stayed until the collector ran (80 MB on top of a budget of 64), and small chunks cost 400 bytes more.
 */
export class Slabs {
  /** How many documents of each slab are still here. */
  readonly #live = new Map<Buffer, number>();
  readonly #free: Buffer[] = [];
  #current: Buffer | undefined;
  #used = 0;

  /** Slabs with documents in them. */
  get inUse(): number {
    return this.#live.size;
  }

  /** Copies `count` documents that lie one after the other: into which buffer, and from which offset on. Each is to be released once. */
  copy(bytes: Uint8Array, count: number): { readonly chunk: Buffer; readonly start: number } {
    if (bytes.length > SLAB_BYTES / 4) {
      // By TCP documents of megabytes may come; their memory is the collector's.
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

  /** The documents are delivered, dropped or copied: nothing reads them any more. */
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
    // The current one is filled from its start again: at low rates one slab is all there is.
    if (chunk === this.#current) this.#used = 0;
    else this.#keep(chunk);
  }

  /** A full slab whose documents have all gone already is free. */
  #leave(): void {
    if (this.#current !== undefined && !this.#live.has(this.#current)) this.#keep(this.#current);
    this.#current = undefined;
  }

  #keep(chunk: Buffer): void {
    if (this.#free.length < MAX_FREE) this.#free.push(chunk);
    else (chunk.buffer as ArrayBuffer).resize(0);
  }
}

/**
 * A resizable buffer is pages of its own, and its memory goes back to the system the moment it is made empty. An ordinary one is the
 * collector's to free, and malloc's to keep: 60 MB stayed resident after a full buffer had drained (docs/performance.md).
 */
function newSlab(): Buffer {
  return Buffer.from(new ArrayBuffer(SLAB_BYTES, { maxByteLength: SLAB_BYTES }), 0, SLAB_BYTES);
}
