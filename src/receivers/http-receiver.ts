import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { clientErrorHandler } from '../http/client-error.ts';
import { ConnectionLimits } from '../http/connections.ts';
import { closeServer, listenOn } from '../http/listening.ts';
import { boundAddress, formatAddress, type Address } from '../pipeline/address.ts';
import type { Component, ComponentState } from '../pipeline/component.ts';

import type { Logger } from '../pipeline/logger.ts';
import type { RequestGuard } from '../http/request-guard.ts';
import type { SpansIntake } from './spans-intake.ts';

/** Exporters keep a connection each. */
const MAX_CONNECTIONS = 512;
const TIMEOUTS = {
  headersTimeout: 5_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 5_000,
};

export interface ReceiverConfig {
  /** Limit of one request after decompression. */
  readonly maxBodyBytes: number;
  /** Limit of all requests in memory together. */
  readonly maxBodiesBytes: number;
  /**
   * `local`: web pages of a loopback address may send, and metrics and logs are answered with success and a warning, so
   * that an SDK under development does not log an error for each. `daemon`: neither.
   */
  readonly mode: 'local' | 'daemon';
}

export interface ReceiverDeps {
  readonly intake: SpansIntake;
  readonly guard: RequestGuard;
  readonly log: Logger;
  /** Called when reading bodies has left some megabytes of garbage. */
  readonly onGarbage?: () => void;
}

/** What a server answers. */
export interface HttpHandler {
  /** For logs and health: `otlp-http`. */
  readonly name: string;
  /** For people: `OTLP over HTTP`. */
  readonly protocol: string;
  /** Answers a request. Never rejects. */
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** The body, as JSON, of the answer to what is no request. */
  problem(message: string): object;
}

export interface HttpReceiverDeps {
  readonly handler: HttpHandler;
  /** Limit of all answers that clients have not read. */
  readonly maxUnreadBytes: number;
  readonly log: Logger;
}

/** A server for a protocol over HTTP. */
export class HttpReceiver implements Component {
  readonly name: string;
  readonly #address: Address;
  readonly #handler: HttpHandler;
  readonly #log: Logger;
  readonly #server: Server;
  readonly #limits: ConnectionLimits;
  #state: ComponentState;
  #stopped: Promise<void> | undefined;

  constructor(address: Address, { handler, maxUnreadBytes, log }: HttpReceiverDeps) {
    this.name = handler.name;
    this.#address = address;
    this.#handler = handler;
    this.#log = log;
    this.#state = { name: this.name, state: 'starting' };
    this.#server = createServer({ ...TIMEOUTS, maxHeaderSize: 16 * 1024 }, (request, response) => {
      if (this.#limits.admit(request, response)) void handler.serve(request, response);
    });
    this.#limits = new ConnectionLimits(this.#server, { maxConnections: MAX_CONNECTIONS, maxUnreadBytes });
    const bodyOf = ({ message }: { readonly message: string }): object => handler.problem(message);
    this.#server.on('clientError', clientErrorHandler(this.#limits, { bodyOf }));
  }

  get state(): ComponentState {
    return this.#state;
  }

  get address(): Address | undefined {
    return boundAddress(this.#server.address());
  }

  /** Rejects with XRAYD_BIND. */
  async start(): Promise<void> {
    const bound = await listenOn(this.#server, this.#address, (error) =>
      this.#log.limited(`${this.name}_server`, 'warn', { error }, `error on the port of ${this.#handler.protocol}`),
    );
    const address = formatAddress(bound);
    this.#state = { name: this.name, state: 'ok', reason: address };
    this.#log.info({ address }, `receiving ${this.#handler.protocol}`);
  }

  stop(deadline: AbortSignal): Promise<void> {
    this.#stopped ??= this.#close(deadline);
    return this.#stopped;
  }

  async #close(deadline: AbortSignal): Promise<void> {
    if (!this.#server.listening) return;
    this.#state = { name: this.name, state: 'stopping' };
    await closeServer(this.#server, {
      finish: () => this.#server.closeIdleConnections(),
      cut: () => this.#server.closeAllConnections(),
      deadline,
    });
    this.#state = { name: this.name, state: 'off' };
  }
}
