import type { ServingCommand } from '../config/commands.ts';
import type { LoadedConfig } from '../config/load.ts';
import { SPECS, type Config, type OptionName } from '../config/schema.ts';
import type { SpanReceiverOption } from '../config/span-options.ts';
import type { Address } from '../pipeline/address.ts';
import { namesOf } from '../pipeline/list.ts';
import type { Protocol } from '../receivers/spans-intake.ts';
import { UdpReceiver } from '../udp/receiver.ts';
import { LateServer, type Server } from './late-server.ts';
import type { Meters } from './meters.ts';
import type { Binding } from './port-owner.ts';
import type { SpanReceiverDeps } from './span-receivers.ts';

/** A server, and the address that it is to bind. */
export interface BoundServer {
  /** The option that has the address. */
  readonly option: OptionName;
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

/** What receivers pass on, and how. */
export interface ReceiversDeps extends Pick<SpanReceiverDeps, 'sink' | 'encoding' | 'keepLogs'> {
  /** How long the UDP receiver may hold documents, in ms. */
  readonly maxAgeMs: number;
}

/**
 * The receivers that both modes have besides TCP 2000, each with the address of its option. A receiver of spans is an
 * entry of SPAN_RECEIVERS, any other one an entry of `all`.
 */
export function receiversOf(
  loaded: LoadedConfig<ServingCommand>,
  meters: Meters,
  { maxAgeMs, ...deps }: ReceiversDeps,
): Receivers {
  const { config } = loaded;
  const { accounting, log } = meters;
  const udp = new UdpReceiver({ ...config.bind, maxAgeMs }, { sink: deps.sink, log });
  accounting.addSource(udp);
  const servers = spanReceiversOf(loaded, { meters, ...deps });
  return { udp, all: [boundTo('bind', 'UDP', config.bind, udp), ...servers] };
}

/** What is received at the addresses of the options. */
export const SPAN_RECEIVERS: Readonly<Record<SpanReceiverOption, Protocol>> = {
  otlpHttp: 'otlp_http',
  otlpGrpc: 'otlp_grpc',
  zipkin: 'zipkin',
};

/** Whether any receiver of spans is on. */
export function receivesSpans(config: Pick<Config<ServingCommand>, SpanReceiverOption>): boolean {
  return namesOf(SPAN_RECEIVERS).some((option) => config[option] !== 'off');
}

/** Their code is loaded when they start. An address that the user did not choose may be taken. */
function spanReceiversOf(
  { command, config, origins }: LoadedConfig<ServingCommand>,
  deps: Omit<SpanReceiverDeps, 'mode'>,
): BoundServer[] {
  const tls = { certFile: config.otlpTlsCert, keyFile: config.otlpTlsKey };
  return namesOf(SPAN_RECEIVERS).flatMap((option) => {
    const [address, protocol] = [config[option], SPAN_RECEIVERS[option]];
    if (address === 'off') return [];
    const server = new LateServer(protocol.replace('_', '-'), async () => {
      const { spanReceiver } = await import('./span-receivers.ts');
      return spanReceiver(protocol, address, { ...deps, mode: command, tls });
    });
    return [boundTo(option, 'TCP', address, server, origins[option] !== 'default')];
  });
}

/** A server at the address of an option. */
export function boundTo(
  option: OptionName,
  protocol: Binding['protocol'],
  address: Address,
  server: Server,
  isRequired = true,
): BoundServer {
  return { option, server, binding: { protocol, address, flag: `--${SPECS[option].flag}` }, isRequired };
}
