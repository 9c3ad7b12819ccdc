import { createSocket } from 'node:dgram';
import { HEADER } from '../fakes/fixtures.ts';
import { numbered } from './oracle.ts';

/** Sends numbered segments to a port, at a steady rate or at once. */
export class Load {
  readonly #socket = createSocket({ type: 'udp4', sendBufferSize: 4 * 1024 * 1024 });
  readonly #port: number;
  /** How many were handed to the kernel. */
  offered = 0;

  constructor(port: number) {
    this.#port = port;
  }

  /** `count` as fast as the socket takes them. */
  async burst(count: number, padding?: string): Promise<void> {
    const sends: Promise<void>[] = [];
    for (let i = 0; i < count; i++) sends.push(this.#send(padding));
    await Promise.all(sends);
  }

  /** `perSecond` for `seconds`, in steps of 10 ms. */
  async steady(perSecond: number, seconds: number): Promise<void> {
    const startMs = performance.now();
    const first = this.offered;
    for (;;) {
      const elapsed = Math.min(seconds, (performance.now() - startMs) / 1000);
      const due = first + Math.floor(elapsed * perSecond);
      if (due > this.offered) await this.burst(due - this.offered);
      if (elapsed >= seconds) return;
      await new Promise((next) => setTimeout(next, 10));
    }
  }

  close(): void {
    this.#socket.close();
  }

  #send(padding?: string): Promise<void> {
    const datagram = HEADER + numbered(this.offered++, padding);
    return new Promise((done, fail) => this.#socket.send(datagram, this.#port, '127.0.0.1', (error) => (error ? fail(error) : done())));
  }
}
