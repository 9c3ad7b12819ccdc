import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describeAnswer } from '../aws/foreign-answer.ts';
import { OPERATIONS } from '../formats/xray/operations.ts';
import { isXRaysAnswer } from '../aws/output-shape.ts';
import type { PermissionHints } from '../aws/permissions.ts';
import { rulesIn, takeNothing } from '../aws/sampling-rules.ts';
import type { XRayAnswer, XRayApi, XRayCall } from '../aws/xray-api.ts';
import type { Address } from '../pipeline/address.ts';
import type { Component, ComponentState } from '../pipeline/component.ts';
import type { Counters } from '../pipeline/counters.ts';
import { messageOf } from '../pipeline/errors.ts';
import type { Logger } from '../pipeline/logger.ts';
import type { DocumentSink } from '../pipeline/segment.ts';
import { SegmentIntake } from './segment-intake.ts';
import { clientErrorHandler } from '../http/client-error.ts';
import { ConnectionLimits } from '../http/connections.ts';
import { Listener } from '../http/listening.ts';
import { originForm } from '../http/origin-form.ts';
import type { RequestGuard } from '../http/request-guard.ts';
import { BodyReader, COMPRESSED, isCompressed, type Body } from '../http/body.ts';
import { CallSlots } from './call-slots.ts';
import { asksForAllRules, RulesCache, type CacheableReply } from './rules-cache.ts';
import { MAX_BODY_BYTES, MAX_SEGMENTS_BODY_BYTES, Routes, TRACE_SEGMENTS } from './routes.ts';

/** SDKs poll every 10 s on the same connection: a shorter keep-alive would close it between polls. */
const KEEP_ALIVE_MS = 75_000;
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;
/**
 * Concurrent calls to X-Ray, and waiting ones; each costs 100 KB while it runs. An SDK makes one call at a time, every
 * 10 s.
 */
const MAX_CALLS = 16;
const MAX_WAITING_CALLS = 512;
/**
 * While X-Ray hangs, every call takes the whole --request-timeout. An SDK that is told to retry keeps its last rules.
 */
const MAX_WAIT_MS = 5_000;
/** Of rules, in the log. */
const MAX_NAMES = 10;
const EMPTY_DOCUMENT = { ErrorCode: 'ParseError', Message: 'Invalid segment. ErrorCode: ParseError' };

export interface SamplingProxyConfig {
  readonly host: string;
  readonly port: number;
  readonly allow: string;
  /** Limit of all bodies in memory together. */
  readonly maxBodiesBytes: number;
  readonly maxConnections: number;
}

export interface SamplingProxyDeps {
  readonly api: XRayApi;
  readonly guard: RequestGuard;
  readonly sink: DocumentSink;
  readonly hints: PermissionHints;
  readonly log: Logger;
  readonly counters: Counters;
  /** Called when reading bodies has left some megabytes of garbage. */
  readonly onGarbage: () => void;
}

/** The response to the client. */
type Reply = CacheableReply;

/** TCP 2000: forwards sampling calls, signed, and accepts documents that are too large for a datagram. */
export class SamplingProxy implements Component {
  readonly name = 'tcp';
  readonly #deps: SamplingProxyDeps;
  readonly #routes: Routes;
  readonly #rules: RulesCache;
  readonly #intake: SegmentIntake;
  readonly #bodies: BodyReader;
  readonly #listener: Listener;
  readonly #limits: ConnectionLimits;
  /** Whether the last rules take no request; logged when it begins. */
  #isNothingTaken = false;
  readonly #abort = new AbortController();
  readonly #slots = new CallSlots({ maxCalls: MAX_CALLS, maxWaiting: MAX_WAITING_CALLS, maxWaitMs: MAX_WAIT_MS });

  constructor(config: SamplingProxyConfig, deps: SamplingProxyDeps) {
    this.#deps = deps;
    this.#routes = new Routes(config.allow);
    this.#bodies = new BodyReader(config.maxBodiesBytes, deps.onGarbage);
    this.#rules = new RulesCache((source) => deps.counters.rulesServed.inc({ source }));
    this.#intake = new SegmentIntake(deps.sink);
    const timeouts = {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 5_000,
    };
    const server = createServer(
      { ...timeouts, maxHeaderSize: 16 * 1024 },
      (request, response) => void this.#serve(request, response),
    );
    this.#limits = new ConnectionLimits(server, {
      maxConnections: config.maxConnections,
      maxUnreadBytes: config.maxBodiesBytes,
    });
    const onAnswered = (status: number): void =>
      deps.counters.requests.inc({ path: 'invalid', status: String(status) });
    const headers = { 'x-amzn-errortype': 'BadRequest' };
    server.on(
      'clientError',
      clientErrorHandler(this.#limits, { bodyOf: ({ message: Message }) => ({ Message }), headers, onAnswered }),
    );
    const error = { key: 'tcp_server', message: 'error on the TCP port' };
    this.#listener = new Listener(
      { name: this.name, address: config, started: 'answering sampling calls on TCP', error },
      {
        server,
        log: deps.log,
        finish: () => server.closeIdleConnections(),
        cut: () => {
          this.#abort.abort();
          server.closeAllConnections();
        },
      },
    );
  }

  get state(): ComponentState {
    return this.#listener.state;
  }

  get address(): Address | undefined {
    return this.#listener.address;
  }

  /** Rejects with XRAYD_BIND. */
  start(): Promise<void> {
    return this.#listener.start();
  }

  stop(deadline: AbortSignal): Promise<void> {
    return this.#listener.stop(deadline);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.#limits.admit(request, response)) return;
    const { log, counters } = this.#deps;
    const target = originForm(request.url ?? '/');
    const route = this.#routes.find(request.method ?? '', target);
    const label = route.kind === 'segments' ? TRACE_SEGMENTS : route.label;
    let reply: Reply;
    let held: Body | undefined;
    try {
      // Checked before the body is read, so that a refused request costs no memory. Node discards the unread body.
      const problem = this.#deps.guard.problem(request, 'clients');
      if (problem !== undefined) reply = errorReply(problem.status, REFUSALS[problem.status], problem.message);
      else if (route.kind === 'refuse') reply = errorReply(route.status, route.errorType, route.message);
      else if (route.kind === 'segments' && isCompressed(request.headers))
        reply = errorReply(415, 'UnsupportedMediaTypeException', COMPRESSED);
      else {
        const body = await this.#bodies.read(
          request,
          route.kind === 'segments' ? MAX_SEGMENTS_BODY_BYTES : MAX_BODY_BYTES,
        );
        if (typeof body !== 'string') held = body;
        if (body === 'too_large')
          reply = errorReply(413, 'RequestEntityTooLarge', 'The body is larger than xrayd accepts', {
            connection: 'close',
          });
        else if (body === 'busy')
          reply = errorReply(429, 'ThrottledException', 'xrayd is reading too many request bodies', {
            connection: 'close',
            'retry-after': '1',
          });
        else if (!this.#limits.hasCapacity)
          reply = errorReply(429, 'ThrottledException', 'Too many responses have not been read', {
            'retry-after': '1',
          });
        else if (route.kind === 'segments') reply = await this.#take(body.bytes);
        else {
          reply = await this.#ask(request, target, Buffer.from(body.bytes), goneSignal(response));
          if (response.closed) return;
        }
      }
    } catch (error) {
      // The client disconnected while it sent its body.
      if (request.destroyed && !request.complete) return;
      log.limited(
        'tcp_request',
        'error',
        { error: messageOf(error) },
        'a request on the TCP port failed; please report this',
      );
      reply = errorReply(500, 'InternalFailure', 'xrayd failed; see its log');
    } finally {
      held?.release();
    }
    counters.requests.inc({ path: label, status: String(reply.status) });
    log.debug({ path: label, status: reply.status }, 'answered a request on TCP');
    response.writeHead(reply.status, { ...reply.headers, 'content-length': String(reply.body.length) });
    this.#limits.answering(response, reply.body.length);
    response.end(reply.body);
  }

  /** Accepts all documents or none. If they are accepted, returns X-Ray's own response. */
  async #take(body: Buffer): Promise<Reply> {
    const answer = await this.#intake.put(body);
    if (answer.status !== 200)
      return errorReply(
        answer.status,
        answer.errorType,
        answer.message,
        answer.status === 429 ? { 'retry-after': '1' } : {},
      );
    // Like X-Ray: empty documents are refused one by one, and the others accepted.
    const UnprocessedTraceSegments = Array.from({ length: answer.empty }, () => EMPTY_DOCUMENT);
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify({ UnprocessedTraceSegments })),
    };
  }

  /**
   * `body` belongs to the call: a socket of an abandoned call may reference it for longer than the request lasts.
   * `gone` ends the call if its client disconnects, except a call that other clients wait for too.
   */
  async #ask(request: IncomingMessage, target: string, body: Buffer, gone: AbortSignal): Promise<Reply> {
    if (isRulesRequest(request.method, target, body)) return this.#rules.get(() => this.#askForRules());
    const encoding = request.headers['content-encoding'];
    const headers = {
      'content-type': request.headers['content-type'] ?? 'application/json',
      ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
    };
    const call = { method: request.method ?? 'POST', target, body, headers };
    const signal = AbortSignal.any([gone, this.#abort.signal]);
    const reply = await this.#slots.run(signal, () => this.#forward(call, signal));
    if (reply === 'aborted') return errorReply(503, 'ServiceUnavailableException', 'xrayd is stopping');
    if (reply === 'busy')
      return errorReply(429, 'ThrottledException', 'Too many calls are waiting for X-Ray', { 'retry-after': '1' });
    return reply;
  }

  /** Rules that take nothing look like a daemon that loses everything, so the log says it. */
  async #askForRules(): Promise<Reply> {
    const reply = await this.#forward(RULES_CALL, this.#abort.signal);
    const rules = reply.status === 200 && reply.isForeign !== true ? rulesIn(reply.body) : undefined;
    if (rules === undefined) return reply;
    const isNothing = takeNothing(rules);
    if (isNothing && !this.#isNothingTaken)
      this.#deps.log.warn(
        { rules: rules.map(({ name }) => name).slice(0, MAX_NAMES) },
        'the sampling rules of X-Ray take no request: SDKs that follow them send nothing. Raise the reservoir or the rate of a rule',
      );
    this.#isNothingTaken = isNothing;
    return reply;
  }

  /** Builds a new upstream request: headers of a sidecar or client would break the signature (aws-xray-daemon#199). */
  async #forward({ method, target, body, headers }: ForwardedCall, signal: AbortSignal): Promise<Reply> {
    const { api, hints, log } = this.#deps;
    const userAgent = { 'user-agent': api.sdkHeaders()['user-agent'] ?? '' };
    const answer = await api.call({ method, target, body, headers: { ...userAgent, ...headers }, signal });
    hints.check(target, answer);
    const reply = replyOf(answer);
    if (answer.kind === 'answer' && method === 'POST' && !isXRaysAnswer(target, api.url, answer)) {
      const fields = { path: target, endpoint: api.url.origin, ...describeAnswer(answer) };
      log.limited(`proxy_foreign_${answer.status}`, 'warn', fields, FOREIGN);
      // A foreign success would be mistaken for X-Ray's response; a foreign error is an error already.
      const isSuccess = answer.status < 300;
      return { ...(isSuccess ? errorReply(502, 'ServiceUnavailableException', NOT_XRAYS) : reply), isForeign: true };
    }
    if (signal.aborted) return reply;
    if (answer.kind !== 'answer' || (answer.status >= 400 && answer.status !== 403)) {
      const reason =
        answer.kind === 'answer' ? `http_${answer.status}` : answer.kind === 'failure' ? answer.code : answer.kind;
      log.limited(
        `proxy_${reason}`,
        'warn',
        { path: target.split('?')[0], reason },
        'a sampling call to X-Ray failed: SDKs keep using the last rules, or fall back to their local ones',
      );
    }
    return reply;
  }
}

const REFUSALS = {
  400: 'BadRequest',
  403: 'AccessDeniedException',
  501: 'NotImplemented',
  508: 'LoopDetected',
} as const;
const NOT_XRAYS = 'the response does not come from X-Ray; see the log of xrayd';
const FOREIGN =
  'something other than X-Ray answered a sampling call: SDKs keep using the last rules, or fall back to their local ones. Check --endpoint, --proxy-address, NO_PROXY, and for a proxy, portal or gateway in between';

type ForwardedCall = Omit<XRayCall, 'signal'> & { readonly method: string };

/**
 * One call for all clients that ask for the rules: one client's headers or body must not determine what the others get.
 */
const RULES_CALL: ForwardedCall = {
  method: 'POST',
  target: OPERATIONS.GetSamplingRules.path,
  body: Buffer.from('{}'),
  headers: { 'content-type': 'application/json' },
};

function isRulesRequest(method: string | undefined, target: string, body: Buffer): boolean {
  return method === 'POST' && target === OPERATIONS.GetSamplingRules.path && asksForAllRules(body);
}

/**
 * Aborts when the client no longer waits for the response. Not the request's `close`, which is emitted once its body
 * has been read.
 */
function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  if (response.closed) gone.abort();
  return gone.signal;
}

function replyOf(answer: XRayAnswer): Reply {
  if (answer.kind === 'no_credentials')
    return errorReply(503, 'ServiceUnavailableException', `xrayd has ${answer.message}`);
  if (answer.kind === 'failure') {
    const status = answer.code === 'timeout' ? 504 : 502;
    return errorReply(status, 'ServiceUnavailableException', `xrayd could not reach X-Ray: ${answer.code}`);
  }
  const headers: Record<string, string> = {};
  for (const name of [
    'content-type',
    'content-encoding',
    'x-amzn-errortype',
    'x-amzn-requestid',
    'retry-after',
    'location',
  ]) {
    const value = answer.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  return { status: answer.status, headers, body: answer.body };
}

/** An error in X-Ray's form. Always valid JSON, because the Node SDK parses the body whatever the status is. */
function errorReply(
  status: number,
  errorType: string,
  message: string,
  more: Readonly<Record<string, string>> = {},
): Reply {
  const headers = { 'content-type': 'application/json', 'x-amzn-errortype': errorType, ...more };
  return { status, headers, body: Buffer.from(JSON.stringify({ Message: message })) };
}
