import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface RecordedRequest {
  readonly method: string;
  /** Request target: path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The address of the client. */
  readonly from?: string;
}

export interface CannedReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** `hang` never answers, `drip` sends an endless answer byte by byte, `reset` cuts the connection. */
export type Behaviour = CannedReply | 'hang' | 'drip' | 'reset';

const DRIP_MS = 50;

/** An HTTP server on a free loopback port that records its requests. */
export abstract class FakeServer {
  readonly requests: RecordedRequest[] = [];
  /** Off in long runs, so that `requests` stays empty. */
  isRemembering = true;
  /** How many of the next requests are accepted and never answered. */
  hangs = 0;
  readonly #server: Server;

  constructor(tls?: { key: string; cert: string }) {
    const serve = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    this.#server = tls === undefined ? createHttp(serve) : createHttps(tls, serve);
    this.#protocol = tls === undefined ? 'http' : 'https';
  }

  readonly #protocol: string;

  get url(): string {
    return `${this.#protocol}://${(this.#server.address() as AddressInfo).address}:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async start(port = 0, host = '127.0.0.1'): Promise<this> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(port, host, resolve);
    await promise;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  /** Number of open connections. */
  connections(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
    return promise;
  }

  protected abstract answer(request: RecordedRequest): Behaviour | Promise<Behaviour>;

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
    } catch {
      return;
    }
    const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
    const request = {
      method: incoming.method ?? '',
      target: incoming.url ?? '',
      headers,
      body: Buffer.concat(chunks),
      from: incoming.socket.remoteAddress ?? '',
    };
    if (this.isRemembering) this.requests.push(request);
    if (this.hangs > 0) {
      this.hangs--;
      return;
    }
    const behaviour = await this.answer(request);
    if (behaviour === 'hang') return;
    if (behaviour === 'reset') return void incoming.socket.destroy();
    if (behaviour === 'drip') {
      const drops = setInterval(() => response.write(' '), DRIP_MS);
      response.once('close', () => clearInterval(drops));
      return;
    }
    response.writeHead(behaviour.status, behaviour.headers);
    response.end(behaviour.body ?? '');
  }
}

export function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): CannedReply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}
