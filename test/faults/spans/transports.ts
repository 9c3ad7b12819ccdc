import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { encodeTraces } from '../../../src/formats/otlp/encode.ts';
import { resource, traces } from '../../fakes/otlp.ts';
import { numberedSpan, numberedZipkinSpan } from './numbered.ts';

export const PROTOCOLS = ['otlp_http', 'otlp_grpc', 'zipkin'] as const;
export type SpanProtocol = (typeof PROTOCOLS)[number];

/** What an exporter makes of an answer. Source: OTLP specification, retryable answers. */
export type Answer =
  | { readonly kind: 'accepted' }
  /** To be sent again, `afterMs` later at the earliest. */
  | { readonly kind: 'refused'; readonly afterMs: number }
  /** Not to be sent again. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** No answer: whether it was accepted is not known. */
  | { readonly kind: 'unreachable' };

/** Sends requests of numbered spans. */
export interface Transport {
  send(numbers: readonly number[]): Promise<Answer>;
  close(): void;
}

/** As exporters have it. */
const TIMEOUT_MS = 10_000;
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const UNREACHABLE: Answer = { kind: 'unreachable' };

export function transportOf(protocol: SpanProtocol, port: number): Transport {
  if (protocol === 'otlp_grpc') return new Grpc(port);
  const url = `http://127.0.0.1:${port}`;
  return protocol === 'zipkin'
    ? overHttp(`${url}/api/v2/spans`, 'application/json', (numbers) => JSON.stringify(numbers.map(numberedZipkinSpan)))
    : overHttp(`${url}/v1/traces`, 'application/x-protobuf', messageOf);
}

function messageOf(numbers: readonly number[]): Buffer<ArrayBuffer> {
  return Buffer.from(
    encodeTraces(traces(numbers.map(numberedSpan), { resource: resource({ 'service.name': 'shop' }) })),
  );
}

function overHttp(
  url: string,
  type: string,
  bodyOf: (numbers: readonly number[]) => string | Buffer<ArrayBuffer>,
): Transport {
  return {
    send: async (numbers) => {
      try {
        const signal = AbortSignal.timeout(TIMEOUT_MS);
        const answer = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': type },
          body: bodyOf(numbers),
          signal,
        });
        const body = await answer.text();
        if (answer.ok)
          return body.length === 0 ? { kind: 'accepted' } : { kind: 'failed', reason: `a partial success: ${body}` };
        if (!RETRYABLE.has(answer.status)) return { kind: 'failed', reason: `${answer.status} ${body}` };
        const seconds = answer.headers.get('retry-after');
        return seconds === null
          ? { kind: 'failed', reason: `${answer.status} without Retry-After` }
          : { kind: 'refused', afterMs: Number(seconds) * 1_000 };
      } catch {
        return UNREACHABLE;
      }
    },
    close: () => {},
  };
}

const OK = '0';
const UNAVAILABLE = '14';
/** What RetryInfo asks for; a real exporter decodes it. */
const RETRY_AFTER_MS = 1_000;

class Grpc implements Transport {
  readonly #url: string;
  #session: ClientHttp2Session | undefined;

  constructor(port: number) {
    this.#url = `http://127.0.0.1:${port}`;
  }

  async send(numbers: readonly number[]): Promise<Answer> {
    const message = messageOf(numbers);
    const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, 0]), message]);
    frame.writeUInt32BE(message.length, 1);
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const stream = this.#open().request({
      ':method': 'POST',
      ':path': '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let status: IncomingHttpHeaders = {};
    const read = (headers: IncomingHttpHeaders): void => {
      if (headers['grpc-status'] !== undefined) status = headers;
    };
    stream.on('response', read);
    stream.on('trailers', read);
    stream.on('error', () => {});
    stream.on('close', () => resolve(answerOf(status)));
    stream.setTimeout(TIMEOUT_MS, () => stream.destroy());
    stream.resume();
    stream.end(frame);
    return promise;
  }

  close(): void {
    this.#session?.destroy();
  }

  #open(): ClientHttp2Session {
    const session = this.#session;
    if (session !== undefined && !session.closed && !session.destroyed) return session;
    const opened = connect(this.#url);
    opened.on('error', () => {});
    // The server stops: what was not answered is sent to the next one.
    opened.on('goaway', () => opened.close());
    this.#session = opened;
    return opened;
  }
}

function answerOf({ 'grpc-status': code, ...headers }: IncomingHttpHeaders): Answer {
  if (code === undefined) return UNREACHABLE;
  if (code === OK) return { kind: 'accepted' };
  if (code !== UNAVAILABLE)
    return { kind: 'failed', reason: `status ${String(code)}: ${String(headers['grpc-message'])}` };
  return headers['grpc-status-details-bin'] === undefined
    ? { kind: 'failed', reason: 'UNAVAILABLE without RetryInfo' }
    : { kind: 'refused', afterMs: RETRY_AFTER_MS };
}
