import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { ALL_OPERATIONS, operationAt } from '../formats/xray/operations.ts';
import { boundAddress, formatAddress, type Address } from '../pipeline/address.ts';
import type { Component, ComponentState } from '../pipeline/component.ts';
import type { Counters } from '../pipeline/counters.ts';
import { DeadlineError } from '../pipeline/deadline.ts';
import { messageOf, XraydError } from '../pipeline/errors.ts';
import type { Logger } from '../pipeline/logger.ts';
import { clientErrorHandler } from '../http/client-error.ts';
import { ConnectionLimits } from '../http/connections.ts';
import type { RequestGuard } from '../http/request-guard.ts';
import { tokenProblem } from './access.ts';
import { StoreBusyError, StoreDamagedError, StoreFullError, StoreTooMuchError } from '../threads/store-thread.ts';
import { ApiError, invalid } from './api-error.ts';
import type { ApiServer, OperationContext } from './operation.ts';
import { lazyValidators } from './lazy-validators.ts';
import { addLiveRoutes, STREAMS } from './live-routes.ts';
import { addPageDataRoutes } from './page-data-routes.ts';
import { addPageFiles, PAGE_PATHS } from './page-files.ts';
import { addPageRoutes, type PageDeps } from './page-routes.ts';
import { bodyBytes, readBodies } from './bodies.ts';
import { isSmall, ReadGate } from './read-gate.ts';
import { acceptTexts, parametersOf } from './query-string.ts';
import { violationError, type Violation } from './validation.ts';

export interface XRayApiConfig {
  readonly host: string;
  readonly port: number;
  /** Token that readers must send; "" if none. */
  readonly token: string;
  /** Budget for all bodies in memory. */
  readonly maxBodiesBytes: number;
  /** Browsers and SDKs keep a few connections each. Each one costs a socket and its unread headers. */
  readonly maxConnections: number;
  /**
   * Set where saving memory is more important than speed: frees what it can. Called before each request that needs much
   * memory; these are then handled one by one.
   */
  readonly freeMemory?: (() => Promise<void>) | undefined;
  /** Called when responses have left some megabytes of garbage. */
  readonly onGarbage?: () => void;
}

export interface XRayApiDeps extends PageDeps {
  readonly guard: RequestGuard;
  readonly log: Logger;
  readonly counters: Counters;
  /** Answers OTLP over HTTP, on its own paths. */
  readonly otlp: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

/** Above the batches that SDKs and daemons send, which have at most 50 documents. */
const LARGE_BODY_BYTES = 512 * 1024;
const MAX_HEADER_BYTES = 16 * 1024;

const BUSY = {
  read: 'Too many answers wait to be read',
  store: 'xrayd is busy with other large requests, and has little memory',
} as const;

/** Without it, fastify would load its own JSON Schema compilers, which take 1.1 MB of memory. */
function noCompiler(): never {
  throw new Error('a route has a schema that no compiler is set for');
}

/** TCP 2000 of the local X-Ray: X-Ray's whole API, and xrayd's own. Signatures are not checked. */
export class XRayApi implements Component {
  readonly name = 'tcp';
  readonly #config: XRayApiConfig;
  readonly #deps: XRayApiDeps;
  readonly #app: ApiServer;
  readonly #limits: ConnectionLimits;
  readonly #gate: ReadGate;
  readonly #smallGate: ReadGate;
  readonly #stop = new AbortController();
  #state: ComponentState = { name: 'tcp', state: 'starting' };

  constructor(config: XRayApiConfig, deps: XRayApiDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#app = fastify({
      // readBodies limits bodies.
      bodyLimit: Number.MAX_SAFE_INTEGER,
      http: { headersTimeout: 5_000, connectionsCheckingInterval: 5_000, maxHeaderSize: MAX_HEADER_BYTES },
      // A trace may be named by a whole line of a log; the headers include the path.
      routerOptions: { maxParamLength: MAX_HEADER_BYTES },
      keepAliveTimeout: 75_000,
      requestTimeout: 15_000,
      // A client that reads nothing for this long is disconnected, which frees its response.
      connectionTimeout: 60_000,
      forceCloseConnections: true,
      schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
      clientErrorHandler: (error, socket) => onClientError(error, socket),
      // The path or a parameter is malformed: no hook runs.
      frameworkErrors: (error, request, reply) => {
        if (!this.#limits.admit(request.raw, reply.raw)) return;
        refuse(reply, this.#apiErrorOf(error, request));
        this.#count('other', reply.statusCode);
      },
    });
    this.#app.setValidatorCompiler(lazyValidators());
    this.#limits = new ConnectionLimits(this.#app.server, {
      maxConnections: config.maxConnections,
      maxUnreadBytes: config.maxBodiesBytes,
      ...(config.onGarbage === undefined ? {} : { onGarbage: config.onGarbage }),
    });
    const onClientError = clientErrorHandler(this.#limits, {
      bodyOf: ({ message: Message }) => ({ Message }),
      headers: { 'x-amzn-errortype': 'InvalidRequestException' },
      onAnswered: (status) => this.#count('other', status),
    });
    this.#gate = new ReadGate(this.#limits, config.freeMemory === undefined ? {} : { maxReads: 1 });
    const limits = this.#limits;
    this.#smallGate = new ReadGate({
      get hasCapacity() {
        return limits.hasSmallCapacity;
      },
    });
  }

  #count(path: string, status: number): void {
    this.#deps.counters.requests.inc({ path, status: String(status) });
  }

  get state(): ComponentState {
    return this.#state;
  }

  get address(): Address | undefined {
    return boundAddress(this.#app.server.address());
  }

  /** Rejects with XRAYD_BIND. The backend must be open. */
  async start(): Promise<void> {
    this.#addRoutes();
    try {
      await this.#app.listen({ host: this.#config.host, port: this.#config.port, exclusive: true });
    } catch (error) {
      throw new XraydError('XRAYD_BIND', messageOf(error), { cause: error });
    }
    const address = formatAddress(this.address ?? this.#config);
    this.#state = { name: this.name, state: 'ok', reason: address };
    this.#deps.log.info({ address }, 'answering on TCP');
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#app.close();
    this.#state = { name: this.name, state: 'off' };
  }

  #addRoutes(): void {
    const app = this.#app;
    app.addHook('onRoute', (route) => {
      if (route.schema !== undefined && route.schema.body === undefined)
        route.validatorCompiler = ({ schema, url }) => acceptTexts(schema, url);
    });
    this.#limitAnswers();
    readBodies(app, this.#config.maxBodiesBytes, this.#config.onGarbage);
    app.addHook('onRequest', async (request, reply) => {
      void reply.headers({ 'x-amzn-requestid': randomUUID(), 'x-content-type-options': 'nosniff' });
      this.#guard(request, parametersOf(request.query));
    });
    app.addHook('preValidation', async (request) => {
      // Without a content type and a length there is nothing to parse.
      if (request.method === 'POST') request.body ??= {};
    });
    app.addHook('onResponse', async (request, reply) =>
      this.#count(request.routeOptions.url ?? 'other', reply.statusCode),
    );
    app.setErrorHandler(async (error: Error, request, reply) => refuse(reply, this.#apiErrorOf(error, request)));
    app.setNotFoundHandler(async (request, reply) => unknownOperation(request, reply));
    const { backend, intake } = this.#deps;
    const context: OperationContext = {
      change: (work) => backend.change(work),
      putTraceSegments: (documents) => intake.putTraceSegments(documents),
    };
    for (const { name, path } of ALL_OPERATIONS) backend.operations[name].addTo(app, path, context);
    const { store, feed, groups } = backend;
    addLiveRoutes(app, { store, feed, groups, gate: this.#gate, signal: this.#stop.signal });
    addPageDataRoutes(app, backend);
    addPageRoutes(app, this.#deps);
    addPageFiles(app);
    for (const url of OTLP_PATHS)
      app.all(url, { onRequest: async ({ raw }, reply) => this.#serveOtlp(raw, reply) }, () => {});
  }

  /** Responses to SDKs are small. Streams limit themselves. */
  #limitAnswers(): void {
    this.#app.addHook('onRequest', async (request, reply) => {
      if (!this.#limits.admit(request.raw, reply.raw)) return reply.hijack();
      return undefined;
    });
    const leave = new WeakMap<FastifyRequest, () => void>();
    this.#app.addHook('preHandler', async (request, reply) => {
      const { url = '' } = request.routeOptions;
      if (STREAMS.has(url)) return;
      const purpose = operationAt(url)?.caller === 'sdk' ? 'store' : 'read';
      if (purpose === 'store' && !this.#needsTurn(request)) return;
      const gate = purpose === 'read' && isSmall(url) ? this.#smallGate : this.#gate;
      const left = await gate.enter(purpose);
      if (left === undefined) throw new ApiError('ThrottledException', BUSY[purpose], 429);
      leave.set(request, left);
      reply.raw.once('close', left);
      if (gate === this.#gate) await this.#config.freeMemory?.();
    });
    this.#app.addHook('onSend', async (request, reply, payload) => {
      const bytes = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload.length : 0;
      this.#limits.answering(reply.raw, bytes, isSmall(request.routeOptions.url ?? '') ? 'small' : 'large');
      leave.get(request)?.();
    });
  }

  /** A large body exists several times until it is stored, as a large response does until it is written. */
  #needsTurn(request: FastifyRequest): boolean {
    return this.#config.freeMemory !== undefined && bodyBytes(request) > LARGE_BODY_BYTES;
  }

  #guard(request: FastifyRequest, parameters: ReadonlyMap<string, string>): void {
    const { url = '' } = request.routeOptions;
    // SDKs send segments and ask for sampling rules without a token, and no page does.
    const isOtlp = OTLP_PATHS.has(url);
    const isForSdks = operationAt(url)?.caller === 'sdk' || isOtlp;
    const problem = this.#deps.guard.problem(
      request.raw,
      isOtlp ? 'local-pages' : isForSdks ? 'clients' : PAGE_PATHS.has(url) ? 'link' : 'own-page',
    );
    if (problem !== undefined) throw new ApiError(REFUSALS[problem.status], problem.message, problem.status);
    const refused = isForSdks ? undefined : tokenProblem(request.headers, parameters.get('token'), this.#config.token);
    if (refused !== undefined) throw refused;
  }

  /** OTLP has its own bodies, encodings and errors. */
  #serveOtlp(request: IncomingMessage, reply: FastifyReply): void {
    reply.hijack();
    reply.raw.once('finish', () => this.#count(request.url?.split('?')[0] ?? 'other', reply.raw.statusCode));
    void this.#deps.otlp(request, reply.raw);
  }

  #apiErrorOf(
    error: Error & { statusCode?: number; validation?: readonly Violation[] },
    request: FastifyRequest,
  ): ApiError {
    if (error instanceof ApiError) return error;
    if (error instanceof StoreBusyError)
      return new ApiError('ThrottledException', 'Too many questions wait for an answer', 429);
    if (error instanceof StoreDamagedError)
      return new ApiError(
        'ServiceUnavailableException',
        `The store of the local X-Ray is damaged: ${error.message}`,
        503,
      );
    if (error instanceof StoreTooMuchError) return invalid(error.message);
    if (error instanceof StoreFullError) {
      return new ApiError(
        'ThrottledException',
        `The local X-Ray cannot use its store: ${error.problem} (${error.message})`,
        429,
      );
    }
    // The store stopped before its queries, or its disk does not respond: not a bug.
    if (this.#stop.signal.aborted) return new ApiError('ServiceUnavailableException', 'xrayd stops', 503);
    if (error instanceof DeadlineError) return new ApiError('ServiceUnavailableException', error.message, 503);
    if (error.validation !== undefined) return violationError(error.validation, request.body);
    if (error.statusCode !== undefined && error.statusCode < 500)
      return new ApiError('InvalidRequestException', error.message, error.statusCode);
    this.#deps.log.limited(
      'api_bug',
      'error',
      { path: request.routeOptions.url, error: error.stack },
      'a request failed; please report this',
    );
    return new ApiError('InternalFailure', '', 500);
  }
}

const REFUSALS = {
  400: 'InvalidRequestException',
  403: 'AccessDeniedException',
  501: 'NotImplemented',
  508: 'LoopDetected',
} as const;

/**
 * compat: failures have no message; they and constraint violations have a lower-case key. Source: recorded answers of
 * X-Ray.
 */
function refuse(reply: FastifyReply, { type, status, message, resourceName }: ApiError): FastifyReply {
  const key = type === 'ValidationException' || status === 500 ? 'message' : 'Message';
  const body = JSON.stringify({ [key]: message === '' ? null : message, ResourceName: resourceName });
  return reply.code(status).headers({ 'x-amzn-errortype': type, 'content-type': 'application/json' }).send(body);
}

/** The paths of OTLP over HTTP. Source: opentelemetry-specification, protocol/exporter.md. */
const OTLP_PATHS: ReadonlySet<string> = new Set(['/v1/traces', '/v1/metrics', '/v1/logs']);

/** compat: X-Ray answers an unknown path with 200. Source: recorded answers of X-Ray. For browsers a 404 is clearer. */
function unknownOperation({ method, routeOptions }: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (method === 'POST' && routeOptions.url === undefined) {
    const Output = { __type: 'com.amazon.coral.service#UnknownOperationException' };
    return reply.header('content-type', 'application/json').send(JSON.stringify({ Output, Version: '1.0' }));
  }
  return refuse(reply, new ApiError('UnknownOperationException', 'There is no such page', 404));
}
