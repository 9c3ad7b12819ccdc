import { nativeModule } from '../../src/pipeline/native.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;
const SIGNATURES = {
  socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  bind: { arguments: ['i32', 'pointer', 'u32'], return: 'i32' },
  recv: { arguments: ['i32', 'pointer', 'u64', 'i32'], return: 'i64' },
  close: { arguments: ['i32'], return: 'i32' },
} as const;

/** The socket on which systemd hears of its services. `@` at the start of its address is for a name without a file. */
export class NotifySocket {
  readonly #ffi = nativeModule();
  readonly #calls = this.#ffi.dlopen(null, SIGNATURES).functions;
  readonly #socket = this.#calls.socket(AF_UNIX, SOCK_DGRAM, 0);
  readonly #states: string[] = [];
  readonly #buffer = Buffer.allocUnsafeSlow(4096);

  constructor(address: string) {
    const path = Buffer.from(address.replace(/^@/, '\0'));
    const name = Buffer.allocUnsafeSlow(110).fill(0);
    name.writeUInt16LE(AF_UNIX);
    path.copy(name, 2);
    const failed = this.#calls.bind(this.#socket, this.#ffi.getRawPointer(name), 2 + path.length);
    if (failed !== 0) throw new Error(`cannot bind ${address}`);
  }

  /** All that has arrived so far, in order. */
  get states(): readonly string[] {
    const at = this.#ffi.getRawPointer(this.#buffer);
    for (;;) {
      const bytes = Number(this.#calls.recv(this.#socket, at, BigInt(this.#buffer.length), MSG_DONTWAIT));
      if (bytes < 0) return this.#states;
      this.#states.push(this.#buffer.toString('utf8', 0, bytes));
    }
  }

  close(): void {
    this.#calls.close(this.#socket);
  }
}
