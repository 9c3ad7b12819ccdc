import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/**
 * What the network does between the daemon and X-Ray:
 * `open` forwards; `silent` accepts and says nothing, so that a TLS handshake hangs; `deaf` forwards what the daemon
 * says and drops the answers, as a half-open connection does; `cut` resets after the first kilobytes, in the middle of
 * a body.
 */
export type GateMode = 'open' | 'silent' | 'deaf' | 'cut';

const CUT_AFTER_BYTES = 20_000;

/** A TCP hop that can be broken. */
export class Gate {
  readonly #target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #host: string;
  readonly #from: string;
  #port: number;
  #mode: GateMode = 'open';

  /**
   * `host`: where it listens; `from`: the address that it comes from, by which the target knows one gate from another.
   */
  constructor(
    target: number,
    { host = '127.0.0.1', from = '127.0.0.1', port = 0 }: { host?: string; from?: string; port?: number } = {},
  ) {
    this.#target = target;
    this.#host = host;
    this.#from = from;
    this.#port = port;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  get port(): number {
    return this.#port;
  }

  /**
   * Changes what happens to new connections; the old ones are reset, but for `deaf`, which is what happens to them too.
   */
  set mode(mode: GateMode) {
    this.#mode = mode;
    if (mode !== 'deaf') this.#resetAll();
  }

  async start(): Promise<this> {
    await this.open();
    return this;
  }

  /** Refuses connections, as a host without the service does, until `open`. */
  async refuse(): Promise<void> {
    this.#resetAll();
    await new Promise((done) => this.#server.close(done));
  }

  async open(): Promise<void> {
    if (this.#server.listening) return;
    await new Promise<void>((done) => this.#server.listen(this.#port, this.#host, done));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    if (this.#server.listening) await this.refuse();
  }

  #resetAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #serve(near: Socket): void {
    this.#keep(near);
    if (this.#mode === 'silent') return;
    const isCut = this.#mode === 'cut';
    const far = connect({ port: this.#target, host: '127.0.0.1', localAddress: this.#from });
    this.#keep(far);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    let sent = 0;
    near.on('data', (chunk) => {
      sent += chunk.length;
      if (isCut && sent > CUT_AFTER_BYTES) near.resetAndDestroy();
      else far.write(chunk);
    });
    far.on('data', (chunk) => {
      if (this.#mode !== 'deaf') near.write(chunk);
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
