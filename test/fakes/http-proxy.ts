import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';

/** An HTTP proxy that records its requests, and tunnels to `target` whatever the requested name. */
export class FakeHttpProxy {
  /** host:port of each CONNECT, or the whole URL of a plain request. */
  readonly asked: string[] = [];
  readonly authorizations: (string | undefined)[] = [];
  readonly #server: Server;

  /** `targets`: the local port for each host that may be reached; others are refused. */
  constructor(targets: Readonly<Record<string, number>>) {
    this.#server = createServer((request, response) => {
      this.asked.push(request.url ?? '');
      response.writeHead(403).end();
    });
    this.#server.on('connect', (request, socket) => {
      const host = request.url ?? '';
      this.asked.push(host);
      this.authorizations.push(request.headers['proxy-authorization']);
      socket.on('error', () => {});
      const port = targets[host];
      if (port === undefined) return void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      const upstream = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on('error', () => socket.destroy());
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
