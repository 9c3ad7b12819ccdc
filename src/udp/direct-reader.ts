import { readSync } from 'node:fs';

/** More than the largest datagram, 65,507 bytes. */
export const SCRATCH_BYTES = 64 * 1024;

export interface DatagramConsumer {
  take(bytes: Buffer, length: number): void;
}

/**
 * Reads datagrams straight from the descriptor of a bound, non-blocking socket. node:dgram makes a 64 KiB buffer, an address object
 * and an event of each; a read(2) into one scratch buffer costs less than half (docs/performance.md).
 * The price: the sender's address is not known, and "nothing more" is an exception, so this pays only where many are waiting.
 */
export class DirectReader {
  readonly #descriptor: number;
  readonly #scratch: Buffer;
  #isBroken = false;

  /** Datagrams are read into `scratch`, of SCRATCH_BYTES. */
  constructor(descriptor: number, scratch: Buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES)) {
    this.#descriptor = descriptor;
    this.#scratch = scratch;
  }

  /**
   * Gives up to `limit` waiting datagrams to `to`: the first `length` bytes of a memory that is the next one's after the call.
   * Returns how many there were.
   * Never throws: after an error that is not "nothing more" it reads no more, and node:dgram reads on alone.
   */
  read(limit: number, to: DatagramConsumer): number {
    let count = 0;
    for (; count < limit && !this.#isBroken; count++) {
      let length: number;
      try {
        length = readSync(this.#descriptor, this.#scratch, 0, SCRATCH_BYTES, null);
      } catch (error) {
        this.#isBroken = (error as NodeJS.ErrnoException).code !== 'EAGAIN';
        return count;
      }
      to.take(this.#scratch, length);
    }
    return count;
  }
}
