import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { readZipkinJson } from '../../formats/zipkin/read-json.ts';
import { BodyReader } from '../../http/body.ts';
import { messageOf } from '../../pipeline/errors.ts';
import { compressionOf, readBody } from '../body.ts';
import { corsHeaders, isPreflight, preflightHeaders } from '../cors.ts';
import type { HttpHandler, ReceiverConfig, ReceiverDeps } from '../http-receiver.ts';
import type { IntakeAnswer } from '../spans-intake.ts';

const SPANS_PATH = '/api/v2/spans';
const RETRY_AFTER_SECONDS = 1;

interface Reply {
  readonly status: number;
  /** "" for a success. */
  readonly message: string;
  readonly headers?: OutgoingHttpHeaders;
}

/** Answers `POST /api/v2/spans`: Zipkin's v2 spans in JSON. Source: zipkin2-api.yaml. */
export class ZipkinHandler implements HttpHandler {
  readonly name = 'zipkin';
  readonly protocol = 'Zipkin over HTTP';
  readonly #config: ReceiverConfig;
  readonly #deps: ReceiverDeps;
  readonly #bodies: BodyReader;

  constructor(config: ReceiverConfig, deps: ReceiverDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#bodies = new BodyReader(config.maxBodiesBytes, deps.onGarbage);
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let reply: Reply;
    try {
      reply = await this.#answer(request);
    } catch (error) {
      // The client disconnected while it sent its body.
      if (request.destroyed && !request.complete) return;
      this.#deps.log.limited(
        'zipkin_request',
        'error',
        { error: messageOf(error) },
        'a Zipkin request failed; please report this',
      );
      reply = { status: 500, message: 'xrayd failed; see its log' };
    }
    const body = Buffer.from(reply.message === '' ? '' : `${reply.message}\n`);
    response.writeHead(reply.status, {
      'content-type': 'text/plain; charset=utf-8',
      ...reply.headers,
      ...corsHeaders(request, this.#config.mode),
      ...(request.complete ? {} : { connection: 'close' }),
      'content-length': body.length,
    });
    response.end(body);
  }

  problem(message: string): object {
    return { message };
  }

  async #answer(request: IncomingMessage): Promise<Reply> {
    const { mode, maxBodyBytes: maxBytes } = this.#config;
    const problem = this.#deps.guard.problem(request, mode === 'local' ? 'local-pages' : 'clients');
    if (problem !== undefined) return problem;
    const path = (request.url ?? '/').split('?')[0];
    if (path !== SPANS_PATH) return { status: 404, message: `xrayd takes Zipkin spans at POST ${SPANS_PATH}` };
    if (isPreflight(request, mode)) return { status: 204, message: '', headers: preflightHeaders(request) };
    if (request.method !== 'POST')
      return { status: 405, message: `use POST ${SPANS_PATH}`, headers: { allow: 'POST' } };
    const type = (request.headers['content-type'] ?? 'application/json').split(';')[0]!.trim().toLowerCase();
    if (type !== 'application/json')
      return { status: 415, message: 'Content-Type must be application/json: spans of Zipkin v2 in JSON' };
    const compression = compressionOf(request.headers['content-encoding']);
    if (compression === undefined)
      return { status: 400, message: 'Content-Encoding must be gzip, deflate or identity' };
    const tooLarge = {
      status: 413,
      message: `the request has more than ${maxBytes} bytes: send fewer spans at a time`,
    };
    if (Number(request.headers['content-length']) > maxBytes) return tooLarge;
    const body = await readBody(request, compression, { bodies: this.#bodies, maxBytes });
    if (body === 'too_large') return tooLarge;
    if (body === 'busy') return busy(429, 'xrayd is reading too many request bodies');
    if (body === 'corrupt') return { status: 400, message: 'the body is not compressed as Content-Encoding says' };
    let text: string;
    try {
      text = body.bytes.toString('utf8');
    } finally {
      body.release();
    }
    return this.#replyTo(await this.#deps.intake.take(readZipkinJson(text)));
  }

  #replyTo(answer: IntakeAnswer): Reply {
    switch (answer.kind) {
      case 'accepted': {
        const { spans, message } = answer.rejected;
        if (spans > 0)
          // Zipkin's answer has no place for it.
          this.#deps.log.limited(
            'zipkin_rejected',
            'warn',
            { spans, reason: message },
            'rejected invalid Zipkin spans',
          );
        return { status: 202, message: '' };
      }
      case 'malformed':
        return { status: 400, message: answer.message };
      case 'too_large':
        return { status: 413, message: answer.message };
      case 'full':
        return busy(429, answer.message);
      default:
        return busy(503, answer.message);
    }
  }
}

function busy(status: 429 | 503, message: string): Reply {
  return { status, message, headers: { 'retry-after': String(RETRY_AFTER_SECONDS) } };
}
