import type { IncomingHttpHeaders } from 'node:http';
import { everyBytes } from '../pipeline/collector.ts';

/** A request's body; its memory is counted until `release`. */
export interface Body {
  readonly bytes: Buffer;
  /** Gives the memory back: nothing may read `bytes` after it. Idempotent. */
  release(): void;
}

/** What a body is read from. */
export interface BodySource extends AsyncIterable<Buffer> {
  readonly headers: IncomingHttpHeaders;
}

/** Memory grows in steps of this, so that what a client has sent is what it costs. */
const STEP_BYTES = 64 * 1024;
/** Small bodies, such as those of sampling calls, come in beside large and slow ones that use up the budget: up to this size, and this much together. */
const SMALL_BYTES = 16 * 1024;
const SMALL_RESERVE_BYTES = 2 * 1024 * 1024;
/** A body of 5 MB has 4,000 in Ethernet's frames. Each costs some microseconds, and Transfer-Encoding may make one of each byte. */
const MAX_CHUNKS = 16 * 1024;
const GARBAGE_BYTES = 4 * 1024 * 1024;
const NOTHING: Body = { bytes: Buffer.alloc(0), release: () => {} };

/**
 * Reads the bodies of all requests of a process within one budget: a body counts from its first byte until it is released, so that neither many
 * connections nor slow ones hold more than `maxBytes` together.
 */
export class BodyReader {
  readonly #maxBytes: number;
  readonly #noteGarbage: (bytes: number) => void;
  #bytes = 0;

  /** `onGarbage` is told each time that the chunks read since the last time are some megabytes, which V8 would let grow to 64 MB. */
  constructor(maxBytes: number, onGarbage: () => void = () => {}) {
    this.#maxBytes = maxBytes;
    this.#noteGarbage = everyBytes(GARBAGE_BYTES, onGarbage);
  }

  /** Bytes of all bodies that are held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The whole body, or why it was not read to its end: `too_large` for one larger than `maxBytes`, or in too many chunks, `busy` when the budget is used up. The caller
   * closes the connection then. Rejects when the client goes away.
   */
  async read(source: BodySource, maxBytes: number): Promise<Body | 'too_large' | 'busy'> {
    const { 'content-length': announced } = source.headers;
    if (Number(announced) > maxBytes) return 'too_large';
    if (announced === '0') return NOTHING;
    // Pages of its own, which go back to the system at once. A list of chunks would cost 100 bytes for each, however small.
    const memory = new ArrayBuffer(0, { maxByteLength: stepsOf(maxBytes) });
    let length = 0;
    let chunks = 0;
    let isWhole = false;
    try {
      for await (const chunk of source) {
        const end = length + chunk.length;
        this.#noteGarbage(chunk.length);
        if (end > maxBytes || ++chunks > MAX_CHUNKS) return 'too_large';
        if (end > memory.byteLength && !this.#grow(memory, stepsOf(end))) return 'busy';
        new Uint8Array(memory).set(chunk, length);
        length = end;
      }
      isWhole = true;
      return { bytes: Buffer.from(memory, 0, length), release: () => this.#release(memory) };
    } finally {
      if (!isWhole) this.#release(memory);
    }
  }

  #grow(memory: ArrayBuffer, size: number): boolean {
    const more = size - memory.byteLength;
    const reserve = size <= SMALL_BYTES ? SMALL_RESERVE_BYTES : 0;
    if (this.#bytes + more > this.#maxBytes + reserve) return false;
    this.#bytes += more;
    memory.resize(size);
    return true;
  }

  #release(memory: ArrayBuffer): void {
    this.#bytes -= memory.byteLength;
    memory.resize(0);
  }
}

export const COMPRESSED = 'xrayd takes no compressed body: leave out Content-Encoding';

/** Whether a body has to be decompressed before it is read, which nobody here does: no SDK compresses what it sends to X-Ray. */
export function isCompressed({ 'content-encoding': coding = '' }: IncomingHttpHeaders): boolean {
  return coding !== '' && coding.toLowerCase() !== 'identity';
}

function stepsOf(bytes: number): number {
  if (bytes <= SMALL_BYTES) return SMALL_BYTES;
  return Math.ceil(bytes / STEP_BYTES) * STEP_BYTES;
}
