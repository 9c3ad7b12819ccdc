const ROUND_TO_BYTES = 64 * 1024;
/** Memory that is kept for later bodies: as much as is usually in flight. */
const MAX_FREE_BYTES = 2 * 1024 * 1024;
/** Before each body, for the head of its request. With a session token it has about 2 KB. */
const HEAD_BYTES = 4 * 1024;

/**
 * Reusable memory for request bodies. New buffers would be freed only when the garbage collector runs, which lets them
 * add up to 64 MB.
 */
export class BodyPool {
  #free: ArrayBuffer[] = [];
  #freeBytes = 0;

  /**
   * Concatenates the parts, which are binary strings, into memory that belongs to the caller until `giveBack`. Never
   * builds one long string: 1 MB of it would be garbage in the old generation.
   */
  take(parts: readonly string[]): Buffer<ArrayBuffer> {
    let length = HEAD_BYTES;
    for (const part of parts) length += part.length;
    const at = this.#free.findIndex((free) => free.byteLength >= length);
    const memory =
      at < 0 ? new ArrayBuffer(Math.ceil(length / ROUND_TO_BYTES) * ROUND_TO_BYTES) : this.#free.splice(at, 1)[0]!;
    if (at >= 0) this.#freeBytes -= memory.byteLength;
    const body = Buffer.from(memory, HEAD_BYTES, length - HEAD_BYTES);
    let written = 0;
    for (const part of parts) written += body.write(part, written, 'latin1');
    return body;
  }

  /** Nothing may read `body` after this. */
  giveBack(body: Buffer<ArrayBuffer>): void {
    if (this.#freeBytes + body.buffer.byteLength > MAX_FREE_BYTES) return;
    this.#freeBytes += body.buffer.byteLength;
    this.#free.push(body.buffer);
    // Sorted, so that the smallest buffer that fits is used first.
    this.#free.sort((a, b) => a.byteLength - b.byteLength);
  }
}

/** A body of a pool together with the memory before it, which nothing else uses. */
export function memoryOf(body: Buffer<ArrayBuffer>): Buffer {
  return Buffer.from(body.buffer, 0, body.byteOffset + body.length);
}
