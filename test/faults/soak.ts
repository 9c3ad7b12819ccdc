/**
 * npm run soak -- --minutes N [--rate R] [--seed S] [--command "PROGRAM ARGS"]: a steady load through a fault every
 * minute, then healthy to the end of it.
 * At a random moment of each minute the daemon's clock is set, up to three hours in either direction (where libfaketime
 * is installed).
 * After each minute the account has to be exact; at the end memory and descriptors have to be flat. Exits 1 when
 * something does not hold.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Behaviour } from '../fakes/server.ts';
import { Random } from '../fakes/random.ts';
import { noSetClock } from '../fakes/set-clock.ts';
import { Harness } from './harness.ts';
import { expired, throttled } from './replies.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '500' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    command: { type: 'string' },
  },
});
const minutes = Number(values.minutes);
const rate = Number(values.rate);
const random = new Random(Number(values.seed));
const FAULT_SECONDS = 25;
const MAX_STEP_SECONDS = 3 * 3_600;
/** How likely the credentials provider is, in each second, not to answer its next call. */
const HANGS_A_SECOND = 0.1;
/**
 * Growth of the mean memory of the last third over the one of the middle third that is taken for noise of the
 * collector.
 */
const MAX_GROWTH_MB = 12;

type Fault = readonly [name: string, begin: (harness: Harness) => unknown, end: (harness: Harness) => unknown];

const answering = (name: string, answer: (call: number) => Behaviour | undefined): Fault => {
  let call = 0;
  return [
    name,
    ({ oracle }) => (oracle.intercept = ({ target }) => (target === '/TraceSegments' ? answer(call++) : undefined)),
    ({ oracle }) => (oracle.intercept = () => undefined),
  ];
};

const FAULTS: readonly Fault[] = [
  answering('503', () => ({ status: 503 })),
  answering('never answers', () => 'hang'),
  answering('every second call throttled', (call) => (call % 2 === 0 ? throttled : undefined)),
  answering('connections reset', (call) => (call % 3 === 0 ? 'reset' : undefined)),
  answering('HTML', (call) => (call % 2 === 0 ? { status: 200, body: '<html>' } : undefined)),
  answering('10 MB of answer', (call) => (call % 4 === 0 ? { status: 200, body: Buffer.alloc(10e6, 'x') } : undefined)),
  answering('expired credentials', () => expired),
  ['connection refused', ({ gate }) => gate.refuse(), ({ gate }) => gate.open()],
  ['TLS handshake hangs', ({ gate }) => (gate.mode = 'silent'), ({ gate }) => (gate.mode = 'open')],
  ['half-open connections', ({ gate }) => (gate.mode = 'deaf'), ({ gate }) => (gate.mode = 'open')],
  ['reset in the middle of a body', ({ gate }) => (gate.mode = 'cut'), ({ gate }) => (gate.mode = 'open')],
  ['2 s of latency', ({ oracle }) => (oracle.latencyMs = 2_000), ({ oracle }) => (oracle.latencyMs = 20)],
  [
    'single documents throttled',
    ({ oracle }) => (oracle.throttleEvery = 7),
    ({ oracle }) => (oracle.throttleEvery = 0),
  ],
  ['credentials are not given', ({ identity }) => identity!.hang(Infinity), ({ identity }) => identity!.hang(0)],
  ['bursts of 2,000', async ({ load }) => load.burst(2_000), () => undefined],
];

console.log(`seed ${values.seed}${noSetClock === '' ? '' : `; the clock is not set: ${noSetClock}`}`);
const harness = await Harness.start({
  hasSpool: true,
  hasSetClock: noSetClock === '',
  // Shorter than a fault, and asked for anew every few seconds.
  identity: { kind: 'container', hangs: 1, lifetimeMs: 15_000 },
  ...(values.command === undefined ? {} : { command: values.command.split(' ') }),
});
const problems: string[] = [];
const memory: number[] = [];
const files: number[] = [];
const watch = setInterval(() => {
  if (random.next() < HANGS_A_SECOND) harness.identity!.hang(1);
  memory.push(harness.rssMb());
  files.push(harness.openFiles);
}, 1_000);
let warmUp = -1;
try {
  for (let minute = 0; minute < minutes; minute++) {
    const [name, begin, end] = FAULTS[minute % FAULTS.length]!;
    const setClock = stepClock();
    await begin(harness);
    await harness.load.steady(rate, FAULT_SECONDS);
    await end(harness);
    await harness.load.steady(rate, 60 - FAULT_SECONDS - 5);
    await sleep(5_000);
    const clockAhead = await setClock;
    const { received, kernelDrops, sent, here, dropped, unprocessed, rejected, imbalance } = await harness.ledger();
    const { offered } = harness.load;
    const { delivered, missing, corrupted, invented, duplicate } = harness.verdict();
    // What the warm-up sent was received and is not offered.
    if (warmUp < 0) warmUp = received + kernelDrops - offered;
    const unexplained = received + kernelDrops - offered - warmUp;
    const lost = dropped + unprocessed + rejected + kernelDrops;
    if (imbalance !== 0) problems.push(`minute ${minute}: the identity is off by ${imbalance}`);
    if (unexplained !== 0) problems.push(`minute ${minute}: offered and received differ by ${unexplained}`);
    if (here === 0 && missing !== lost) problems.push(`minute ${minute}: ${missing} missing, ${lost} counted as lost`);
    if (corrupted + invented > 0) problems.push(`minute ${minute}: corrupted ${corrupted}, invented ${invented}`);
    console.log(
      `minute ${minute + 1}/${minutes}, ${name}, clock ${clockAhead} s ahead: offered ${offered}, delivered ${delivered}, sent ${sent}, lost ${lost}, still here ${here}, ` +
        `twice ${duplicate}, ${Math.round(harness.rssMb())} MB, ${harness.openFiles} files open${problems.length > 0 ? `; PROBLEMS ${problems.length}` : ''}`,
    );
  }
  await harness.settle();
  clearInterval(watch);
  const { missing, duplicate } = harness.verdict();
  const { dropped, unprocessed, kernelDrops, rejected } = await harness.ledger();
  if (missing !== dropped + unprocessed + kernelDrops + rejected) problems.push('not every loss is counted');
  const [, middle, last] = thirdsOf(memory);
  if (last - middle > MAX_GROWTH_MB) problems.push(`memory grew from ${middle.toFixed(0)} to ${last.toFixed(0)} MB`);
  const [, filesMiddle, filesLast] = thirdsOf(files);
  if (filesLast - filesMiddle > 5)
    problems.push(`open files grew from ${filesMiddle.toFixed(0)} to ${filesLast.toFixed(0)}`);
  const slope = ((last - middle) / (minutes / 3)) * 60;
  console.log(
    `node ${process.versions.node}, ${process.platform} ${process.arch}, ${minutes} min at ${rate} segments a second: offered ${harness.load.offered}, missing ${missing} ` +
      `(dropped ${dropped}, kernel drops ${kernelDrops}), twice ${duplicate}; memory mean ${middle.toFixed(0)} then ${last.toFixed(0)} MB (${slope.toFixed(1)} MB/h), ` +
      `peak ${Math.max(...memory).toFixed(0)} MB; open files mean ${filesMiddle.toFixed(0)} then ${filesLast.toFixed(0)}`,
  );
} finally {
  clearInterval(watch);
  await harness.stop();
}
console.log(problems.length === 0 ? 'good' : `NOT good:\n${problems.join('\n')}`);
process.exit(problems.length === 0 ? 0 : 1);

/** Resolves, within a minute, with how far the clock is ahead from then on. */
async function stepClock(): Promise<number> {
  const ahead = Math.round((random.next() * 2 - 1) * MAX_STEP_SECONDS);
  await sleep(random.next() * 50_000);
  if (noSetClock === '') harness.clock.set(ahead);
  return noSetClock === '' ? ahead : 0;
}

function thirdsOf(readings: readonly number[]): [number, number, number] {
  const third = Math.max(1, Math.floor(readings.length / 3));
  const mean = (from: number): number => readings.slice(from, from + third).reduce((sum, one) => sum + one, 0) / third;
  return [mean(0), mean(third), mean(readings.length - third)];
}
