import { REJECT_REASONS, type DatagramRejectReason } from '../pipeline/accounting.ts';
import { tableOf } from '../pipeline/list.ts';
import type { Chunk } from '../pipeline/segment.ts';

/**
 * Chunks of shared memory between the receive thread (one writer) and the main thread (one reader).
 * The writer opens the free chunk with the lowest index, fills it and seals it; the reader copies it and frees it. Only
 * chunks in use cost memory.
 * 176 chunks of 64 KiB hold 8,800 one-KB documents: a main thread stalled for 0.9 s at 10,000/s, before the socket
 * buffer fills. Together with the socket buffer that is more than 10,000 at once. More chunks would take more memory in
 * a flood (R19).
 */
export const CHUNK_BYTES = 64 * 1024;
export const CHUNKS = 176;
/** Documents per chunk: as many as fit into one call to X-Ray, so that a busy daemon makes one call per chunk. */
export const CHUNK_DOCUMENTS = 50;
/** 6,600 one-KB documents; the other chunks take what arrives while the reader wakes up. */
const MAX_UNREPORTED = (CHUNKS * 3) / 4;
/** At least CHUNKS, and a power of two, so that the 32-bit count of sealed chunks can wrap around. */
const QUEUE_LENGTH = 256;

const FREE = 0;
const FILLING = 1;
const SEALED = 2;

/** Slots of `control`. */
const SEQUENCE = 0;
const TAIL = 1;
const FREED = 2;
const QUEUE = 3;
const STATES = QUEUE + QUEUE_LENGTH;
const COUNTS = STATES + CHUNKS;
const CONTROL_LENGTH = COUNTS + CHUNKS;

/** Slots of `counters`: received, then one per reject reason. */
const RECEIVED = 0;
const REJECTED = 1;

export class RingBuffer {
  readonly memory: SharedArrayBuffer;
  protected readonly control: Int32Array<SharedArrayBuffer>;
  protected readonly counters: Float64Array<SharedArrayBuffer>;
  protected readonly arrivals: Float64Array<SharedArrayBuffer>;
  protected readonly ends: Uint32Array<SharedArrayBuffer>;
  protected readonly bytes: Uint8Array<SharedArrayBuffer>;

  constructor(memory?: SharedArrayBuffer) {
    const counterLength = REJECTED + REJECT_REASONS.length;
    const counterBytes = 8 * counterLength;
    const arrivalBytes = 8 * CHUNKS * CHUNK_DOCUMENTS;
    const endBytes = 4 * CHUNKS * CHUNK_DOCUMENTS;
    const controlBytes = 4 * CONTROL_LENGTH;
    this.memory =
      memory ?? new SharedArrayBuffer(counterBytes + arrivalBytes + endBytes + controlBytes + CHUNKS * CHUNK_BYTES);
    let offset = 0;
    this.counters = new Float64Array(this.memory, offset, counterLength);
    this.arrivals = new Float64Array(this.memory, (offset += counterBytes), CHUNKS * CHUNK_DOCUMENTS);
    this.ends = new Uint32Array(this.memory, (offset += arrivalBytes), CHUNKS * CHUNK_DOCUMENTS);
    this.control = new Int32Array(this.memory, (offset += endBytes), CONTROL_LENGTH);
    this.bytes = new Uint8Array(this.memory, offset + controlBytes, CHUNKS * CHUNK_BYTES);
  }
}

/** The receive thread's side. */
export class RingBufferWriter extends RingBuffer {
  #chunk = -1;
  #count = 0;
  #used = 0;
  /** Chunks sealed since the reader was last woken, and the number at which it is woken. */
  #unreported = 0;
  #reportAfter = 1;

  /** When the first document of the open chunk arrived, on the monotonic clock; 0 without an open chunk. */
  firstArrivalMs = 0;

  /** How many more documents fit into the open chunk, if they are small. */
  get placesLeft(): number {
    return CHUNK_DOCUMENTS - (this.#chunk < 0 ? 0 : this.#count);
  }

  reject(reason: number): void {
    const { control, counters } = this;
    Atomics.add(control, SEQUENCE, 1);
    counters[RECEIVED]!++;
    counters[REJECTED + reason]!++;
    Atomics.add(control, SEQUENCE, 1);
  }

  /**
   * Copies the document, `source` from `start` to `end`, into the open chunk. Blocks while no chunk is free: the socket
   * buffer holds what arrives meanwhile, and the kernel counts what it drops. This thread drops nothing.
   */
  store(source: Buffer, start: number, end: number, nowMs: number): void {
    const length = end - start;
    if (this.#chunk >= 0 && this.#used + length > CHUNK_BYTES) this.seal();
    if (this.#chunk < 0) this.#open(nowMs);
    const { control, bytes } = this;
    const index = this.#chunk;
    const base = index * CHUNK_BYTES;
    source.copy(bytes, base + this.#used, start, end);
    this.#used += length;
    const entry = index * CHUNK_DOCUMENTS + this.#count;
    this.ends[entry] = this.#used;
    this.arrivals[entry] = nowMs;
    this.#count++;
    Atomics.add(control, SEQUENCE, 1);
    this.counters[RECEIVED]!++;
    control[COUNTS + index] = this.#count;
    Atomics.add(control, SEQUENCE, 1);
    if (this.#count === CHUNK_DOCUMENTS) this.seal();
  }

  /** Hands the open chunk over, if there is one. */
  seal(): void {
    if (this.#chunk < 0) return;
    const { control } = this;
    const tail = Atomics.load(control, TAIL);
    control[QUEUE + (tail & (QUEUE_LENGTH - 1))] = this.#chunk;
    Atomics.store(control, STATES + this.#chunk, SEALED);
    Atomics.store(control, TAIL, tail + 1);
    if (++this.#unreported >= this.#reportAfter) this.#wakeReader();
    this.#chunk = -1;
    this.firstArrivalMs = 0;
  }

  /**
   * Stops waking the reader for each chunk. In a burst the reader would take the core that the writer needs to read the
   * socket.
   */
  hold(): void {
    this.#reportAfter = MAX_UNREPORTED;
  }

  /** Wakes the reader if chunks are unreported, and from then on for each chunk. */
  release(): void {
    this.#reportAfter = 1;
    if (this.#unreported > 0) this.#wakeReader();
  }

  #wakeReader(): void {
    this.#unreported = 0;
    Atomics.notify(this.control, TAIL);
  }

  #open(nowMs: number): void {
    const { control } = this;
    for (;;) {
      const freed = Atomics.load(control, FREED);
      for (let index = 0; index < CHUNKS; index++) {
        if (Atomics.load(control, STATES + index) !== FREE) continue;
        Atomics.store(control, STATES + index, FILLING);
        this.#chunk = index;
        this.#count = 0;
        this.#used = 0;
        this.firstArrivalMs = nowMs;
        return;
      }
      this.#wakeReader();
      Atomics.wait(control, FREED, freed);
    }
  }
}

/** The main thread's side. */
export class RingBufferReader extends RingBuffer {
  #head = 0;

  /** Passes each sealed chunk to `take`, oldest first, and frees it. */
  drain(take: (chunk: Chunk) => void): void {
    const { control } = this;
    while (this.#head !== Atomics.load(control, TAIL)) {
      const index = control[QUEUE + (this.#head & (QUEUE_LENGTH - 1))]!;
      this.#head = (this.#head + 1) | 0;
      this.#take(index, take);
    }
  }

  /** Like `drain`, and also passes the chunk that the writer had open. Call it only after the writer has ended. */
  drainAll(take: (chunk: Chunk) => void): void {
    this.drain(take);
    for (let index = 0; index < CHUNKS; index++) if (this.control[COUNTS + index]! > 0) this.#take(index, take);
  }

  #take(index: number, take: (chunk: Chunk) => void): void {
    const { control } = this;
    const count = control[COUNTS + index]!;
    const firstEntry = index * CHUNK_DOCUMENTS;
    const ends = this.ends.subarray(firstEntry, firstEntry + count);
    const base = index * CHUNK_BYTES;
    const arrivedAtMs = this.arrivals.subarray(firstEntry, firstEntry + count);
    take({ format: 'xray', count, ends, arrivedAtMs, bytes: this.bytes.subarray(base, base + ends[count - 1]!) });
    control[COUNTS + index] = 0;
    Atomics.store(control, STATES + index, FREE);
    Atomics.add(control, FREED, 1);
    Atomics.notify(control, FREED);
  }

  /** Resolves when there is a chunk to drain; at once if there already is one. */
  async sealed(): Promise<void> {
    const waiting = Atomics.waitAsync(this.control, TAIL, this.#head);
    if (waiting.async) await waiting.value;
  }

  /** Wakes `sealed()` without a chunk. */
  wake(): void {
    Atomics.notify(this.control, TAIL);
  }

  /**
   * One consistent reading while the writer works. The writer increments the sequence before and after it changes a
   * counter, so a reading is consistent if the sequence was even and did not change.
   */
  read(): { received: number; rejected: Record<DatagramRejectReason, number>; held: number } {
    const { control, counters } = this;
    for (;;) {
      const before = Atomics.load(control, SEQUENCE);
      const received = counters[RECEIVED]!;
      const rejected = tableOf(REJECT_REASONS, (_, i) => counters[REJECTED + i] ?? 0);
      let held = 0;
      for (let index = 0; index < CHUNKS; index++) held += control[COUNTS + index]!;
      if ((before & 1) === 0 && Atomics.load(control, SEQUENCE) === before) return { received, rejected, held };
    }
  }
}
