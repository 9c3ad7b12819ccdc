import type { IncomingHttpHeaders } from 'node:http';

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
const NOTHING: Body = { bytes: Buffer.alloc(0), release: () => {} };

/**
 * Reads the bodies of all requests of a process within one budget: a body counts from its first byte until it is released, so that neither many
 * connections nor slow ones hold more than `maxBytes` together.
 */
export class BodyReader {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of all bodies that are held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The whole body, or why it was not read to its end: `too_large` for one larger than `maxBytes`, `busy` when the budget is used up. The caller
   * closes the connection then. Rejects when the client goes away.
   */
  async read(source: BodySource, maxBytes: number): Promise<Body | 'too_large' | 'busy'> {
    const { 'content-length': announced } = source.headers;
    if (Number(announced) > maxBytes) return 'too_large';
    if (announced === '0') return NOTHING;
    // Pages of its own, which go back to the system at once. A chunk may be one byte (Transfer-Encoding): a list of chunks would cost 100 bytes each.
    const memory = new ArrayBuffer(0, { maxByteLength: stepsOf(maxBytes) });
    let length = 0;
    let isWhole = false;
    try {
      for await (const chunk of source) {
        const end = length + chunk.length;
        if (end > maxBytes) return 'too_large';
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
    if (this.#bytes + more > this.#maxBytes) return false;
    this.#bytes += more;
    memory.resize(size);
    return true;
  }

  #release(memory: ArrayBuffer): void {
    this.#bytes -= memory.byteLength;
    memory.resize(0);
  }
}

function stepsOf(bytes: number): number {
  return Math.ceil(bytes / STEP_BYTES) * STEP_BYTES;
}
