import { connect, type ClientHttp2Session } from 'node:http2';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { SpanRequests, SPANS_A_REQUEST } from './spans.ts';

export const PROTOCOLS = ['http', 'json', 'grpc'] as const;
/** OTLP/HTTP in protobuf or JSON, or OTLP/gRPC. */
export type Protocol = (typeof PROTOCOLS)[number];

const GRPC_PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
/** Requests under way: an SDK has one a process. Others wait for their turn. */
const CONNECTIONS = 8;
/** As SDKs wait after a refusal, at least. */
const RETRY_MS = 250;
const MAX_TRIES = 100;

/** Sends requests of numbered spans at a steady rate, and repeats refused ones, as SDKs do. */
export class SpanSender {
  readonly #protocol: Protocol;
  readonly #requests: SpanRequests;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  readonly #port: number;
  #session: ClientHttp2Session | undefined;
  #next = 0;
  #underWay = 0;
  readonly #turns: (() => void)[] = [];
  /** Spans that were acknowledged. */
  acknowledged = 0;
  /** Requests that were refused and repeated. */
  refused = 0;

  constructor(protocol: Protocol, port: number) {
    this.#protocol = protocol;
    this.#port = port;
    this.#requests = new SpanRequests(protocol === 'json' ? 'json' : 'protobuf');
  }

  get offered(): number {
    return this.#next;
  }

  /** Resolves when every request of these seconds is acknowledged. Rejects if one never is. */
  async steady(spansPerSecond: number, seconds: number): Promise<void> {
    const pending: Promise<void>[] = [];
    const startMs = performance.now();
    const first = this.#next;
    for (;;) {
      const elapsed = Math.min(seconds, (performance.now() - startMs) / 1000);
      while (this.#next + SPANS_A_REQUEST <= first + spansPerSecond * elapsed) {
        pending.push(this.#deliver(this.#next));
        this.#next += SPANS_A_REQUEST;
      }
      if (elapsed >= seconds) break;
      await sleep(5);
    }
    await Promise.all(pending);
  }

  close(): void {
    this.#agent.destroy();
    this.#session?.destroy();
  }

  async #deliver(first: number): Promise<void> {
    while (this.#underWay >= CONNECTIONS) await new Promise<void>((next) => this.#turns.push(next));
    this.#underWay++;
    try {
      await this.#untilTaken(first);
    } finally {
      this.#underWay--;
      this.#turns.shift()?.();
    }
  }

  async #untilTaken(first: number): Promise<void> {
    const body = this.#requests.request(first, Date.now());
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const isTaken = await (this.#protocol === 'grpc' ? this.#overGrpc(body) : this.#overHttp(body));
      if (isTaken) {
        this.acknowledged += SPANS_A_REQUEST;
        return;
      }
      this.refused++;
      await sleep(RETRY_MS);
    }
    throw new Error(`a request of ${SPANS_A_REQUEST} spans was refused ${MAX_TRIES} times`);
  }

  #overHttp(body: Buffer): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          method: 'POST',
          path: '/v1/traces',
          agent: this.#agent,
          headers: {
            'content-type': this.#protocol === 'json' ? 'application/json' : 'application/x-protobuf',
            'content-length': body.length,
          },
        },
        (response) => {
          response.resume();
          response.once('end', () => {
            const { statusCode = 0 } = response;
            if (statusCode === 200) resolve(true);
            else if (statusCode === 429 || statusCode >= 500) resolve(false);
            else reject(new Error(`the answer was ${statusCode}`));
          });
        },
      );
      sent.once('error', reject);
      sent.end(body);
    });
  }

  #overGrpc(body: Buffer): Promise<boolean> {
    const message = Buffer.alloc(5 + body.length);
    message.writeUInt32BE(body.length, 1);
    body.copy(message, 5);
    this.#session ??= connect(`http://127.0.0.1:${this.#port}`);
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': GRPC_PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    return new Promise((resolve, reject) => {
      let status: unknown;
      stream.on('response', (headers) => (status = headers['grpc-status']));
      stream.on('trailers', (trailers) => (status ??= trailers['grpc-status']));
      stream.once('error', reject);
      stream.once('end', () => {
        // UNAVAILABLE, RESOURCE_EXHAUSTED
        if (status === '0') resolve(true);
        else if (status === '14' || status === '8') resolve(false);
        else reject(new Error(`the gRPC status was ${String(status)}`));
      });
      stream.resume();
      stream.end(message);
    });
  }
}
