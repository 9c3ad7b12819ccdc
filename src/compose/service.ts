import { readFileSync } from 'node:fs';
import { Batcher } from '../batcher/batcher.ts';
import { BodyIntake } from '../batcher/body-intake.ts';
import { Spool } from '../batcher/spool/spool.ts';
import { isTakenFromDefault } from '../config/http-address.ts';
import type { Environment, LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { itemsOf } from '../config/text-form.ts';
import { kubernetesDomains } from '../http/host.ts';
import { RequestGuard } from '../http/request-guard.ts';
import { HttpServer } from '../http/server.ts';
import { memoryBudgetOf, memoryProblem, type MemoryBudget } from './memory-budget.ts';
import { Accounting, sumOf, type Snapshot } from '../pipeline/accounting.ts';
import type { Address } from '../pipeline/address.ts';
import type { Component, ComponentState } from '../pipeline/component.ts';
import { DeadlineError } from '../pipeline/deadline.ts';
import { messageOf, XraydError } from '../pipeline/errors.ts';
import type { Exporter } from '../pipeline/exporter.ts';
import type { Logger } from '../pipeline/logger.ts';
import { startPart, stopParts } from '../pipeline/parts.ts';
import type { SegmentIntake } from '../pipeline/segment.ts';
import { bindError, type Binding } from './port-owner.ts';
import { MetricsPage, type MetricSources } from '../telemetry/metrics.ts';
import { UdpReceiver } from '../udp/receiver.ts';
import { VERSION } from './version.ts';

type Part = Component & { readonly state?: ComponentState };
type ListeningPart = Part & { readonly state: ComponentState; readonly address: Address | undefined };

/** The commands that receive segments. */
export type ServingCommand = 'daemon' | 'local';

/** What differs between the daemon and the local X-Ray: where batches go, and who answers on TCP. */
export interface Mode {
  readonly maxAgeMs: number;
  /** Parts that the exporter needs, such as credentials; started before it and stopped after it. */
  readonly upstream: readonly Part[];
  readonly exporter: Exporter & { readonly lastSuccessMs: number; readonly state: ComponentState };
  readonly credentialsExpireAtMs: () => number | undefined;
  /** Gets new credentials, at the user's word; undefined where there are none. */
  readonly renewCredentials?: () => Promise<void>;
  readonly credentialFailures?: MetricSources['credentialFailures'];
  /** undefined when TCP is off. */
  readonly tcp: (intake: SegmentIntake) => ListeningPart | undefined;
  /** What became of the copies that were sent on. */
  readonly teed?: () => Snapshot;
  /** Told when most of the buffer's budget is in use, and when that is over. */
  readonly onMemoryShort?: (isShort: boolean) => void;
  /** Parts that watch the pipeline, such as the telemetry records. */
  readonly watchers: readonly Part[];
}

/** What a mode is made with. */
export interface Common<C extends ServingCommand = ServingCommand> {
  readonly config: Config<C>;
  readonly memory: MemoryBudget;
  readonly guard: RequestGuard;
  readonly log: Logger;
  readonly accounting: Accounting;
  readonly onCall: (outcome: string, seconds: number) => void;
  readonly onRequest: (path: string, status: number) => void;
  /** Told where each answer to GetSamplingRules came from. */
  readonly onRules: (source: string) => void;
}

export interface ServiceDeps {
  readonly log: Logger;
  readonly env: Environment;
}

export interface Drained {
  readonly sent: number;
  readonly lost: number;
  /** Copies for AWS that were not sent (`--tee`). */
  readonly lostCopies: number;
}

/** The pipeline with its ports: UDP → batcher → exporter, TCP beside it, HTTP over it. */
export class Service {
  readonly accounting: Accounting;
  readonly udp: UdpReceiver;
  readonly tcp: ListeningPart | undefined;
  readonly http: HttpServer | undefined;
  readonly renewCredentials: (() => Promise<void>) | undefined;
  readonly #log: Logger;
  /** In the order of their start: downstream first. */
  readonly #parts: readonly { part: Part; binding?: Binding }[];
  #isStopping = false;
  readonly #teed: () => Snapshot | undefined;

  constructor({ command, config, origins }: LoadedConfig<ServingCommand>, { log, env }: ServiceDeps, makeMode: (common: Common) => Mode) {
    const accounting = new Accounting();
    const memory = memoryBudgetOf(config, command);
    const shortage = memoryProblem(memory);
    if (shortage !== undefined) log.warn({ limitBytes: memory.limitBytes, bufferBytes: memory.bufferBytes }, shortage);
    const guard = new RequestGuard(hostNamesOf(config, env), log);
    const page = new MetricsPage(
      {
        snapshot: () => accounting.snapshot(),
        kernelDrops: () => this.udp.kernelDrops(),
        bufferLimitBytes: () => batcher.limitBytes,
        concurrency: () => batcher.concurrency,
        credentialsExpireAtMs: () => mode.credentialsExpireAtMs(),
        credentialFailures: () => mode.credentialFailures?.(),
        lastSuccessMs: () => mode.exporter.lastSuccessMs,
        teed: () => mode.teed?.(),
        linesLost: () => log.linesLost,
      },
      VERSION,
    );
    const mode = makeMode({
      config,
      guard,
      memory,
      log,
      accounting,
      onCall: (outcome, seconds) => page.countCall(outcome, seconds),
      onRequest: (path, status) => page.countRequest(path, status),
      onRules: (source) => page.countRules(source),
    });
    this.#teed = () => mode.teed?.();
    const { exporter, maxAgeMs } = mode;
    const spool =
      config.spool === ''
        ? undefined
        : new Spool({ folder: config.spool, maxBytes: config.spoolSize * MB, isNewestFirst: config.newestFirst }, { accounting, log });
    const batcher = new Batcher(
      {
        maxBytes: memory.bufferBytes,
        maxAgeMs,
        concurrency: config.concurrency,
        retryMaxAgeMs: config.retryMaxAge * 1000,
        isNewestFirst: config.newestFirst,
      },
      { exporter, accounting, log, spool, onMemoryShort: mode.onMemoryShort },
    );
    this.#log = log;
    this.renewCredentials = mode.renewCredentials;
    this.accounting = accounting;
    this.udp = new UdpReceiver({ ...config.bind, maxAgeMs }, { sink: batcher, log });
    accounting.addSource(this.udp);
    this.tcp = mode.tcp(new BodyIntake(batcher));
    const spools = spool === undefined ? [] : [spool];
    const listeners = this.tcp === undefined ? [this.udp] : [this.udp, this.tcp];
    const watched: Part[] = [...listeners, batcher, ...spools, exporter, ...mode.upstream];
    const { bindTcp } = config;
    const gaveWay = isTakenFromDefault(config, origins);
    if (gaveWay) log.error({ httpAddress: config.httpAddress }, HTTP_GAVE_WAY);
    const httpAddress = gaveWay ? 'off' : config.httpAddress;
    if (httpAddress !== 'off') {
      this.http = new HttpServer(
        { ...httpAddress, isRequired: origins.httpAddress !== 'default' },
        {
          guard,
          parts: () => watched.flatMap(({ state }) => (state === undefined ? [] : [state])),
          isStopping: () => this.#isStopping,
          counts: () => accounting.snapshot(),
          metrics: () => page.render(),
          log,
        },
      );
    }
    this.#parts = [
      ...bound(this.http, 'HTTP', httpAddress, '--http-address'),
      ...mode.upstream.map((part) => ({ part })),
      { part: exporter },
      ...mode.watchers.map((part) => ({ part })),
      ...spools.map((part) => ({ part })),
      { part: batcher },
      ...bound(this.tcp, 'TCP', bindTcp, '--bind-tcp'),
      ...bound(this.udp, 'UDP', config.bind, '--bind'),
    ];
  }

  /** Starts everything, or stops what had started and rejects with the reason. */
  async start(): Promise<void> {
    for (const [started, { part, binding }] of this.#parts.entries()) {
      try {
        await startPart(part);
      } catch (error) {
        await this.#stopParts(this.#parts.slice(0, started + 1), AbortSignal.abort());
        if (binding !== undefined) throw bindError(binding, error);
        throw error instanceof DeadlineError ? new XraydError('XRAYD_RUN', `cannot start: ${error.message}`, { cause: error }) : error;
      }
    }
  }

  /** Says on /readyz that no more clients should come; everything goes on. */
  retire(): void {
    this.#isStopping = true;
  }

  /** Drains, upstream first, until `deadline`; says what was sent and lost meanwhile. */
  async stop(deadline: AbortSignal): Promise<Drained> {
    this.retire();
    const before = this.accounting.snapshot();
    const copiesBefore = sumOf(this.#teed()?.dropped ?? {});
    await this.#stopParts(this.#parts, deadline);
    const after = this.accounting.snapshot();
    // What a part that hangs still holds goes with the process.
    const held = after.buffered + after.inFlight;
    const lost = sumOf(after.dropped) - sumOf(before.dropped) + held;
    return { sent: after.sent - before.sent, lost, lostCopies: copiesLostOf(this.#teed()) - copiesBefore };
  }

  #stopParts(parts: readonly { part: Part }[], deadline: AbortSignal): Promise<void> {
    const all = parts.toReversed().map(({ part }) => part);
    return stopParts(all, deadline, ({ name }, error) =>
      this.#log.error({ part: name, error: messageOf(error) }, 'a part did not stop; it is left behind'),
    );
  }
}

const MB = 1024 * 1024;

const HTTP_GAVE_WAY = 'no health and metrics: --bind-tcp has their default port. Choose another with --http-address';

/** The names that every server of the process answers to, beside those that nobody else can have. */
function hostNamesOf({ allowedHosts, bindTcp, httpAddress }: Config<ServingCommand>, env: Environment): { allowed: string[]; forClients: string[] } {
  const bound = [bindTcp, httpAddress].flatMap((address) => (address === 'off' ? [] : [address.host]));
  return { allowed: [...itemsOf(allowedHosts), ...bound], forClients: kubernetesDomains(resolvConf(env)) };
}

/** In a pod, what it resolves names by; elsewhere nothing, because any network that a laptop joins can say what to search. */
function resolvConf(env: Environment): string {
  if (env['KUBERNETES_SERVICE_HOST'] === undefined) return '';
  try {
    return readFileSync('/etc/resolv.conf', 'utf8');
  } catch {
    return '';
  }
}

/** What still waits when the process ends is lost too. */
function copiesLostOf(copies: Snapshot | undefined): number {
  return copies === undefined ? 0 : sumOf(copies.dropped) + copies.buffered + copies.inFlight;
}

/** A part with the address that it is to be bound to; none when that is off. */
function bound(part: Part | undefined, protocol: Binding['protocol'], address: Address | 'off', flag: string): { part: Part; binding: Binding }[] {
  return part === undefined || address === 'off' ? [] : [{ part, binding: { protocol, address, flag } }];
}
