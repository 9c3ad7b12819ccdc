import { isTakenFromDefault } from '../config/http-address.ts';
import type { ServingCommand } from '../config/commands.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Parts } from '../http/health.ts';
import { HttpServer } from '../http/server.ts';
import { sumOf, type Accounting, type Snapshot } from '../pipeline/accounting.ts';
import type { ComponentState } from '../pipeline/component.ts';
import { DeadlineError } from '../pipeline/deadline.ts';
import { messageOf, XraydError } from '../pipeline/errors.ts';
import type { Logger } from '../pipeline/logger.ts';
import { startPart, stopParts } from '../pipeline/parts.ts';
import type { UdpReceiver } from '../udp/receiver.ts';
import type { Meters } from './meters.ts';
import type { Part, Pipeline } from './pipeline.ts';
import { FirstReceipt } from './first-receipt.ts';
import { bindError } from './port-owner.ts';
import type { Server } from './late-server.ts';
import { boundTo, type BoundServer, type Receivers } from './receivers.ts';

/** The parts of a process, before they are started. */
export interface RuntimeParts {
  readonly pipeline: Pipeline;
  readonly receivers: Receivers;
  /** undefined if TCP is off. */
  readonly tcp: Server | undefined;
  readonly credentials?: {
    readonly expiresAtMs: number | undefined;
    /** Gets new credentials, on the user's request. */
    renew(): Promise<void>;
  };
  /** Counts of the copies that are forwarded (`--tee`). */
  readonly tee?: { read(): Snapshot } | undefined;
}

export interface Drained {
  readonly sent: number;
  readonly lost: number;
  /** Copies for AWS that were not sent (`--tee`). */
  readonly lostCopies: number;
}

/** Runs the parts: starts them downstream first, reports their health, and drains them upstream first. */
export class Runtime {
  readonly accounting: Accounting;
  readonly udp: UdpReceiver;
  readonly tcp: Server | undefined;
  readonly http: HttpServer | undefined;
  readonly renewCredentials: (() => Promise<void>) | undefined;
  readonly #log: Logger;
  readonly #tee: RuntimeParts['tee'];
  /** In start order. */
  readonly #parts: readonly (Part | BoundServer)[];
  /** Servers that could not bind their address, and why: the process runs without them. */
  readonly #unbound = new Map<Part, string>();
  #isStopping = false;

  constructor(
    { config, origins }: LoadedConfig<ServingCommand>,
    { log, accounting, metrics, guard, memory }: Meters,
    parts: RuntimeParts,
  ) {
    const { pipeline, receivers, tcp, credentials, tee } = parts;
    const { batcher, exporter } = pipeline;
    const { udp } = receivers;
    const servers = [
      ...(tcp === undefined || config.bindTcp === 'off' ? [] : [boundTo('bindTcp', 'TCP', config.bindTcp, tcp)]),
      ...receivers.all,
    ];
    this.#log = log;
    this.#tee = tee;
    this.accounting = accounting;
    this.udp = udp;
    this.tcp = tcp;
    this.renewCredentials = credentials === undefined ? undefined : () => credentials.renew();
    const gaveWay = isTakenFromDefault(config, origins);
    if (gaveWay) log.error({ httpAddress: config.httpAddress }, HTTP_GAVE_WAY);
    const httpAddress = gaveWay ? 'off' : config.httpAddress;
    if (httpAddress !== 'off') {
      this.http = new HttpServer(
        {
          ...httpAddress,
          isRequired: origins.httpAddress !== 'default',
          maxConnections: memory.connections.base,
        },
        {
          guard,
          parts: () => this.#health(servers, pipeline.parts),
          isStopping: () => this.#isStopping,
          counts: () => accounting.snapshot(),
          metrics: () => metrics.render({ udp, batcher, exporter, credentials, tee, log }),
          log,
        },
      );
    }
    this.#parts = [
      ...(this.http === undefined || httpAddress === 'off'
        ? []
        : [boundTo('httpAddress', 'HTTP', httpAddress, this.http)]),
      ...pipeline.parts,
      ...servers,
      new FirstReceipt({ accounting, log, address: () => udp.address }),
    ];
  }

  /** Starts all parts. If one fails, stops those that have started, and rejects with the error. */
  async start(): Promise<void> {
    // Logged only if the process stays: beside the error that ends it, they would mislead.
    const missing: { part: string; message: string }[] = [];
    for (const [started, one] of this.#parts.entries()) {
      try {
        await startPart(partOf(one));
      } catch (error) {
        const isConfig = error instanceof XraydError && error.code === 'XRAYD_CONFIG';
        const problem = 'binding' in one && !isConfig ? bindError(one.binding, error) : undefined;
        if (problem !== undefined && 'server' in one && !one.isRequired) {
          this.#unbound.set(one.server, problem.message);
          missing.push({ part: one.server.name, message: problem.message });
          continue;
        }
        await this.#stopParts(this.#parts.slice(0, started + 1), AbortSignal.abort());
        if (problem !== undefined) throw problem;
        throw error instanceof DeadlineError
          ? new XraydError('XRAYD_RUN', `cannot start: ${error.message}`, { cause: error })
          : error;
      }
    }
    for (const { part, message } of missing) this.#log.error({ part }, `${message} xrayd runs without it.`);
  }

  /** Makes /readyz report that no new clients should come; everything keeps running. */
  retire(): void {
    this.#isStopping = true;
  }

  /** Drains upstream first until `deadline`. Resolves with what was sent and lost meanwhile. */
  async stop(deadline: AbortSignal): Promise<Drained> {
    this.retire();
    const before = this.accounting.snapshot();
    const copiesBefore = sumOf(this.#tee?.read().dropped ?? {});
    await this.#stopParts(this.#parts, deadline);
    const after = this.accounting.snapshot();
    // Segments that a hanging part still holds are lost with the process.
    const held = after.buffered + after.inFlight;
    const lost = sumOf(after.dropped) - sumOf(before.dropped) + held;
    return { sent: after.sent - before.sent, lost, lostCopies: copiesLostOf(this.#tee?.read()) - copiesBefore };
  }

  /** The states of all parts, upstream first. */
  #health(servers: readonly BoundServer[], others: readonly Part[]): Parts {
    const statesOf = (some: readonly Part[]): ComponentState[] =>
      some.flatMap((part) => {
        const reason = this.#unbound.get(part);
        if (reason !== undefined) return [{ name: part.name, state: 'failed', reason }];
        return part.state === undefined ? [] : [part.state];
      });
    const inOrder = servers.toReversed();
    return {
      essential: statesOf(inOrder.filter(({ isRequired }) => isRequired).map(({ server }) => server)),
      others: statesOf([
        ...inOrder.filter(({ isRequired }) => !isRequired).map(({ server }) => server),
        ...others.toReversed(),
      ]),
    };
  }

  #stopParts(parts: readonly (Part | BoundServer)[], deadline: AbortSignal): Promise<void> {
    const all = parts.toReversed().map(partOf);
    return stopParts(all, deadline, ({ name }, error) =>
      this.#log.error({ part: name, error: messageOf(error) }, 'a component did not stop in time; abandoning it'),
    );
  }
}

/** If TCP uses the default port of health and metrics. */
export const HTTP_GAVE_WAY =
  'health and metrics are unavailable, because --bind-tcp uses their default port. Choose another with --http-address';

/** Copies that still wait when the process ends are lost too. */
function copiesLostOf(copies: Snapshot | undefined): number {
  return copies === undefined ? 0 : sumOf(copies.dropped) + copies.buffered + copies.inFlight;
}

function partOf(one: Part | BoundServer): Part {
  return 'server' in one ? one.server : one;
}
