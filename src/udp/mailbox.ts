import { REJECT_REASONS, type DatagramRejectReason } from '../pipeline/accounting.ts';
import { MAX_BATCH_SEGMENTS, type Mail } from '../pipeline/segment.ts';

/**
 * Slabs of shared memory between the receive thread (one writer) and the main thread (one reader).
 * The writer takes the lowest free slab, fills it, seals it; the reader copies it out and frees it. Only touched slabs cost memory.
 * 176 slabs of 64 KiB hold 8,800 one-KB documents: 0.9 s of a stalled main thread at 10,000/s, before the socket buffer has to;
 * with what the socket buffer holds it is more than 10,000 at once. More would be more memory in a flood (R19).
 */
export const SLAB_BYTES = 64 * 1024;
export const SLABS = 176;
/** 6,600 one-KB documents; the rest is room for what comes while the reader wakes up. */
const MAX_HELD_SLABS = (SLABS * 3) / 4;
/** At least SLABS, and a power of two, so that the 32-bit count of sealed slabs may wrap around. */
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
const COUNTS = STATES + SLABS;
const CONTROL_LENGTH = COUNTS + SLABS;

/** Slots of `counters`: received, then one per reject reason. */
const RECEIVED = 0;
const REJECTED = 1;

export class Mailbox {
  readonly memory: SharedArrayBuffer;
  protected readonly control: Int32Array<SharedArrayBuffer>;
  protected readonly counters: Float64Array<SharedArrayBuffer>;
  protected readonly arrivals: Float64Array<SharedArrayBuffer>;
  protected readonly ends: Uint32Array<SharedArrayBuffer>;
  protected readonly bytes: Uint8Array<SharedArrayBuffer>;

  constructor(memory?: SharedArrayBuffer) {
    const counterLength = REJECTED + REJECT_REASONS.length;
    const counterBytes = 8 * counterLength;
    const arrivalBytes = 8 * SLABS * MAX_BATCH_SEGMENTS;
    const endBytes = 4 * SLABS * MAX_BATCH_SEGMENTS;
    const controlBytes = 4 * CONTROL_LENGTH;
    this.memory = memory ?? new SharedArrayBuffer(counterBytes + arrivalBytes + endBytes + controlBytes + SLABS * SLAB_BYTES);
    let offset = 0;
    this.counters = new Float64Array(this.memory, offset, counterLength);
    this.arrivals = new Float64Array(this.memory, (offset += counterBytes), SLABS * MAX_BATCH_SEGMENTS);
    this.ends = new Uint32Array(this.memory, (offset += arrivalBytes), SLABS * MAX_BATCH_SEGMENTS);
    this.control = new Int32Array(this.memory, (offset += endBytes), CONTROL_LENGTH);
    this.bytes = new Uint8Array(this.memory, offset + controlBytes, SLABS * SLAB_BYTES);
  }
}

/** The receive thread's end. */
export class MailboxWriter extends Mailbox {
  #slab = -1;
  #count = 0;
  #used = 0;
  /** Sealed since the reader was woken, and how many it may come to before it is. */
  #untold = 0;
  #mayHold = 1;

  /** When the first document of the open slab arrived, on the monotonic clock; 0 while there is none. */
  firstArrivalMs = 0;

  reject(reason: number): void {
    const { control, counters } = this;
    Atomics.add(control, SEQUENCE, 1);
    counters[RECEIVED]!++;
    counters[REJECTED + reason]!++;
    Atomics.add(control, SEQUENCE, 1);
  }

  /**
   * Copies the document, `source` from `start` to `end`, into the open slab. Waits when no slab is free: the socket buffer holds what
   * arrives meanwhile, and the kernel counts what it cannot. Nothing is dropped on this thread.
   */
  store(source: Buffer, start: number, end: number, nowMs: number): void {
    const length = end - start;
    if (this.#slab >= 0 && this.#used + length > SLAB_BYTES) this.seal();
    if (this.#slab < 0) this.#open(nowMs);
    const { control, bytes } = this;
    const slab = this.#slab;
    const base = slab * SLAB_BYTES;
    source.copy(bytes, base + this.#used, start, end);
    this.#used += length;
    const entry = slab * MAX_BATCH_SEGMENTS + this.#count;
    this.ends[entry] = this.#used;
    this.arrivals[entry] = nowMs;
    this.#count++;
    Atomics.add(control, SEQUENCE, 1);
    this.counters[RECEIVED]!++;
    control[COUNTS + slab] = this.#count;
    Atomics.add(control, SEQUENCE, 1);
    if (this.#count === MAX_BATCH_SEGMENTS) this.seal();
  }

  /** Hands the open slab over, if there is one. */
  seal(): void {
    if (this.#slab < 0) return;
    const { control } = this;
    const tail = Atomics.load(control, TAIL);
    control[QUEUE + (tail & (QUEUE_LENGTH - 1))] = this.#slab;
    Atomics.store(control, STATES + this.#slab, SEALED);
    Atomics.store(control, TAIL, tail + 1);
    if (++this.#untold >= this.#mayHold) this.#tell();
    this.#slab = -1;
    this.firstArrivalMs = 0;
  }

  /** From here on the reader is not woken by each slab. In a burst its work would take the core that the writer needs to read the socket. */
  hold(): void {
    this.#mayHold = MAX_HELD_SLABS;
  }

  /** Wakes the reader, if there is something that it was not told of, and again at each slab. */
  release(): void {
    this.#mayHold = 1;
    if (this.#untold > 0) this.#tell();
  }

  #tell(): void {
    this.#untold = 0;
    Atomics.notify(this.control, TAIL);
  }

  #open(nowMs: number): void {
    const { control } = this;
    for (;;) {
      const freed = Atomics.load(control, FREED);
      for (let slab = 0; slab < SLABS; slab++) {
        if (Atomics.load(control, STATES + slab) !== FREE) continue;
        Atomics.store(control, STATES + slab, FILLING);
        this.#slab = slab;
        this.#count = 0;
        this.#used = 0;
        this.firstArrivalMs = nowMs;
        return;
      }
      this.#tell();
      Atomics.wait(control, FREED, freed);
    }
  }
}

/** The main thread's end. */
export class MailboxReader extends Mailbox {
  #head = 0;

  /** Gives each sealed slab to `take`, oldest first, and frees it. */
  drain(take: (mail: Mail) => void): void {
    const { control } = this;
    while (this.#head !== Atomics.load(control, TAIL)) {
      const slab = control[QUEUE + (this.#head & (QUEUE_LENGTH - 1))]!;
      this.#head = (this.#head + 1) | 0;
      this.#take(slab, take);
    }
  }

  /** The same, with the slab that the writer had open. Only when the writer has ended. */
  drainAll(take: (mail: Mail) => void): void {
    this.drain(take);
    for (let slab = 0; slab < SLABS; slab++) if (this.control[COUNTS + slab]! > 0) this.#take(slab, take);
  }

  #take(slab: number, take: (mail: Mail) => void): void {
    const { control } = this;
    const count = control[COUNTS + slab]!;
    const firstEntry = slab * MAX_BATCH_SEGMENTS;
    const ends = this.ends.subarray(firstEntry, firstEntry + count);
    const base = slab * SLAB_BYTES;
    const arrivedAtMs = this.arrivals.subarray(firstEntry, firstEntry + count);
    take({ count, ends, arrivedAtMs, bytes: this.bytes.subarray(base, base + ends[count - 1]!) });
    control[COUNTS + slab] = 0;
    Atomics.store(control, STATES + slab, FREE);
    Atomics.add(control, FREED, 1);
    Atomics.notify(control, FREED);
  }

  /** Resolves when there is a slab to drain, at once if there is one already. */
  async sealed(): Promise<void> {
    const waiting = Atomics.waitAsync(this.control, TAIL, this.#head);
    if (waiting.async) await waiting.value;
  }

  /** Wakes `sealed()` without mail. */
  wake(): void {
    Atomics.notify(this.control, TAIL);
  }

  /**
   * One consistent reading while the writer works: its counters change between two steps of the sequence,
   * so a reading is good when the sequence was even and the same before and after.
   */
  read(): { received: number; rejected: Record<DatagramRejectReason, number>; held: number } {
    const { control, counters } = this;
    for (;;) {
      const before = Atomics.load(control, SEQUENCE);
      const received = counters[RECEIVED]!;
      const rejected = Object.fromEntries(REJECT_REASONS.map((reason, i) => [reason, counters[REJECTED + i]])) as Record<
        DatagramRejectReason,
        number
      >;
      let held = 0;
      for (let slab = 0; slab < SLABS; slab++) held += control[COUNTS + slab]!;
      if ((before & 1) === 0 && Atomics.load(control, SEQUENCE) === before) return { received, rejected, held };
    }
  }
}
