import { endianness } from 'node:os';
import { nativeModule } from '../pipeline/native.ts';

/** Datagrams per call. With 64, a call costs less than 2 % of what handling its datagrams does. */
export const DATAGRAMS_PER_CALL = 64;
/** `gather` ends after this long without a datagram. */
export const GAP_MS = 20;
/** Larger than the largest datagram, 65,507 bytes, so that none is truncated. */
const DATAGRAM_BYTES = 64 * 1024;

/** Layout of Linux on 64-bit machines, the same for glibc and musl. Source: recvmmsg(2), recvmsg(2), poll(2). */
/** sockaddr_in6 has 28 bytes; 32 keep what follows aligned. */
const ADDRESS_BYTES = 32;
const IOVEC_BYTES = 16;
const MMSGHDR_BYTES = 64;
const AT_NAME = 0;
const AT_NAME_LENGTH = 8;
const AT_IOVEC = 16;
const AT_IOVEC_COUNT = 24;
const AT_LENGTH = 56;
const AF_INET = 2;
const MSG_DONTWAIT = 0x40;
const POLLIN = 1;
/** Source: fcntl(2), socket(7). */
const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const TIMEVAL_BYTES = 16;
/** EFD_CLOEXEC and EFD_NONBLOCK. Source: eventfd(2). */
const EVENTFD_FLAGS = 0o2000000 | 0o4000;

/**
 * Places in the memory of a socket: mmsghdr, iovec, the senders' addresses, pollfd, the eventfd's counter, a time,
 * datagrams.
 */
const AT_VECTORS = DATAGRAMS_PER_CALL * MMSGHDR_BYTES;
const AT_ADDRESSES = AT_VECTORS + DATAGRAMS_PER_CALL * IOVEC_BYTES;
const AT_POLLED = AT_ADDRESSES + DATAGRAMS_PER_CALL * ADDRESS_BYTES;
const AT_COUNTER = AT_POLLED + 16;
const AT_TIMEOUT = AT_COUNTER + 8;
const AT_DATAGRAMS = AT_TIMEOUT + TIMEVAL_BYTES;

const SIGNATURES = {
  recvmmsg: { arguments: ['i32', 'pointer', 'u32', 'i32', 'pointer'], return: 'i32' },
  poll: { arguments: ['pointer', 'u64', 'i32'], return: 'i32' },
  eventfd: { arguments: ['u32', 'i32'], return: 'i32' },
  dup: { arguments: ['i32'], return: 'i32' },
  close: { arguments: ['i32'], return: 'i32' },
  read: { arguments: ['i32', 'pointer', 'u64'], return: 'i64' },
  fcntl: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  setsockopt: { arguments: ['i32', 'i32', 'i32', 'pointer', 'u32'], return: 'i32' },
} as const;

/**
 * A bound UDP socket, read with recvmmsg(2) through node:ffi: one call takes up to 64 datagrams, without an event and a
 * buffer for each. node:ffi is experimental, so `open` finds out what it offers (docs/decisions/0018-recvmmsg.md).
 */
export class NativeSocket {
  readonly #calls: Calls;
  readonly #descriptor: number;
  /** Written to by the main thread to end `wait`. The main thread closes it. */
  readonly wakeUp: number;
  /** Each datagram of the last call: its bytes are the first `lengthOf` of its buffer. */
  readonly datagrams: Buffer[] = [];
  readonly #memory: Buffer;
  readonly #lengths: Uint32Array;
  readonly #address: bigint;
  readonly #polledAt: bigint;
  readonly #counterAt: bigint;
  readonly #timeoutAt: bigint;
  /** Whether `gather` may be called: without the limit of GAP_MS it could wait for ever. */
  readonly canGather: boolean;

  /**
   * Reads the socket behind `descriptor`, which may be closed after this: it gets a descriptor of its own. Undefined if
   * the platform, the version of Node or its permissions do not allow it.
   */
  static open(descriptor: number): NativeSocket | undefined {
    const calls = nativeCalls();
    if (calls === undefined) return undefined;
    const own = calls.dup(descriptor);
    const wakeUp = own < 0 ? -1 : calls.eventfd(0, EVENTFD_FLAGS);
    if (wakeUp >= 0) return new NativeSocket(calls, own, wakeUp);
    if (own >= 0) calls.close(own);
    return undefined;
  }

  private constructor(calls: Calls, descriptor: number, wakeUp: number) {
    this.#calls = calls;
    this.#descriptor = descriptor;
    this.wakeUp = wakeUp;
    // Off the heap, so that the garbage collector never moves it. Pages that nothing is written to take no memory.
    const memory = Buffer.allocUnsafeSlow(AT_DATAGRAMS + DATAGRAMS_PER_CALL * DATAGRAM_BYTES).fill(0, 0, AT_DATAGRAMS);
    const address = calls.addressOf(memory);
    for (let i = 0; i < DATAGRAMS_PER_CALL; i++) {
      const vector = AT_VECTORS + i * IOVEC_BYTES;
      memory.writeBigUInt64LE(address + BigInt(AT_DATAGRAMS + i * DATAGRAM_BYTES), vector);
      memory.writeBigUInt64LE(BigInt(DATAGRAM_BYTES), vector + 8);
      const header = i * MMSGHDR_BYTES;
      memory.writeBigUInt64LE(address + BigInt(AT_ADDRESSES + i * ADDRESS_BYTES), header + AT_NAME);
      memory.writeUInt32LE(ADDRESS_BYTES, header + AT_NAME_LENGTH);
      memory.writeBigUInt64LE(address + BigInt(vector), header + AT_IOVEC);
      memory.writeBigUInt64LE(1n, header + AT_IOVEC_COUNT);
      this.datagrams.push(memory.subarray(AT_DATAGRAMS + i * DATAGRAM_BYTES, AT_DATAGRAMS + (i + 1) * DATAGRAM_BYTES));
    }
    memory.writeInt32LE(descriptor, AT_POLLED);
    memory.writeInt16LE(POLLIN, AT_POLLED + 4);
    memory.writeInt32LE(wakeUp, AT_POLLED + 8);
    memory.writeInt16LE(POLLIN, AT_POLLED + 12);
    this.#memory = memory;
    this.#lengths = new Uint32Array(memory.buffer, memory.byteOffset, AT_VECTORS / 4);
    this.#address = address;
    this.#polledAt = address + BigInt(AT_POLLED);
    this.#counterAt = address + BigInt(AT_COUNTER);
    this.#timeoutAt = address + BigInt(AT_TIMEOUT);
    memory.writeBigInt64LE(BigInt(GAP_MS * 1_000), AT_TIMEOUT + 8);
    const flags = calls.fcntl(descriptor, F_GETFL, 0);
    this.canGather =
      calls.setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, this.#timeoutAt, TIMEVAL_BYTES) === 0 &&
      calls.fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) === 0;
  }

  /** Takes waiting datagrams, DATAGRAMS_PER_CALL at most, and returns their number; 0 also if the call fails. */
  receive(): number {
    const count = this.#calls.recvmmsg(this.#descriptor, this.#address, DATAGRAMS_PER_CALL, MSG_DONTWAIT, 0n);
    return Math.max(0, count);
  }

  /**
   * Waits in the kernel until `most` datagrams have arrived, none has for GAP_MS, or `timeoutMs` have passed, which the
   * kernel looks at only when one arrives. Returns their number.
   */
  gather(most: number, timeoutMs: number): number {
    const milliseconds = Math.floor(timeoutMs);
    this.#memory.writeBigInt64LE(BigInt(Math.floor(milliseconds / 1_000)), AT_TIMEOUT);
    this.#memory.writeBigInt64LE(BigInt(milliseconds % 1_000) * 1_000_000n, AT_TIMEOUT + 8);
    return Math.max(0, this.#calls.recvmmsg(this.#descriptor, this.#address, most, 0, this.#timeoutAt));
  }

  /** Bytes of a datagram of the last call. */
  lengthOf(index: number): number {
    return this.#lengths[(index * MMSGHDR_BYTES + AT_LENGTH) / 4] ?? 0;
  }

  /** The address of the sender of a datagram of the last call. */
  senderOf(index: number): string {
    const at = AT_ADDRESSES + index * ADDRESS_BYTES;
    const address = this.#memory.subarray(at, at + ADDRESS_BYTES);
    if (address.readUInt16LE(0) === AF_INET) return address.subarray(4, 8).join('.');
    const groups = Array.from({ length: 8 }, (_, i) => address.readUInt16BE(8 + 2 * i).toString(16)).join(':');
    if (groups.startsWith('0:0:0:0:0:ffff:')) return `::ffff:${address.subarray(20, 24).join('.')}`;
    return new URL(`http://[${groups}]`).hostname.slice(1, -1);
  }

  /**
   * Waits until datagrams arrive or something is written to `wakeUp`, for `timeoutMs` at most. Whether there is something
   * to read from the socket.
   */
  wait(timeoutMs: number): boolean {
    this.#calls.poll(this.#polledAt, 2n, timeoutMs);
    // Any event is a reason to read: an error is what reading returns then.
    const hasDatagrams = this.#memory.readInt16LE(AT_POLLED + 6) !== 0;
    const isWoken = this.#memory.readInt16LE(AT_POLLED + 14) !== 0;
    if (isWoken) this.#calls.read(this.wakeUp, this.#counterAt, 8n);
    return hasDatagrams;
  }

  close(): void {
    this.#calls.close(this.#descriptor);
  }
}

type Calls = {
  readonly [Name in keyof typeof SIGNATURES]: (...values: (number | bigint)[]) => number;
} & { readonly addressOf: (memory: NodeJS.ArrayBufferView) => bigint };

/** undefined where the layouts above do not hold, or node:ffi is missing, forbidden or different. */
function nativeCalls(): Calls | undefined {
  const is64Bit = process.arch === 'x64' || process.arch === 'arm64';
  if (process.platform !== 'linux' || !is64Bit || endianness() !== 'LE') return undefined;
  try {
    const ffi = nativeModule();
    const { functions } = ffi.dlopen(null, SIGNATURES);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the types of node:ffi know no number of arguments
    const calls = {
      ...functions,
      addressOf: (memory: NodeJS.ArrayBufferView) => ffi.getRawPointer(memory),
    } as unknown as Calls;
    // A module that takes other arguments throws here instead of in the loop.
    const address = calls.addressOf(Buffer.allocUnsafeSlow(MMSGHDR_BYTES));
    calls.recvmmsg(-1, address, 0, MSG_DONTWAIT, 0n);
    calls.poll(address, 0n, 0);
    calls.fcntl(-1, F_GETFL, 0);
    calls.setsockopt(-1, SOL_SOCKET, SO_RCVTIMEO, address, 0);
    return calls;
  } catch {
    return undefined;
  }
}
