import { createSocket, type Socket } from 'node:dgram';

/** Sits between a client and a daemon: records each datagram and forwards it unchanged. */
export class UdpTap {
  readonly datagrams: Buffer[] = [];
  readonly #socket: Socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
  readonly #target: number;

  constructor(targetPort: number) {
    this.#target = targetPort;
    this.#socket.on('message', (datagram) => {
      this.datagrams.push(datagram);
      this.#socket.send(datagram, this.#target, '127.0.0.1');
    });
  }

  get port(): number {
    return this.#socket.address().port;
  }

  async start(): Promise<void> {
    await new Promise<void>((done) => this.#socket.bind(0, '127.0.0.1', done));
  }

  async stop(): Promise<void> {
    await new Promise<void>((done) => this.#socket.close(done));
  }
}
