import { RepeatedTexts } from './repeated-texts.ts';

/** Protobuf's wire types. Source: protobuf.dev, encoding. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;
/** Groups are of protobuf 1; only unknown fields can contain them. */
const MAX_GROUP_DEPTH = 32;
const TWO_TO_32 = 0x1_0000_0000;

/** Larger bodies are read where they are: a copy would double their memory. */
const MAX_COPIED_BYTES = 1024 * 1024;

/**
 * Reads protobuf's wire format. It throws nothing: after the first problem it is at its end, and every loop over the
 * fields of a message ends. Called for each field of each span: no allocation besides the values.
 */
export class WireReader {
  readonly #bytes: Buffer;
  readonly #texts: RepeatedTexts;
  readonly #ids: RepeatedTexts;
  #at = 0;
  #problem: string | undefined;

  constructor(bytes: Uint8Array) {
    const { buffer, byteOffset, byteLength } = bytes;
    // V8 does not optimize reading single bytes of a resizable buffer: a copy saves a quarter of the decoding.
    const isCopied = buffer instanceof ArrayBuffer && buffer.resizable && byteLength <= MAX_COPIED_BYTES;
    this.#bytes = isCopied ? Buffer.from(bytes) : Buffer.from(buffer, byteOffset, byteLength);
    this.#texts = new RepeatedTexts(this.#bytes, 'utf8');
    this.#ids = new RepeatedTexts(this.#bytes, 'hex');
  }

  get length(): number {
    return this.#bytes.length;
  }

  get position(): number {
    return this.#at;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  fail(problem: string): void {
    this.#problem ??= `${problem} at byte ${this.#at}`;
    this.#at = this.#bytes.length;
  }

  /** The next field's tag in a message that ends at `end`: its number × 8 + its wire type; 0 at the end. */
  tag(end: number): number {
    if (this.#at >= end || this.#problem !== undefined) {
      if (this.#at > end && this.#problem === undefined) this.fail('a field extends beyond its message');
      return 0;
    }
    const tag = this.uint32();
    if (tag >>> 3 === 0 && this.#problem === undefined) this.fail('a field has the number 0');
    return this.#problem === undefined ? tag : 0;
  }

  /** Reads a length; returns where the bytes end that follow. */
  end(): number {
    const length = this.uint32();
    const end = this.#at + length;
    if (end <= this.#bytes.length) return end;
    this.fail('the message is truncated');
    return this.#at;
  }

  /** The low 32 bits of a varint, unsigned. */
  uint32(): number {
    const bytes = this.#bytes;
    const first = bytes[this.#at];
    // The usual case.
    if (first !== undefined && first < 0x80) {
      this.#at++;
      return first;
    }
    return this.#varint().low;
  }

  bool(): boolean {
    const { low, high } = this.#varint();
    return low !== 0 || high !== 0;
  }

  int64(): bigint {
    const first = this.#bytes[this.#at];
    if (first !== undefined && first < 0x80) {
      this.#at++;
      return BigInt(first);
    }
    const { low, high } = this.#varint();
    if (high < 0x20_0000) return BigInt(high * TWO_TO_32 + low);
    return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
  }

  #varint(): { readonly low: number; readonly high: number } {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) {
        this.fail('the message is truncated');
        break;
      }
      const bits = byte & 0x7f;
      if (shift < 28) low += bits * 2 ** shift;
      else if (shift === 28) {
        low += (bits & 0x0f) * 2 ** 28;
        high += bits >> 4;
      } else high += bits * 2 ** (shift - 32);
      if (byte < 0x80) return { low, high: high % TWO_TO_32 };
    }
    this.fail('an integer has more than 10 bytes');
    return { low: 0, high: 0 };
  }

  fixed32(): number {
    return this.#has(4) ? this.#bytes.readUInt32LE(this.#at - 4) : 0;
  }

  fixed64(): bigint {
    return this.#has(8) ? this.#bytes.readBigUInt64LE(this.#at - 8) : 0n;
  }

  double(): number {
    return this.#has(8) ? this.#bytes.readDoubleLE(this.#at - 8) : 0;
  }

  /** Skips `count` bytes if they are there. */
  #has(count: number): boolean {
    if (this.#at + count > this.#bytes.length) {
      this.fail('the message is truncated');
      return false;
    }
    this.#at += count;
    return true;
  }

  /** Bytes that are not UTF-8 become U+FFFD. */
  text(): string {
    return this.#repeated(this.#texts);
  }

  hex(): string {
    return this.#encoded('hex');
  }

  /** An ID that many spans of a request have, such as that of their trace. */
  repeatedHex(): string {
    return this.#repeated(this.#ids);
  }

  base64(): string {
    return this.#encoded('base64');
  }

  #repeated(texts: RepeatedTexts): string {
    const end = this.end();
    const text = texts.text(this.#at, end);
    this.#at = end;
    return text;
  }

  #encoded(encoding: 'hex' | 'base64'): string {
    const end = this.end();
    const text = this.#bytes.toString(encoding, this.#at, end);
    this.#at = end;
    return text;
  }

  /** Skips the value of the field with this tag. */
  skip(tag: number): void {
    switch (tag & 7) {
      case WIRE.varint:
        this.#varint();
        break;
      case WIRE.fixed64:
        this.#has(8);
        break;
      case WIRE.bytes:
        this.#at = this.end();
        break;
      case WIRE.startGroup:
        this.#skipGroup();
        break;
      case WIRE.fixed32:
        this.#has(4);
        break;
      default:
        this.fail('a field has an unknown wire type');
    }
  }

  #skipGroup(): void {
    for (let depth = 1; depth > 0;) {
      const tag = this.tag(this.#bytes.length);
      if (tag === 0) {
        this.fail('a group does not end');
        return;
      }
      if ((tag & 7) === WIRE.endGroup) depth--;
      else if ((tag & 7) === WIRE.startGroup) {
        if (++depth > MAX_GROUP_DEPTH) this.fail('groups are nested too deeply');
      } else this.skip(tag);
    }
  }

  skipTo(end: number): void {
    this.#at = end;
  }
}
