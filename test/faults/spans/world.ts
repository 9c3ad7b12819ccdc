import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../src/compose/free-port.ts';
import { Harness, type HarnessConfig } from '../harness.ts';
import type { Outcome, Scale, Scenario } from '../scenario.ts';
import { SpanExporter } from './exporter.ts';
import { SpanJudge } from './numbered.ts';
import { PROTOCOLS } from './transports.ts';

/** Numbers of one protocol. */
const RANGE = 100_000_000;
/** Spans per second of each protocol. */
const RATE = 500;
const FLAGS = { otlp_http: '--otlp-http', otlp_grpc: '--otlp-grpc', zipkin: '--zipkin' } as const;
/** A daemon looks for the files of an ended one every 10 s. */
const QUIET_MS = 12_000;
/** Pauses of a sender, and of a daemon that tries X-Ray again after an outage. */
const OPEN_MS = 40_000;

/** A daemon with an exporter of each protocol. */
export class SpansWorld {
  readonly harness: Harness;
  readonly judge = new SpanJudge();
  readonly exporters: readonly SpanExporter[];

  constructor(harness: Harness, ports: readonly number[]) {
    this.harness = harness;
    this.exporters = PROTOCOLS.map((protocol, i) => new SpanExporter(protocol, ports[i]!, i * RANGE));
    harness.oracle.takeOther = (document) => this.judge.take(document);
  }

  /** All exporters send for `seconds`, each at `perSecond`. */
  async steady(seconds: number, perSecond = RATE): Promise<void> {
    await Promise.all(this.exporters.map((exporter) => exporter.steady(perSecond, seconds)));
  }

  sum(count: (exporter: SpanExporter) => number): number {
    return this.exporters.reduce((total, exporter) => total + count(exporter), 0);
  }

  get acknowledged(): number {
    return this.sum(({ acknowledged }) => acknowledged.length);
  }

  get refused(): number {
    return this.sum(({ refused }) => refused);
  }

  /** Spans that were acknowledged and have not arrived. */
  get missing(): number {
    return this.sum(({ acknowledged }) => acknowledged.filter((n) => !this.judge.has(n)).length);
  }

  /** Waits until every request is accepted and everything has arrived, or nothing more arrives; resolves with the ms. */
  async settle(): Promise<number> {
    const startMs = performance.now();
    await this.#whileMore(() => this.acknowledged, {
      isLeft: () => this.sum(({ open }) => open) > 0,
      quietMs: OPEN_MS,
    });
    await this.#whileMore(() => this.judge.delivered, { isLeft: () => this.missing > 0, quietMs: QUIET_MS });
    return performance.now() - startMs;
  }

  /** Waits while something is left and `count` grows, with pauses of at most `quietMs`. */
  async #whileMore(
    count: () => number,
    { isLeft, quietMs }: { readonly isLeft: () => boolean; readonly quietMs: number },
  ): Promise<void> {
    let last = -1;
    let lastMs = performance.now();
    while (isLeft() && performance.now() - lastMs < quietMs) {
      if (count() > last) lastMs = performance.now();
      last = count();
      await sleep(50);
    }
  }

  close(): void {
    for (const exporter of this.exporters) exporter.close();
  }
}

export interface SpansScenario extends Pick<Scenario, 'id' | 'title' | 'isBusy'> {
  readonly config?: Omit<HarnessConfig, 'command'>;
  /** Resolves with how long the rest took to arrive, in ms. */
  readonly run: (world: SpansWorld, scale: Scale) => Promise<number>;
  /** Acknowledged spans may be lost if they are counted with a reason. */
  readonly mayLose?: true;
  /** The daemon that ends is not the one that began: its counts are not those of the exporters. */
  readonly isRestarted?: true;
  readonly check?: (world: SpansWorld) => Promise<readonly (string | false)[]>;
}

/** A scenario in which exporters of spans send, as an SDK does, until each request is accepted. */
export function withSpans({ id, title, isBusy, ...spans }: SpansScenario): Scenario {
  return {
    id,
    title,
    ...(isBusy === undefined ? {} : { isBusy }),
    isOurs: true,
    run: () => Promise.reject(new Error('it runs alone')),
    runAlone: (scale) => runSpans(spans, scale),
  };
}

async function runSpans(scenario: Omit<SpansScenario, 'id' | 'title'>, scale: Scale): Promise<Outcome> {
  const ports = await Promise.all(PROTOCOLS.map(() => freePort()));
  const receivers = PROTOCOLS.flatMap((protocol, i) => [FLAGS[protocol], `127.0.0.1:${ports[i]}`]);
  const { config = {} } = scenario;
  const harness = await Harness.start({ ...config, args: [...(config.args ?? []), ...receivers] });
  const world = new SpansWorld(harness, ports);
  try {
    const drainedMs = await scenario.run(world, scale);
    const { missing, judge } = world;
    const problems = [
      judge.corrupted > 0 && `${judge.corrupted} corrupted`,
      harness.verdict().invented > 0 && 'invented',
      world.acknowledged === 0 && 'nothing was acknowledged: the scenario shows nothing',
      world.sum(({ open }) => open) > 0 && `${world.sum(({ open }) => open)} requests were never accepted`,
      ...world.exporters.map(
        ({ failures, protocol }) => failures.length > 0 && `${protocol} was told to drop spans: ${failures[0]}`,
      ),
      scenario.mayLose === undefined && missing > 0 && `${missing} acknowledged spans are missing`,
      ...(await countProblems(world, scenario)),
      ...((await scenario.check?.(world)) ?? []),
    ];
    return {
      offered: world.acknowledged,
      delivered: world.acknowledged - missing,
      missing,
      duplicate: judge.duplicate,
      corrupted: judge.corrupted,
      invented: harness.verdict().invented,
      calls: harness.oracle.uploads,
      drainedMs,
      peakRssMb: harness.peakRssMb,
      problems: problems.filter((problem) => problem !== false),
    };
  } finally {
    world.close();
    await harness.stop();
  }
}

/** What the daemon counted is what the exporters saw. */
async function countProblems(
  { harness, exporters, missing }: SpansWorld,
  { isRestarted, mayLose }: Pick<SpansScenario, 'isRestarted' | 'mayLose'>,
): Promise<readonly (string | false)[]> {
  if (!harness.daemon.isRunning) return [];
  const { imbalance, dropped, rejected, unprocessed, kernelDrops } = await harness.ledger();
  const metrics = await harness.daemon.metrics();
  const counted = (protocol: string, result: string): number =>
    metrics[`xrayd_spans_total{protocol="${protocol}",result="${result}"}`] ?? 0;
  const lost = dropped + rejected + unprocessed + kernelDrops;
  const allMissing = missing + harness.verdict().missing;
  const differences = exporters.flatMap(({ protocol, acknowledged, refused, unreachable }) => [
    counted(protocol, 'accepted') !== acknowledged.length &&
      `${protocol}: ${acknowledged.length} acknowledged, ${counted(protocol, 'accepted')} counted`,
    counted(protocol, 'refused') !== refused &&
      `${protocol}: ${refused} refused, ${counted(protocol, 'refused')} counted`,
    unreachable > 0 && `${protocol}: ${unreachable} requests without an answer`,
  ]);
  return [
    imbalance !== 0 && `the identity is off by ${imbalance}`,
    ...(isRestarted === undefined ? differences : []),
    isRestarted === undefined && lost !== allMissing && `${allMissing} missing, but ${lost} counted as lost`,
    mayLose === undefined && isRestarted === undefined && lost > 0 && `${lost} counted as lost`,
  ];
}
