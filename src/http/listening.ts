import type { Server } from 'node:net';
import { boundAddress, formatAddress, type Address } from '../pipeline/address.ts';
import type { Component, ComponentState } from '../pipeline/component.ts';
import { messageOf, XraydError } from '../pipeline/errors.ts';
import type { Logger } from '../pipeline/logger.ts';

/** Time for requests under way when a server stops: draining segments needs the rest of the deadline. */
const STOP_MS = 1_000;

export interface ListenerConfig {
  /** For health: `tcp`. */
  readonly name: string;
  readonly address: Address;
  /** The log line of the start. */
  readonly started: string;
  /** The log line of an error on the port, and the key that limits it. */
  readonly error: { readonly key: string; readonly message: string };
}

export interface ListenerDeps {
  readonly server: Server;
  readonly log: Logger;
  /** Closes idle connections when the server stops. */
  readonly finish: () => void;
  /** Closes the others, a second later or at the deadline. */
  readonly cut: () => void;
}

/** Binds a server to its address, reports its state, and stops it. */
export class Listener implements Component {
  readonly name: string;
  readonly #config: ListenerConfig;
  readonly #deps: ListenerDeps;
  #state: ComponentState;
  #stopped: Promise<void> | undefined;

  constructor(config: ListenerConfig, deps: ListenerDeps) {
    this.name = config.name;
    this.#config = config;
    this.#deps = deps;
    this.#state = { name: config.name, state: 'starting' };
  }

  get state(): ComponentState {
    return this.#state;
  }

  /** The bound address; undefined before `start` and after `stop`. */
  get address(): Address | undefined {
    return boundAddress(this.#deps.server.address());
  }

  /** Rejects with XRAYD_BIND. */
  async start(): Promise<void> {
    const { address: wanted, started, error: problem } = this.#config;
    const { server, log } = this.#deps;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onBindError = (error: Error): void => {
      this.#state = { name: this.name, state: 'failed', reason: error.message };
      reject(new XraydError('XRAYD_BIND', error.message, { cause: error }));
    };
    server.once('error', onBindError);
    // Without a host, Node listens on every interface, also on a kernel without IPv6.
    const host = wanted.host === '::' ? {} : { host: wanted.host };
    server.listen({ ...host, port: wanted.port, exclusive: true }, resolve);
    await promise;
    server.off('error', onBindError);
    server.on('error', (error) => log.limited(problem.key, 'warn', { error: messageOf(error) }, problem.message));
    const address = formatAddress(this.address ?? wanted);
    this.#state = { name: this.name, state: 'ok', reason: address };
    log.info({ address }, started);
  }

  stop(deadline: AbortSignal): Promise<void> {
    this.#stopped ??= this.#close(deadline);
    return this.#stopped;
  }

  async #close(deadline: AbortSignal): Promise<void> {
    const { server, finish, cut } = this.#deps;
    if (!server.listening) return;
    this.#state = { name: this.name, state: 'stopping' };
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    finish();
    const soon = AbortSignal.any([deadline, AbortSignal.timeout(STOP_MS)]);
    soon.addEventListener('abort', cut, { once: true });
    if (soon.aborted) cut();
    await promise;
    soon.removeEventListener('abort', cut);
    this.#state = { name: this.name, state: 'off' };
  }
}
