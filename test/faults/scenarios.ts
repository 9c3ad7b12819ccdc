import type { Behaviour } from '../fakes/server.ts';
import { json } from '../fakes/server.ts';
import { Harness, type HarnessConfig } from './harness.ts';
import type { Verdict } from './oracle.ts';

/** The figures of one run. */
export interface Outcome extends Verdict {
  readonly offered: number;
  /** PutTraceSegments calls. */
  readonly calls: number;
  /** From the end of the fault, or of the load, to the last arrival. */
  readonly drainedMs: number;
  readonly peakRssMb: number;
  /** What did not hold; empty when the scenario passed. */
  readonly problems: readonly string[];
}

type Check = (outcome: Omit<Outcome, 'problems'>, harness: Harness) => (string | false)[];

export interface Scale {
  /** How long the fault lasts; 60 in the full set. */
  readonly seconds: number;
}

export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly args?: readonly string[];
  readonly run: (harness: Harness, scale: Scale) => Promise<number>;
  /** Words for what did not hold, beyond what is asked of every scenario: nothing missing, corrupted or invented. */
  readonly check?: Check;
  /** Losses are part of the scenario, and are to be counted exactly. */
  readonly mayLose?: true;
}

const RATE = 500;
const throttled = json({ Message: 'Rate exceeded' }, 429, { 'x-amzn-errortype': 'ThrottledException' });

/** Load through a fault and a little beyond; resolves with how long the rest took to arrive. */
async function through(harness: Harness, { seconds }: Scale, behave: (call: number) => Behaviour | undefined): Promise<number> {
  let call = 0;
  harness.oracle.intercept = ({ target }) => (target === '/TraceSegments' ? behave(call++) : undefined);
  await harness.load.steady(RATE, seconds);
  harness.oracle.intercept = () => undefined;
  return harness.settle();
}

export const SCENARIOS: readonly Scenario[] = [
  {
    id: 'R1',
    title: 'steady load',
    run: (harness, scale) => through(harness, scale, () => undefined),
    check: ({ duplicate }) => [duplicate > 0 && 'duplicates'],
  },
  { id: 'R2-1000', title: '1,000 datagrams at once', run: burst(1_000) },
  { id: 'R2-3000', title: '3,000 datagrams at once', run: burst(3_000) },
  // More than the socket buffer holds while two cores are shared with the sender: what the kernel drops is counted to the datagram.
  { id: 'R2-10000', title: '10,000 datagrams at once, each received or counted', mayLose: true, run: burst(10_000) },
  { id: 'R6-503', title: 'X-Ray answers 503', run: (harness, scale) => through(harness, scale, () => ({ status: 503 })), check: drainsIn(15) },
  { id: 'R6-reset', title: 'X-Ray resets every connection', run: (harness, scale) => through(harness, scale, () => 'reset'), check: drainsIn(15) },
  { id: 'R6-hang', title: 'X-Ray accepts and never answers', run: (harness, scale) => through(harness, scale, () => 'hang'), check: drainsIn(15) },
  {
    id: 'R7',
    title: 'an outage beyond the buffer (3 MB)',
    args: ['-m', '3'],
    mayLose: true,
    run: (harness, scale) => through(harness, { seconds: Math.max(scale.seconds, 8) }, () => ({ status: 503 })),
    check: ({ delivered }) => [delivered < 2_100 && 'kept less than 700 segments a megabyte'],
  },
  {
    id: 'R8',
    title: 'every second call throttled',
    run: (harness, scale) => through(harness, scale, (call) => (call % 2 === 0 ? throttled : undefined)),
    check: ({ calls, offered }) => [calls > 1.2 * 2 * Math.ceil(offered / 50) && 'too many calls'],
  },
  {
    id: 'R9',
    title: 'single documents throttled inside an HTTP 200',
    run: (harness, scale) => {
      harness.oracle.throttleEvery = 7;
      return through(harness, scale, () => undefined);
    },
  },
  {
    id: 'R10',
    title: 'answers that are not X-Ray: HTML, nothing, 10 MB, half a body',
    run: (harness, scale) => {
      const answers: Behaviour[] = [
        { status: 200, body: '<html>' },
        { status: 200 },
        { status: 200, body: Buffer.alloc(10e6, 'x') },
        { status: 403, body: 'no' },
      ];
      return through(harness, scale, (call) => answers[call % 6]);
    },
  },
  {
    id: 'R12',
    title: 'every third connection reset',
    run: (harness, scale) => through(harness, scale, (call) => (call % 3 === 0 ? 'reset' : undefined)),
  },
  {
    id: 'R14',
    title: 'SIGTERM under load, X-Ray healthy',
    mayLose: true,
    run: async (harness, scale) => {
      await harness.load.steady(4_000, Math.min(scale.seconds, 5));
      const { code } = await harness.daemon.stop();
      if (code !== 0) throw new Error(`exit code ${code}`);
      return 0;
    },
    check: ({ missing }) => [missing > 0 && `${missing} of a load that had ended are missing`],
  },
  {
    id: 'R15',
    title: 'SIGTERM while X-Ray hangs: ends by the deadline and says how many were lost',
    args: ['--shutdown-timeout', '3'],
    mayLose: true,
    run: async (harness) => {
      harness.oracle.intercept = () => 'hang';
      await harness.load.burst(600);
      const { code } = await harness.daemon.stop();
      if (code !== 0) throw new Error(`exit code ${code}`);
      return 0;
    },
    check: ({ missing }, { daemon }) => [daemon.log.at(-1)?.['lost'] !== missing && `lost ${missing}, said ${String(daemon.log.at(-1)?.['lost'])}`],
  },
];

function burst(count: number): Scenario['run'] {
  return async (harness) => {
    await harness.load.burst(count);
    return harness.settle(3_000);
  };
}

function drainsIn(seconds: number): Check {
  return ({ drainedMs }) => [drainedMs > seconds * 1_000 && `drained in ${(drainedMs / 1_000).toFixed(1)} s`];
}

/** Runs one scenario and measures it. The identity is asked of any daemon that has metrics. */
export async function runScenario(scenario: Scenario, scale: Scale, config: HarnessConfig = {}): Promise<Outcome> {
  const harness = await Harness.start({ ...config, args: config.command === undefined ? (scenario.args ?? []) : [] });
  try {
    const drainedMs = await scenario.run(harness, scale);
    const { offered } = harness.load;
    const calls = harness.oracle.uploads;
    const outcome = { ...harness.verdict(), offered, calls, drainedMs, peakRssMb: harness.peakRssMb };
    const problems: (string | false)[] = [outcome.corrupted > 0 && 'corrupted', outcome.invented > 0 && 'invented'];
    if (scenario.mayLose === undefined) problems.push(outcome.missing > 0 && `${outcome.missing} missing`);
    if (config.command === undefined && harness.daemon.isRunning) problems.push(...(await accountingProblems(harness, outcome)));
    problems.push(...(scenario.check?.(outcome, harness) ?? []));
    return { ...outcome, problems: problems.filter((problem) => problem !== false) };
  } finally {
    await harness.stop();
  }
}

/** offered = sent + these losses, for these reasons. */
async function accountingProblems({ daemon }: Harness, { offered, missing }: Verdict & { offered: number }): Promise<(string | false)[]> {
  const metrics = await daemon.metrics();
  const sum = (prefix: string): number => Object.entries(metrics).reduce((all, [name, value]) => (name.startsWith(prefix) ? all + value : all), 0);
  const received = metrics['xrayd_segments_received_total'] ?? 0;
  const kernelDrops = metrics['xrayd_kernel_drops_total'] ?? 0;
  const lost = sum('xrayd_segments_dropped_total{') + sum('xrayd_segments_unprocessed_total{') + kernelDrops;
  // The segments of the warm-up were received and sent, and are not offered.
  const warmUp = received + kernelDrops - offered;
  const gone =
    sum('xrayd_segments_rejected_total{') +
    sum('xrayd_segments_dropped_total{') +
    sum('xrayd_segments_unprocessed_total{') +
    (metrics['xrayd_segments_sent_total'] ?? 0);
  const here = (metrics['xrayd_buffer_segments'] ?? 0) + (metrics['xrayd_in_flight_segments'] ?? 0);
  return [
    received !== gone + here && 'the identity does not hold',
    warmUp < 1 && 'more offered than seen',
    lost !== missing && `${missing} missing but ${lost} counted as lost`,
  ];
}
