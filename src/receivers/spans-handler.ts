import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Decoded, DecodeProblem, Rejected } from '../formats/otlp/decoding.ts';
import { BodyReader, type Body } from '../http/body.ts';
import { originForm } from '../http/origin-form.ts';
import type { RequestGuard } from '../http/request-guard.ts';
import { messageOf } from '../pipeline/errors.ts';
import type { Logger } from '../pipeline/logger.ts';
import { compressionOf, readBody } from './body.ts';
import { corsHeaders, isPreflight, preflightHeaders } from './cors.ts';
import type { HttpHandler } from './http-receiver.ts';
import type { OtherSignals } from './otlp/other-signals.ts';
import type { ServerCertificate } from './server-certificate.ts';
import type { IntakeAnswer, SpansIntake } from './spans-intake.ts';

const RETRY_AFTER = { 'retry-after': '1' };

export interface ReceiverConfig {
  /** Limit of one request after decompression. */
  readonly maxBodyBytes: number;
  /** Limit of all requests in memory together. */
  readonly maxBodiesBytes: number;
  /** Limit of the connections of one server. */
  readonly maxConnections: number;
  /** Limit of the requests under way on one connection over gRPC, of which an exporter has a few. */
  readonly maxStreamsOfOne: number;
  /**
   * `local`: web pages of a loopback address may send, and metrics and logs are taken, so that an SDK under development
   * does not log an error for each. `daemon`: neither.
   */
  readonly mode: 'local' | 'daemon';
}

export interface ReceiverDeps {
  readonly intake: SpansIntake;
  /** Of OTLP. */
  readonly otherSignals: OtherSignals;
  readonly guard: RequestGuard;
  readonly log: Logger;
  /** With it, the server of the receiver uses TLS. */
  readonly certificate?: ServerCertificate | undefined;
  /** Called when reading bodies has left some megabytes of garbage. */
  readonly onGarbage?: () => void;
}

export interface Reply {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** What differs between the protocols for spans over HTTP. `E`: how the body of a request is encoded. */
export interface SpansProtocol<E extends string> extends Pick<HttpHandler, 'name' | 'title' | 'problem'> {
  /** A request, in logs: `an OTLP request`. */
  readonly request: string;
  /** The path of spans. */
  readonly path: string;
  /** Encodings by media type. */
  readonly types: ReadonlyMap<string, E>;
  /** The media type of a request without `Content-Type`. */
  readonly defaultType: string;
  /** What is at `path`, for a person who asks for another one. */
  readonly takes: string;
  /** For a person who sends another media type. */
  readonly wantedType: string;
  decode(body: Buffer, encoding: E): Decoded | DecodeProblem;
  accepted(rejected: Rejected, encoding: E): Reply;
  /** `encoding` is undefined if that of the request is unknown. */
  failed(status: number, message: string, encoding: E | undefined): Reply;
  /** Other signals by path. */
  readonly others?: ReadonlyMap<string, OtherPath<E>>;
}

/** The requests of a signal other than spans, which only the local X-Ray takes. */
export interface OtherPath<E extends string> {
  /** Never rejects. The body is decoded before the first wait. */
  take(body: Buffer, encoding: E): Promise<IntakeAnswer>;
  accepted(rejected: Rejected, encoding: E): Reply;
  refused(encoding: E): Reply;
}

/** Answers the requests of a protocol for spans, on any server. */
export class SpansHandler<E extends string> implements HttpHandler {
  readonly #protocol: SpansProtocol<E>;
  readonly #config: ReceiverConfig;
  readonly #deps: ReceiverDeps;
  readonly #bodies: BodyReader;

  constructor(protocol: SpansProtocol<E>, config: ReceiverConfig, deps: ReceiverDeps) {
    this.#protocol = protocol;
    this.#config = config;
    this.#deps = deps;
    this.#bodies = new BodyReader(config.maxBodiesBytes, deps.onGarbage);
  }

  get name(): string {
    return this.#protocol.name;
  }

  get title(): string {
    return this.#protocol.title;
  }

  problem(message: string): object {
    return this.#protocol.problem(message);
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let reply: Reply;
    try {
      reply = await this.#answer(request);
    } catch (error) {
      // The client disconnected while it sent its body.
      if (request.destroyed && !request.complete) return;
      this.#deps.log.limited(
        `${this.name}_request`,
        'error',
        { error: messageOf(error) },
        `${this.#protocol.request} failed; please report this`,
      );
      reply = this.#protocol.failed(500, 'xrayd failed; see its log', undefined);
    }
    response.writeHead(reply.status, {
      ...reply.headers,
      ...corsHeaders(request, this.#config.mode),
      ...(request.complete ? {} : { connection: 'close' }),
      'content-length': reply.body.length,
    });
    response.end(reply.body);
  }

  async #answer(request: IncomingMessage): Promise<Reply> {
    const protocol = this.#protocol;
    const { mode, maxBodyBytes: maxBytes } = this.#config;
    // Checked before the body is read, so that a refused request costs no memory.
    const problem = this.#deps.guard.problem(request, mode === 'local' ? 'local-pages' : 'clients');
    const encoding = protocol.types.get(mediaTypeOf(request.headers['content-type'] || protocol.defaultType));
    if (problem !== undefined) return protocol.failed(problem.status, problem.message, encoding);
    const path = pathOf(request.url ?? '/');
    const other = protocol.others?.get(path);
    if (path !== protocol.path && other === undefined)
      return textReply(404, `xrayd takes ${protocol.takes} at POST ${protocol.path}`);
    if (isPreflight(request, mode)) return { status: 204, headers: preflightHeaders(request), body: Buffer.alloc(0) };
    if (request.method !== 'POST') return textReply(405, `use POST ${path}`, { allow: 'POST' });
    if (encoding === undefined)
      return textReply(415, protocol.wantedType, { accept: [...protocol.types.keys()].join(', ') });
    if (other !== undefined && mode === 'daemon') return other.refused(encoding);
    const compression = compressionOf(request.headers['content-encoding']);
    if (compression === undefined)
      return protocol.failed(400, 'Content-Encoding must be gzip, deflate or identity', encoding);
    const isTooLarge = Number(request.headers['content-length']) > maxBytes;
    const body = isTooLarge ? 'too_large' : await readBody(request, compression, { bodies: this.#bodies, maxBytes });
    switch (body) {
      case 'too_large':
        return protocol.failed(413, `the request has more than ${maxBytes} bytes: send less at a time`, encoding);
      case 'busy':
        this.#deps.intake.countRefused('bodies');
        return this.#busy(429, 'xrayd is reading too many request bodies', encoding);
      case 'corrupt':
        return protocol.failed(400, 'the body is not compressed as Content-Encoding says', encoding);
      default:
        return this.#replyTo(await this.#take(body, encoding, other), encoding, other);
    }
  }

  /** The body is decoded before the first wait. */
  #take(body: Body, encoding: E, other: OtherPath<E> | undefined): Promise<IntakeAnswer> {
    try {
      return other === undefined
        ? this.#deps.intake.take(this.#protocol.decode(body.bytes, encoding))
        : other.take(body.bytes, encoding);
    } finally {
      body.release();
    }
  }

  #replyTo(answer: IntakeAnswer, encoding: E, other: OtherPath<E> | undefined): Reply {
    switch (answer.kind) {
      case 'accepted':
        return (other ?? this.#protocol).accepted(answer.rejected, encoding);
      case 'malformed':
        return this.#protocol.failed(400, answer.message, encoding);
      case 'too_large':
        return this.#protocol.failed(413, answer.message, encoding);
      case 'full':
        return this.#busy(429, answer.message, encoding);
      default:
        return this.#busy(503, answer.message, encoding);
    }
  }

  #busy(status: 429 | 503, message: string, encoding: E): Reply {
    const reply = this.#protocol.failed(status, message, encoding);
    return { ...reply, headers: { ...reply.headers, ...RETRY_AFTER } };
  }
}

export function textReply(status: number, message: string, headers: OutgoingHttpHeaders = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
    body: Buffer.from(message === '' ? '' : `${message}\n`),
  };
}

/** Without the query. Exporters that append their path to an endpoint with a slash at its end ask for `//v1/traces`. */
function pathOf(url: string): string {
  const [path = ''] = originForm(url).split('?', 1);
  return path.replace(/^\/{2,}/, '/');
}

function mediaTypeOf(contentType: string): string {
  const [type = ''] = contentType.split(';');
  return type.trim().toLowerCase();
}
