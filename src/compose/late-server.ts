import type { Address } from '../pipeline/address.ts';
import type { Component, ComponentState } from '../pipeline/component.ts';

/** A part that binds an address. */
export interface Server extends Component {
  readonly state: ComponentState;
  /** The bound address; undefined before `start` and after `stop`. */
  readonly address: Address | undefined;
}

/** A server whose code is loaded when it starts: what is off costs nothing. */
export class LateServer implements Server {
  readonly name: string;
  readonly #make: () => Promise<Server>;
  #server: Server | undefined;

  constructor(name: string, make: () => Promise<Server>) {
    this.name = name;
    this.#make = make;
  }

  get state(): ComponentState {
    return this.#server?.state ?? { name: this.name, state: 'starting' };
  }

  get address(): Address | undefined {
    return this.#server?.address;
  }

  async start(): Promise<void> {
    this.#server = await this.#make();
    await this.#server.start();
  }

  async stop(deadline: AbortSignal): Promise<void> {
    await this.#server?.stop(deadline);
  }
}
