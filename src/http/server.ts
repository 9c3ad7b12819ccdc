import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { boundAddress, formatAddress, type Address } from '../pipeline/address.ts';
import type { Component, ComponentState } from '../pipeline/component.ts';
import { messageOf, XraydError } from '../pipeline/errors.ts';
import type { Logger } from '../pipeline/logger.ts';
import { oneLine } from '../pipeline/one-line.ts';
import { clientErrorHandler } from './client-error.ts';
import { ConnectionLimits } from './connections.ts';
import { healthOf, type Parts } from './health.ts';
import type { RequestGuard } from './request-guard.ts';

/** `xrayd healthcheck` reads at most 64 KB for all parts. */
const MAX_REASON = 2_000;

export interface HttpServerConfig {
  readonly host: string;
  readonly port: number;
  /** The user set the address: a port in use ends the start. Otherwise the daemon runs without HTTP. */
  readonly isRequired: boolean;
  /** Probes and scrapers use one connection each. */
  readonly maxConnections: number;
}

export interface HttpServerDeps {
  readonly guard: RequestGuard;
  readonly parts: () => Parts;
  readonly isStopping: () => boolean;
  /** Segment counts to show with the health. */
  readonly counts: () => object;
  /** The text of /metrics. */
  readonly metrics: () => Promise<string>;
  readonly log: Logger;
}

/** The metrics take about 20 KB. */
const MAX_UNREAD_BYTES = 2 * 1024 * 1024;

/** Without it, fastify would load its own JSON Schema compilers, which take 1.1 MB of memory. */
export const NO_COMPILERS = { buildValidator: noCompiler, buildSerializer: noCompiler };

function noCompiler(): never {
  throw new Error('a route has a schema that no compiler is set for');
}

/**
 * HTTP 2001: /livez, /readyz, /metrics. Started first and stopped last, so that it is available while segments drain.
 */
export class HttpServer implements Component {
  readonly name = 'http';
  readonly #config: HttpServerConfig;
  readonly #deps: HttpServerDeps;
  readonly #app: FastifyInstance;
  #state: ComponentState = { name: 'http', state: 'starting' };

  constructor(config: HttpServerConfig, deps: HttpServerDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#app = fastify({
      requestTimeout: 5_000,
      http: { headersTimeout: 5_000, connectionsCheckingInterval: 5_000 },
      keepAliveTimeout: 75_000,
      bodyLimit: 1024,
      forceCloseConnections: true,
      schemaController: { compilersFactory: NO_COMPILERS },
      clientErrorHandler: (error, socket) => onClientError(error, socket),
      frameworkErrors: (error, request, reply) => {
        if (limits.admit(request.raw, reply.raw)) refuse(reply, error.statusCode ?? 500, error.message);
      },
    });
    const limits = new ConnectionLimits(this.#app.server, {
      maxConnections: config.maxConnections,
      beyondMax: 'close oldest',
      maxUnreadBytes: MAX_UNREAD_BYTES,
    });
    const onClientError = clientErrorHandler(limits, { bodyOf: ({ message }) => ({ error: message }) });
    this.#app.addHook('onRequest', async (request, reply) => {
      if (!limits.admit(request.raw, reply.raw)) return reply.hijack();
      const problem = deps.guard.problem(request.raw, 'clients');
      if (problem !== undefined) return refuse(reply, problem.status, problem.message);
      return undefined;
    });
    this.#app.addHook('onSend', async (_request, reply, payload) =>
      limits.answering(reply.raw, typeof payload === 'string' ? payload.length : 0),
    );
    this.#app.get('/livez', async (_request, reply) => this.#health('live', reply));
    this.#app.get('/readyz', async (_request, reply) => this.#health('ready', reply));
    this.#app.get('/metrics', async (_request, reply) => {
      if (!limits.hasCapacity) return reply.code(503).send({ error: 'too many responses have not been read' });
      void reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8');
      return deps.metrics();
    });
    this.#app.setErrorHandler(async (error: Error & { statusCode?: number }, request, reply) => {
      const { statusCode = 500 } = error;
      if (statusCode >= 500)
        deps.log.limited(
          'http_bug',
          'error',
          { path: request.url, error: error.stack },
          'a request failed; please report this',
        );
      return refuse(reply, statusCode, error.message);
    });
    this.#app.setNotFoundHandler(async (_request, reply) =>
      reply.code(404).send({ error: 'not found: use /livez, /readyz or /metrics' }),
    );
  }

  get state(): ComponentState {
    return this.#state;
  }

  get address(): Address | undefined {
    return boundAddress(this.#app.server.address());
  }

  /** Rejects with XRAYD_BIND if the user set the address. */
  async start(): Promise<void> {
    const { host, port, isRequired } = this.#config;
    const { log } = this.#deps;
    try {
      await this.#app.listen({ host, port, exclusive: true });
    } catch (error) {
      if (isRequired) throw new XraydError('XRAYD_BIND', messageOf(error), { cause: error });
      this.#state = { name: this.name, state: 'failed', reason: messageOf(error) };
      log.error(
        { reason: messageOf(error) },
        'health and metrics are unavailable: the HTTP port cannot be used. Choose another with --http-address',
      );
      return;
    }
    const address = formatAddress(this.address ?? this.#config);
    this.#state = { name: this.name, state: 'ok', reason: address };
    log.info({ address }, 'health and metrics on HTTP');
  }

  async stop(): Promise<void> {
    await this.#app.close();
    this.#state = { name: this.name, state: 'off' };
  }

  #health(probe: 'live' | 'ready', reply: { code(status: number): unknown }): object {
    const health = healthOf(probe, this.#deps.parts(), this.#deps.isStopping());
    void reply.code(health.isHealthy ? 200 : 503);
    const { isHealthy, reason } = health;
    const parts = health.parts.map((part) => ({ ...part, ...shortReason(part.reason) }));
    return { status: isHealthy ? 'ok' : 'failing', ...shortReason(reason), parts, segments: this.#deps.counts() };
  }
}

function refuse(reply: FastifyReply, status: number, error: string): FastifyReply {
  return reply.code(status).send({ error });
}

/** A reason may contain text from another server. */
function shortReason(reason: string | undefined): { reason?: string } {
  return reason === undefined ? {} : { reason: oneLine(reason, MAX_REASON) };
}
