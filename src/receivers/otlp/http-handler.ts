import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { exportAnswer, RPC_CODE, statusAnswer, warningAnswer, type Encoding } from '../../formats/otlp/answers.ts';
import { BodyReader, type Body } from '../../http/body.ts';
import { messageOf } from '../../pipeline/errors.ts';
import { decodeTraces } from '../../formats/otlp/decode.ts';
import { readTracesJson } from '../../formats/otlp/read-json.ts';
import { compressionOf, readBody } from '../body.ts';
import { corsHeaders, isPreflight, preflightHeaders } from '../cors.ts';
import type { HttpHandler, ReceiverConfig, ReceiverDeps } from '../http-receiver.ts';
import type { IntakeAnswer } from '../spans-intake.ts';

/** The path of spans. Source: OTLP specification 1.9, OTLP/HTTP. */
const TRACES_PATH = '/v1/traces';
/** Signals that xrayd does not keep. */
const OTHERS: ReadonlySet<string> = new Set(['/v1/metrics', '/v1/logs']);
const TYPES: ReadonlyMap<string, Encoding> = new Map([
  ['application/x-protobuf', 'protobuf'],
  ['application/json', 'json'],
]);
const RETRY_AFTER_SECONDS = 1;

interface Reply {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** Answers OTLP over HTTP, on any server: spans in protobuf and JSON. */
export class OtlpHttpHandler implements HttpHandler {
  readonly name = 'otlp-http';
  readonly protocol = 'OTLP over HTTP';
  readonly #config: ReceiverConfig;
  readonly #deps: ReceiverDeps;
  readonly #bodies: BodyReader;

  constructor(config: ReceiverConfig, deps: ReceiverDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#bodies = new BodyReader(config.maxBodiesBytes, deps.onGarbage);
  }

  /** Answers a request. Never rejects. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let reply: Reply;
    try {
      reply = await this.#answer(request);
    } catch (error) {
      // The client disconnected while it sent its body.
      if (request.destroyed && !request.complete) return;
      this.#deps.log.limited(
        'otlp_request',
        'error',
        { error: messageOf(error) },
        'an OTLP request failed; please report this',
      );
      reply = statusReply(500, 'xrayd failed; see its log', 'json');
    }
    const unread = request.complete ? {} : { connection: 'close' };
    response.writeHead(reply.status, {
      ...reply.headers,
      ...corsHeaders(request, this.#config.mode),
      ...unread,
      'content-length': reply.body.length,
    });
    response.end(reply.body);
  }

  async #answer(request: IncomingMessage): Promise<Reply> {
    const { mode } = this.#config;
    // Checked before the body is read, so that a refused request costs no memory.
    const problem = this.#deps.guard.problem(request, mode === 'local' ? 'local-pages' : 'clients');
    const encoding = TYPES.get(mediaTypeOf(request.headers['content-type']));
    if (problem !== undefined) return statusReply(problem.status, problem.message, encoding ?? 'json');
    const path = (request.url ?? '/').split('?')[0]!;
    if (path !== TRACES_PATH && !OTHERS.has(path)) return textReply(404, `xrayd takes spans at POST ${TRACES_PATH}`);
    if (isPreflight(request, mode)) return { status: 204, headers: preflightHeaders(request), body: Buffer.alloc(0) };
    if (request.method !== 'POST') return textReply(405, `use POST ${path}`, { allow: 'POST' });
    if (encoding === undefined)
      return textReply(415, `Content-Type must be ${[...TYPES.keys()].join(' or ')}`, {
        accept: [...TYPES.keys()].join(', '),
      });
    if (path !== TRACES_PATH) return this.#answerOther(path, encoding);
    const compression = compressionOf(request.headers['content-encoding']);
    if (compression === undefined)
      return statusReply(400, 'Content-Encoding must be gzip, deflate or identity', encoding);
    if (Number(request.headers['content-length']) > this.#config.maxBodyBytes) return this.#tooLarge(encoding);
    const { maxBodyBytes: maxBytes } = this.#config;
    const body = await readBody(request, compression, { bodies: this.#bodies, maxBytes });
    if (body === 'too_large') return this.#tooLarge(encoding);
    if (body === 'busy') return busyReply(429, 'xrayd is reading too many request bodies', encoding);
    if (body === 'corrupt') return statusReply(400, 'the body is not compressed as Content-Encoding says', encoding);
    return replyTo(await this.#take(body, encoding), encoding);
  }

  problem(message: string): object {
    return { code: RPC_CODE.invalidArgument, message };
  }

  /** The body is decoded before the first wait. */
  #take(body: Body, encoding: Encoding): Promise<IntakeAnswer> {
    try {
      return this.#deps.intake.take(
        encoding === 'json' ? readTracesJson(body.bytes.toString('utf8')) : decodeTraces(body.bytes),
      );
    } finally {
      body.release();
    }
  }

  #tooLarge(encoding: Encoding): Reply {
    const message = `the request has more than ${this.#config.maxBodyBytes} bytes: send fewer spans at a time`;
    return statusReply(413, message, encoding);
  }

  #answerOther(path: string, encoding: Encoding): Reply {
    const what = path.slice('/v1/'.length);
    if (this.#config.mode === 'daemon')
      return statusReply(
        404,
        `xrayd takes traces only: send ${what} elsewhere, or set OTEL_${what.toUpperCase()}_EXPORTER=none`,
        encoding,
      );
    this.#deps.log.limited(`otlp_${what}`, 'info', {}, `OTLP ${what} are received and not kept`);
    return okReply(warningAnswer(`xrayd keeps traces only: these ${what} were not kept`, encoding), encoding);
  }
}

function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';')[0]!.trim().toLowerCase();
}

function replyTo(answer: IntakeAnswer, encoding: Encoding): Reply {
  switch (answer.kind) {
    case 'accepted':
      return okReply(exportAnswer(answer.rejected, encoding), encoding);
    case 'malformed':
      return statusReply(400, answer.message, encoding);
    case 'too_large':
      return statusReply(413, answer.message, encoding);
    case 'full':
      return busyReply(429, answer.message, encoding);
    default:
      return busyReply(503, answer.message, encoding);
  }
}

function okReply(body: Buffer, encoding: Encoding): Reply {
  return { status: 200, headers: { 'content-type': typeOf(encoding) }, body };
}

const RPC_CODES: Readonly<Record<number, number>> = {
  404: RPC_CODE.unimplemented,
  413: RPC_CODE.resourceExhausted,
  429: RPC_CODE.resourceExhausted,
  500: RPC_CODE.internal,
  503: RPC_CODE.unavailable,
};

function statusReply(status: number, message: string, encoding: Encoding): Reply {
  const code = RPC_CODES[status] ?? RPC_CODE.invalidArgument;
  return { status, headers: { 'content-type': typeOf(encoding) }, body: statusAnswer({ code, message }, encoding) };
}

function busyReply(status: 429 | 503, message: string, encoding: Encoding): Reply {
  const reply = statusReply(status, message, encoding);
  return { ...reply, headers: { ...reply.headers, 'retry-after': String(RETRY_AFTER_SECONDS) } };
}

function textReply(status: number, message: string, headers: OutgoingHttpHeaders = {}): Reply {
  return {
    status,
    headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' },
    body: Buffer.from(`${message}\n`),
  };
}

function typeOf(encoding: Encoding): string {
  return encoding === 'json' ? 'application/json' : 'application/x-protobuf';
}
