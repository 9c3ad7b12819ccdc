const STEP_BYTES = 64 * 1024;
/** Memory kept for the next bodies: as much as usually is in flight. */
const MAX_FREE_BYTES = 2 * 1024 * 1024;

/**
 * Memory for request bodies, used again. A new buffer for each is freed only when the collector runs, and it lets 64 MB of them gather.
 */
export class BodyPool {
  #free: ArrayBuffer[] = [];
  #freeBytes = 0;

  /**
   * The parts, binary strings, one after the other, in memory that is the caller's until `giveBack`. Never one long string: 1 MB of it is
   * garbage for the old generation.
   */
  take(parts: readonly string[]): Buffer<ArrayBuffer> {
    let length = 0;
    for (const part of parts) length += part.length;
    const at = this.#free.findIndex((free) => free.byteLength >= length);
    const memory = at < 0 ? new ArrayBuffer(Math.ceil(length / STEP_BYTES) * STEP_BYTES) : this.#free.splice(at, 1)[0]!;
    if (at >= 0) this.#freeBytes -= memory.byteLength;
    const body = Buffer.from(memory, 0, length);
    let written = 0;
    for (const part of parts) written += body.write(part, written, 'latin1');
    return body;
  }

  /** Nothing may read `body` after this. */
  giveBack(body: Buffer<ArrayBuffer>): void {
    if (this.#freeBytes + body.buffer.byteLength > MAX_FREE_BYTES) return;
    this.#freeBytes += body.buffer.byteLength;
    this.#free.push(body.buffer);
    // The smallest that fits is taken first.
    this.#free.sort((a, b) => a.byteLength - b.byteLength);
  }
}
