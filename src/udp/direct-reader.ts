import { readSync } from 'node:fs';

/** Larger than the largest datagram, 65,507 bytes. */
export const SCRATCH_BYTES = 64 * 1024;

export interface DatagramConsumer {
  take(bytes: Buffer, length: number): void;
}

/**
 * Reads datagrams straight from the descriptor of a bound, non-blocking socket. For each datagram node:dgram creates a
 * 64 KiB buffer, an address object and an event; a read(2) into one scratch buffer costs less than half
 * (docs/performance.md).
 * The drawbacks: the sender's address is unknown, and an empty socket raises an exception. So this only pays when many
 * datagrams are waiting.
 */
export class DirectReader {
  readonly #descriptor: number;
  readonly #scratch: Buffer;
  #isBroken = false;

  /** Reads datagrams into `scratch`, of SCRATCH_BYTES. */
  constructor(descriptor: number, scratch: Buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES)) {
    this.#descriptor = descriptor;
    this.#scratch = scratch;
  }

  /**
   * Passes up to `limit` waiting datagrams to `to`, each as the first `length` bytes of a buffer that is reused after
   * the call.
   * Returns the number of datagrams.
   * Never throws: after any error but EAGAIN it stops reading, and node:dgram continues alone.
   */
  read(limit: number, to: DatagramConsumer): number {
    let count = 0;
    for (; count < limit && !this.#isBroken; count++) {
      let length: number;
      try {
        length = readSync(this.#descriptor, this.#scratch, 0, SCRATCH_BYTES, null);
      } catch (error) {
        this.#isBroken = !(error instanceof Error && 'code' in error && error.code === 'EAGAIN');
        return count;
      }
      to.take(this.#scratch, length);
    }
    return count;
  }
}
