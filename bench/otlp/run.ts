/**
 * npm run bench -- otlp [NAMES] [--seconds N] [--runs N] [--against COLLECTOR] [--json FILE]: OpenTelemetry spans into
 * the bundle, which sends them to PutTraceSegments over TLS. NAMES: http-1000, json-10000, grpc, local-http …; all of
 * them without. COLLECTOR: a program with the receiver otlp, the processor batch and the exporter awsxray, beside it in
 * the same run. CPU and memory are those of the process, from the kernel. Linux only.
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { selfSigned } from '../../test/fakes/certificate.ts';
import { machineText } from '../machine.ts';
import { processStats } from '../process-stats.ts';
import { measureInTurn, printTable, type Results } from '../runs.ts';
import { PROTOCOLS, SpanSender, type Protocol } from './sender.ts';
import { SpanOracle } from './span-oracle.ts';
import { collectorTarget, daemonTarget, localTarget, type Target } from './targets.ts';

interface Scenario {
  readonly name: string;
  readonly protocol: Protocol;
  /** Spans per second. */
  readonly rate: number;
  readonly isLocal: boolean;
}

interface Measured {
  readonly offered: number;
  readonly lost: number;
  readonly duplicate?: number;
  /** Requests that were refused and repeated. */
  readonly refused: number;
  readonly cpuUsPerSpan: number;
  readonly residentMb: number;
  readonly peakMb: number;
  readonly documentsPerSpan?: number;
}

const WARM_UP_SECONDS = 5;
const QUIET_MS = 4_000;
const SPANS_A_TRACE = 10;

const SCENARIOS: readonly Scenario[] = [false, true].flatMap((isLocal) =>
  PROTOCOLS.flatMap((protocol) =>
    [100, 1_000, 10_000].map((rate) => ({
      name: `${isLocal ? 'local-' : ''}${protocol}-${rate}`,
      protocol,
      rate,
      isLocal,
    })),
  ),
);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '15' },
    runs: { type: 'string', default: '1' },
    against: { type: 'string' },
    json: { type: 'string' },
  },
});
const [seconds, runs] = [Number(values.seconds), Number(values.runs)];
const names = positionals.slice(1);
const chosen = SCENARIOS.filter(
  ({ name }) => names.length === 0 || names.some((one) => name === one || name.startsWith(`${one}-`)),
);
if (chosen.length === 0 || !(seconds > 0) || !(Number.isInteger(runs) && runs > 0)) {
  console.error(`there are: ${SCENARIOS.map(({ name }) => name).join(' ')}; --seconds and --runs are numbers`);
  process.exit(2);
}

const tls = await selfSigned('localhost');
const results: Results<Measured> = {};
for (const scenario of chosen) {
  const { name, isLocal } = scenario;
  results[name] = await measureInTurn(
    name,
    isLocal || values.against === undefined ? ['xrayd'] : ['xrayd', 'collector'],
    {
      runs,
      measure: (program) => (isLocal ? intoStore(scenario) : intoXRay(scenario, program)),
    },
  );
}
const machine = machineText();
printTable(results, machine, seconds);
for (const [name, { xrayd, collector }] of Object.entries(results)) {
  if (xrayd?.cpuUsPerSpan === undefined || collector?.cpuUsPerSpan === undefined) continue;
  console.log(
    `${name}: CPU per span, xrayd by the collector: ${(xrayd.cpuUsPerSpan / collector.cpuUsPerSpan).toFixed(2)}`,
  );
}
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ machine, seconds, results }, undefined, 2)}\n`);
process.exit(0);

async function intoXRay(scenario: Scenario, program: string): Promise<Measured> {
  const oracle = await new SpanOracle(tls).start();
  const target =
    program === 'xrayd' ? await daemonTarget(oracle.port) : await collectorTarget(values.against ?? '', oracle.port);
  try {
    const arrived = async (): Promise<number> => oracle.delivered;
    const measured = await load(scenario, target, arrived);
    const { accepted, delivered, duplicate, invented } = oracle;
    if (invented > 0) throw new Error(`${invented} spans that were never sent have arrived`);
    return { ...measured, duplicate, documentsPerSpan: accepted / delivered };
  } finally {
    await target.stop();
    await oracle.stop();
  }
}

async function intoStore(scenario: Scenario): Promise<Measured> {
  const target = await localTarget();
  try {
    return await load(scenario, target, async () => (await target.storedTraces()) * SPANS_A_TRACE);
  } finally {
    await target.stop();
  }
}

/** `arrived`: how many spans have reached the end. */
async function load({ protocol, rate }: Scenario, target: Target, arrived: () => Promise<number>): Promise<Measured> {
  const sender = new SpanSender(protocol, protocol === 'grpc' ? target.grpcPort : target.httpPort);
  try {
    await sender.steady(rate, WARM_UP_SECONDS);
    await settle(sender, arrived);
    const warm = sender.offered;
    const before = processStats(target.pid);
    await sender.steady(rate, seconds);
    const lost = sender.offered - (await settle(sender, arrived));
    const after = processStats(target.pid);
    const offered = sender.offered - warm;
    return {
      offered,
      lost,
      refused: sender.refused,
      cpuUsPerSpan: (after.cpuUs - before.cpuUs) / offered,
      residentMb: after.residentMb,
      peakMb: after.peakMb,
    };
  } finally {
    sender.close();
  }
}

/** Waits until everything has arrived, or nothing more does; resolves with how much has. */
async function settle({ offered }: SpanSender, arrived: () => Promise<number>): Promise<number> {
  let last = await arrived();
  for (let quietMs = 0; last < offered && quietMs < QUIET_MS; quietMs += 100) {
    await sleep(100);
    const now = await arrived();
    if (now > last) quietMs = 0;
    last = now;
  }
  return last;
}
