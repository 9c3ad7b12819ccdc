import { WIRE } from './wire.ts';

const FIRST_BYTES = 256;
/** Bytes kept free for the length of a message, which is known when the message ends. */
const LENGTH_BYTES = 1;

/** Writes protobuf's wire format. Fields with their default are left out, as proto3 has it. */
export class WireWriter {
  #bytes: Buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #at = 0;

  /** What has been written, in memory of its own. */
  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#at));
  }

  uint32(field: number, value: number): void {
    if (value === 0) return;
    this.#tag(field, WIRE.varint);
    this.#varint(value >>> 0);
  }

  int64(field: number, value: bigint): void {
    this.#tag(field, WIRE.varint);
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      this.#byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.#byte(Number(rest));
  }

  bool(field: number, value: boolean): void {
    this.#tag(field, WIRE.varint);
    this.#byte(value ? 1 : 0);
  }

  fixed32(field: number, value: number): void {
    if (value === 0) return;
    this.#tag(field, WIRE.fixed32);
    this.#reserve(4);
    this.#at = this.#bytes.writeUInt32LE(value >>> 0, this.#at);
  }

  fixed64(field: number, value: bigint): void {
    if (value === 0n) return;
    this.#tag(field, WIRE.fixed64);
    this.#reserve(8);
    this.#at = this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.#at);
  }

  double(field: number, value: number): void {
    this.#tag(field, WIRE.fixed64);
    this.#reserve(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  text(field: number, value: string): void {
    if (value !== '') this.value(field, value, 'utf8');
  }

  /** Bytes in `encoding`, also if there are none. */
  value(field: number, value: string, encoding: 'utf8' | 'hex' | 'base64'): void {
    this.#tag(field, WIRE.bytes);
    const length = Buffer.byteLength(value, encoding);
    // base64 may be shorter than its length says.
    const bytes = encoding === 'utf8' ? undefined : Buffer.from(value, encoding);
    this.#varint(bytes?.length ?? length);
    this.#reserve(bytes?.length ?? length);
    if (bytes === undefined) this.#at += this.#bytes.write(value, this.#at, 'utf8');
    else this.#at += bytes.copy(this.#bytes, this.#at);
  }

  /** A message, of which `write` writes the fields. */
  message(field: number, write: () => void): void {
    this.#tag(field, WIRE.bytes);
    this.#reserve(LENGTH_BYTES);
    const start = this.#at + LENGTH_BYTES;
    this.#at = start;
    write();
    const length = this.#at - start;
    const extra = varintBytes(length) - LENGTH_BYTES;
    if (extra > 0) {
      this.#reserve(extra);
      this.#bytes.copyWithin(start + extra, start, this.#at);
    }
    this.#at = start - LENGTH_BYTES;
    this.#varint(length);
    this.#at += length;
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) this.#byte((rest & 0x7f) | 0x80);
    this.#byte(rest);
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = byte;
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#at + count));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}
