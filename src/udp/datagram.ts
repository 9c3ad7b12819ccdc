import { isTraceHeader } from './header.ts';

const NEWLINE = 0x0a;

/** Negative results of `documentOffset`; their index in REJECT_REASONS is `-1 - value`. */
export const REJECT_EMPTY = -1;
export const REJECT_NO_DOCUMENT = -2;
export const REJECT_BAD_HEADER = -3;

/** The longest header that is remembered; the SDKs' headers have 29 and 31 bytes. */
const MAX_REMEMBERED = 64;

/** Finds the document in a datagram. Remembers one header, so that each thread has its own. */
export class DatagramReader {
  readonly #remembered = Buffer.alloc(MAX_REMEMBERED);
  #known = 0;

  /**
   * Returns the offset of the document in a datagram (the first `length` bytes of `bytes`), or a negative reject
   * number. The document is everything after the first newline.
   * Called once per datagram on the receive thread: no allocation and no exception in the usual case, in which the
   * header equals the last valid one byte for byte (a node has one or two SDKs). Accepts exactly what the reference
   * daemon accepts.
   */
  documentOffset(bytes: Buffer, length = bytes.length): number {
    if (length === 0) return REJECT_EMPTY;
    const known = this.#known;
    if (known !== 0 && length > known + 1 && bytes[known] === NEWLINE && beginsWith(bytes, this.#remembered, known))
      return known + 1;
    const datagram = bytes.subarray(0, length);
    const newline = datagram.indexOf(NEWLINE);
    if (newline < 0 || newline === length - 1) return REJECT_NO_DOCUMENT;
    const header = datagram.subarray(0, newline);
    if (!isTraceHeader(header)) return REJECT_BAD_HEADER;
    if (newline <= MAX_REMEMBERED) this.#known = header.copy(this.#remembered);
    return newline + 1;
  }
}

/** A loop, because for 29 bytes Buffer's compare takes twice as long. */
function beginsWith(bytes: Buffer, header: Buffer, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[i] !== header[i]) return false;
  return true;
}
