import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Address } from '../pipeline/address.ts';
import type { Component, ComponentState } from '../pipeline/component.ts';
import { messageOf } from '../pipeline/errors.ts';
import type { Logger } from '../pipeline/logger.ts';
import { oneLine } from '../pipeline/one-line.ts';
import { clientErrorHandler } from './client-error.ts';
import { ConnectionLimits } from './connections.ts';
import { healthOf, type Parts } from './health.ts';
import { Listener } from './listening.ts';
import { originForm } from './origin-form.ts';
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

const TIMEOUTS = {
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 5_000,
};

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

/**
 * HTTP 2001: /livez, /readyz, /metrics. Started first and stopped last, so that it is available while segments drain.
 * On node:http: fastify would be a large part of what the daemon loads at its start.
 */
export class HttpServer implements Component {
  readonly name = 'http';
  readonly #config: HttpServerConfig;
  readonly #deps: HttpServerDeps;
  readonly #listener: Listener;
  readonly #limits: ConnectionLimits;
  readonly #routes = new Map<string, () => Answer | Promise<Answer>>([
    ['/livez', () => this.#health('live')],
    ['/readyz', () => this.#health('ready')],
    ['/metrics', () => this.#metrics()],
  ]);

  constructor(config: HttpServerConfig, deps: HttpServerDeps) {
    this.#config = config;
    this.#deps = deps;
    const server = createServer(TIMEOUTS, (request, response) => void this.#serve(request, response));
    this.#limits = new ConnectionLimits(server, {
      maxConnections: config.maxConnections,
      beyondMax: 'close oldest',
      maxUnreadBytes: MAX_UNREAD_BYTES,
    });
    server.on('clientError', clientErrorHandler(this.#limits, { bodyOf: ({ message }) => ({ error: message }) }));
    const error = { key: 'http_server', message: 'error on the HTTP port' };
    this.#listener = new Listener(
      { name: this.name, address: config, started: 'health and metrics on HTTP', error },
      { server, log: deps.log, finish: () => {}, cut: () => server.closeAllConnections() },
    );
  }

  get state(): ComponentState {
    return this.#listener.state;
  }

  get address(): Address | undefined {
    return this.#listener.address;
  }

  /** Rejects with XRAYD_BIND if the user set the address. */
  async start(): Promise<void> {
    try {
      await this.#listener.start();
    } catch (error) {
      if (this.#config.isRequired) throw error;
      this.#deps.log.error(
        { reason: messageOf(error) },
        'health and metrics are unavailable: the HTTP port cannot be used. Choose another with --http-address',
      );
    }
  }

  /** Closes all connections at once. */
  stop(): Promise<void> {
    return this.#listener.stop(AbortSignal.abort());
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.#limits.admit(request, response)) return;
    const { status, type, body } = await this.#answer(request);
    if (response.closed) return;
    response.writeHead(status, { 'content-type': type, 'content-length': body.length });
    this.#limits.answering(response, body.length);
    response.end(body);
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const problem = this.#deps.guard.problem(request, 'clients');
    if (problem !== undefined) return refusal(problem.status, problem.message);
    const path = originForm(request.url ?? '/').split('?', 1)[0] ?? '/';
    const route = request.method === 'GET' || request.method === 'HEAD' ? this.#routes.get(path) : undefined;
    if (route === undefined) return refusal(404, 'not found: use /livez, /readyz or /metrics');
    try {
      return await route();
    } catch (error) {
      this.#deps.log.limited(
        'http_bug',
        'error',
        { path, error: error instanceof Error ? error.stack : messageOf(error) },
        'a request failed; please report this',
      );
      return refusal(500, messageOf(error));
    }
  }

  async #metrics(): Promise<Answer> {
    if (!this.#limits.hasCapacity) return refusal(503, 'too many responses have not been read');
    const text = await this.#deps.metrics();
    return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: Buffer.from(text) };
  }

  #health(probe: 'live' | 'ready'): Answer {
    const health = healthOf(probe, this.#deps.parts(), this.#deps.isStopping());
    const { isHealthy, reason } = health;
    const parts = health.parts.map((part) => ({ ...part, ...shortReason(part.reason) }));
    const status = isHealthy ? 'ok' : 'failing';
    return json(isHealthy ? 200 : 503, { status, ...shortReason(reason), parts, segments: this.#deps.counts() });
  }
}

function refusal(status: number, error: string): Answer {
  return json(status, { error });
}

function json(status: number, value: object): Answer {
  return { status, type: 'application/json; charset=utf-8', body: Buffer.from(JSON.stringify(value)) };
}

/** A reason may contain text from another server. */
function shortReason(reason: string | undefined): { reason?: string } {
  return reason === undefined ? {} : { reason: oneLine(reason, MAX_REASON) };
}
