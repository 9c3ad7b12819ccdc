import { request as httpRequest, type Agent } from 'node:http';
import {
  connect,
  constants,
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from 'node:http2';

export interface SpansRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The client goes away before the end of the body. */
  readonly isCut: boolean;
  /** Without Content-Length, in several pieces. */
  readonly isChunked: boolean;
}

export interface SpansAnswer {
  /** HTTP's status, or gRPC's as `grpc 0`. */
  readonly status: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  readonly message: string;
}

/** An answer that is late is none: spans that wait for their confirmation take 5 s at most. */
const HANG_MS = 20_000;
const PIECES = 3;

function piecesOf({ body, isCut, isChunked }: SpansRequest): Buffer[] {
  const whole = isCut ? body.subarray(0, Math.floor(body.length / 2)) : body;
  if (!isChunked) return [whole];
  const size = Math.max(1, Math.ceil(whole.length / PIECES));
  return Array.from({ length: PIECES }, (_, i) => whole.subarray(i * size, (i + 1) * size));
}

/** Sends a request over HTTP. */
export function askHttp(origin: string, agent: Agent, wanted: SpansRequest): Promise<SpansAnswer> {
  return new Promise((resolve) => {
    const end = (status: string, members: Partial<SpansAnswer> = {}): void =>
      resolve({ status, headers: {}, body: Buffer.alloc(0), message: '', ...members });
    const length = wanted.isChunked ? {} : { 'content-length': String(wanted.body.length) };
    const sent = httpRequest(
      origin + wanted.path,
      { method: wanted.method, agent, timeout: HANG_MS, headers: { ...length, ...wanted.headers } },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          end(String(answer.statusCode), { headers: answer.headers, body: Buffer.concat(chunks) }),
        );
        answer.on('error', (error) => end('reset', { message: error.message }));
      },
    );
    sent.on('timeout', () => {
      end('hang');
      sent.destroy();
    });
    sent.on('error', (error) => end(wanted.isCut ? 'cut' : 'reset', { message: error.message }));
    for (const piece of piecesOf(wanted)) sent.write(piece);
    if (wanted.isCut) setTimeout(() => sent.destroy(), 5);
    else sent.end();
  });
}

function textOf(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' ? header : (header?.join() ?? '');
}

/** A client of gRPC that connects again when its connection has ended. */
export class GrpcClient {
  readonly #origin: string;
  #session: ClientHttp2Session | undefined;

  constructor(origin: string) {
    this.#origin = origin;
  }

  #connected(): ClientHttp2Session {
    if (this.#session === undefined || this.#session.closed || this.#session.destroyed) {
      this.#session = connect(this.#origin);
      this.#session.on('error', () => {});
    }
    return this.#session;
  }

  ask(wanted: SpansRequest): Promise<SpansAnswer> {
    return new Promise((resolve) => {
      const stream = this.#connected().request({
        ':method': wanted.method,
        ':path': wanted.path,
        ...wanted.headers,
      } satisfies OutgoingHttpHeaders);
      let headers: IncomingHttpHeaders & IncomingHttpStatusHeader = {};
      const chunks: Buffer[] = [];
      const timer = setTimeout(() => {
        resolve({ status: 'hang', headers, body: Buffer.alloc(0), message: '' });
        stream.close(constants.NGHTTP2_CANCEL);
      }, HANG_MS);
      let message = '';
      stream.on('response', (values) => (headers = { ...headers, ...values }));
      stream.on('trailers', (values) => (headers = { ...headers, ...values }));
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', (error) => (message = error.message));
      stream.on('close', () => {
        clearTimeout(timer);
        const { ':status': httpStatus, 'grpc-status': code, 'grpc-message': reason } = headers;
        const none = wanted.isCut ? 'cut' : 'reset';
        const status = code === undefined ? String(httpStatus ?? none) : `grpc ${textOf(code)}`;
        resolve({ status, headers, body: Buffer.concat(chunks), message: textOf(reason) || message });
      });
      for (const piece of piecesOf(wanted)) stream.write(piece);
      if (wanted.isCut) setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), 5);
      else stream.end();
    });
  }

  close(): void {
    this.#session?.destroy();
  }
}
