import { createServer, type AddressInfo, type Server } from 'node:net';

export interface UpstreamRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A server that answers each request with arbitrary given bytes. */
export class RawUpstream {
  readonly requests: UpstreamRequest[] = [];
  reply = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';
  readonly #server: Server;

  constructor() {
    this.#server = createServer((socket) => {
      let received: Buffer = Buffer.alloc(0);
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        for (let taken = take(received); taken !== undefined; taken = take(received)) {
          received = taken.rest;
          this.requests.push(taken.request);
          socket.write(this.reply);
          if (/^connection: close/im.test(this.reply)) socket.end();
        }
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
  }

  async stop(): Promise<void> {
    await new Promise((done) => {
      this.#server.close(done);
      setTimeout(done, 100);
    });
  }
}

function take(received: Buffer): { request: UpstreamRequest; rest: Buffer } | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = received.subarray(0, end).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const length = Number(headers['content-length'] ?? 0);
  if (received.length < end + 4 + length) return undefined;
  const [method = '', target = ''] = first.split(' ');
  const body = received.subarray(end + 4, end + 4 + length);
  return { request: { method, target, headers, body }, rest: received.subarray(end + 4 + length) };
}
