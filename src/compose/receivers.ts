import type { LoadedConfig } from '../config/load.ts';
import { SPECS, type OptionName } from '../config/schema.ts';
import type { Address } from '../pipeline/address.ts';
import type { Component, ComponentState } from '../pipeline/component.ts';
import type { DocumentSink } from '../pipeline/segment.ts';
import { UdpReceiver } from '../udp/receiver.ts';
import type { Meters, ServingCommand } from './meters.ts';
import type { Binding } from './port-owner.ts';

/** A part that binds an address. */
export interface Server extends Component {
  readonly state: ComponentState;
  /** The bound address; undefined before `start` and after `stop`. */
  readonly address: Address | undefined;
}

/** A server, and the address that it is to bind. */
export interface BoundServer {
  readonly server: Server;
  readonly binding: Binding;
  /**
   * If the address cannot be bound, the process does not start; and the process is ready only while the server is.
   * Otherwise the log says why, and everything else runs.
   */
  readonly isRequired: boolean;
}

export interface Receivers {
  readonly udp: UdpReceiver;
  /** In start order; stopped in reverse order, before the pipeline. */
  readonly all: readonly BoundServer[];
}

/**
 * The receivers that both modes have besides TCP 2000, each with the address of its option. A receiver of another
 * protocol is an entry of `all`: `...receiverAt('zipkin', 'HTTP', (address) => new ZipkinReceiver(address, deps))`.
 */
export function receiversOf(
  { config }: LoadedConfig<ServingCommand>,
  { accounting, log }: Meters,
  { sink, maxAgeMs }: { readonly sink: DocumentSink; readonly maxAgeMs: number },
): Receivers {
  const udp = new UdpReceiver({ ...config.bind, maxAgeMs }, { sink, log });
  accounting.addSource(udp);
  return { udp, all: [boundTo('bind', 'UDP', config.bind, udp)] };
}

/** A server at the address of an option. */
export function boundTo(
  option: OptionName,
  protocol: Binding['protocol'],
  address: Address,
  server: Server,
  isRequired = true,
): BoundServer {
  return { server, binding: { protocol, address, flag: `--${SPECS[option].flag}` }, isRequired };
}
