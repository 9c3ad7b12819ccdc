/** Longer texts, such as queries and stack traces, are decoded each time. */
const MAX_BYTES = 48;
/** A power of 2. A request of 100 spans has some dozens of different keys and values. */
const SLOTS = 256;

/**
 * The texts of a request, of which most occur in every span: keys of attributes, names, IDs of traces. Decoding a text
 * is a call into C++; finding one that was decoded before is a comparison of its bytes. Saves a quarter of the CPU of
 * decoding a request of 100 spans (npm run bench:micro, with and without).
 */
export class RepeatedTexts {
  readonly #bytes: Buffer;
  readonly #encoding: 'utf8' | 'hex';
  readonly #texts: string[] = [];
  /** Of each text, where its bytes were when it was decoded. */
  readonly #starts: number[] = [];
  readonly #lengths: number[] = [];

  constructor(bytes: Buffer, encoding: 'utf8' | 'hex') {
    this.#bytes = bytes;
    this.#encoding = encoding;
  }

  /** The text of the bytes from `start` to `end`. */
  text(start: number, end: number): string {
    const length = end - start;
    if (length === 0) return '';
    const bytes = this.#bytes;
    if (length > MAX_BYTES) return bytes.toString(this.#encoding, start, end);
    if (this.#texts.length === 0) this.#open();
    const slot = this.#slotOf(start, length);
    if (this.#lengths[slot] === length && this.#isAt(this.#starts[slot] ?? 0, start, length))
      return this.#texts[slot] ?? '';
    const text = bytes.toString(this.#encoding, start, end);
    this.#texts[slot] = text;
    this.#starts[slot] = start;
    this.#lengths[slot] = length;
    return text;
  }

  #open(): void {
    for (let slot = 0; slot < SLOTS; slot++) {
      this.#texts.push('');
      this.#starts.push(0);
      this.#lengths.push(0);
    }
  }

  /** A few bytes tell the texts of a request apart; one that takes the slot of another costs a decoding. */
  #slotOf(start: number, length: number): number {
    const bytes = this.#bytes;
    const last = start + length - 1;
    const middle = start + (length >> 1);
    const hash = (bytes[start] ?? 0) + (bytes[middle] ?? 0) * 7 + (bytes[last] ?? 0) * 31;
    return (hash + (bytes[middle + 1] ?? 0) * 53 + length * 17) & (SLOTS - 1);
  }

  #isAt(known: number, start: number, length: number): boolean {
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) if (bytes[known + i] !== bytes[start + i]) return false;
    return true;
  }
}
