import type { IncomingHttpHeaders } from 'node:http';
import { afterEvery } from '../pipeline/collector.ts';
import { hasTooManyChunks } from './chunks.ts';

/** A request's body; its memory is counted until `release`. */
export interface Body {
  readonly bytes: Buffer;
  /** Releases the memory: nothing may read `bytes` afterwards. Idempotent. */
  release(): void;
}

/** A request, as far as reading its body is concerned. */
export interface BodySource extends AsyncIterable<Buffer> {
  readonly headers: IncomingHttpHeaders;
}

/** Memory grows in steps of this size, so that a body costs what the client has sent. */
const STEP_BYTES = 64 * 1024;
/**
 * Bodies up to this size, such as those of sampling calls, may use a reserve when large and slow bodies have used up
 * the budget.
 */
const SMALL_BYTES = 16 * 1024;
const SMALL_RESERVE_BYTES = 2 * 1024 * 1024;
const GARBAGE_BYTES = 4 * 1024 * 1024;
const NOTHING: Body = { bytes: Buffer.alloc(0), release: () => {} };

/**
 * Reads the bodies of all requests of a process within one budget. A body counts from its first byte until it is
 * released, so that neither many connections nor slow ones hold more than `maxBytes` together.
 */
export class BodyReader {
  readonly #maxBytes: number;
  readonly #noteGarbage: (bytes: number) => void;
  #bytes = 0;

  /**
   * Calls `onGarbage` whenever another few megabytes of chunks have been read; V8 would let such garbage grow to 64 MB.
   */
  constructor(maxBytes: number, onGarbage: () => void = () => {}) {
    this.#maxBytes = maxBytes;
    this.#noteGarbage = afterEvery(GARBAGE_BYTES, onGarbage);
  }

  /** Bytes of all bodies in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The whole body, or why it was not read completely: `too_large` if it is larger than `maxBytes` or has too many
   * chunks, `busy` if the budget is used up. In both cases the caller closes the connection. Rejects if the client
   * disconnects.
   */
  async read(source: BodySource, maxBytes: number): Promise<Body | 'too_large' | 'busy'> {
    const { 'content-length': announced } = source.headers;
    if (Number(announced) > maxBytes) return 'too_large';
    if (announced === '0') return NOTHING;
    const pages = new Pages(maxBytes);
    let piece: Buffer | undefined;
    let charged = 0;
    let length = 0;
    let chunks = 0;
    const release = (): void => {
      this.#bytes -= charged;
      charged = 0;
      pages.free();
    };
    let isWhole = false;
    try {
      for await (const chunk of source) {
        const end = length + chunk.length;
        this.#noteGarbage(chunk.length);
        if (end > maxBytes || hasTooManyChunks(++chunks, end)) return 'too_large';
        if (end > charged) {
          if (!this.#charge(stepsOf(end) - charged, end)) return 'busy';
          charged = stepsOf(end);
        }
        // Most bodies arrive in one piece, which is not copied.
        if (chunks === 1 && chunk.length === Number(announced)) piece = chunk;
        else pages.set(chunk, length, charged);
        length = end;
      }
      isWhole = true;
      return { bytes: piece ?? pages.bytes(length), release };
    } finally {
      if (!isWhole) release();
    }
  }

  #charge(more: number, size: number): boolean {
    const reserve = size <= SMALL_BYTES ? SMALL_RESERVE_BYTES : 0;
    if (this.#bytes + more > this.#maxBytes + reserve) return false;
    this.#bytes += more;
    return true;
  }
}

/**
 * Memory of a body with its own pages, which are returned to the system at once. A list of chunks would cost 100 bytes
 * per chunk, however small.
 */
class Pages {
  readonly #maxBytes: number;
  #memory: ArrayBuffer | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Grows to `size` bytes. */
  set(chunk: Buffer, at: number, size: number): void {
    this.#memory ??= new ArrayBuffer(0, { maxByteLength: stepsOf(this.#maxBytes) });
    if (size > this.#memory.byteLength) this.#memory.resize(size);
    new Uint8Array(this.#memory).set(chunk, at);
  }

  bytes(length: number): Buffer {
    return this.#memory === undefined ? Buffer.alloc(0) : Buffer.from(this.#memory, 0, length);
  }

  free(): void {
    this.#memory?.resize(0);
  }
}

export const COMPRESSED = 'xrayd does not accept compressed bodies: remove Content-Encoding';

/** Whether a body is compressed. xrayd does not decompress: no SDK compresses what it sends to X-Ray. */
export function isCompressed({ 'content-encoding': coding = '' }: IncomingHttpHeaders): boolean {
  return coding !== '' && coding.toLowerCase() !== 'identity';
}

function stepsOf(bytes: number): number {
  if (bytes <= SMALL_BYTES) return SMALL_BYTES;
  return Math.ceil(bytes / STEP_BYTES) * STEP_BYTES;
}
