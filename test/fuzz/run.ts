/**
 * npm run fuzz [-- --minutes N --seed N --api | --otlp]: the fuzzer against the bundle, with its figures at the end;
 * exits 1 when something is wrong.
 * --api: against the API of the local X-Ray instead of the daemon.
 * --otlp: against the receivers of OTLP and Zipkin, in both modes.
 */
import { parseArgs } from 'node:util';
import { fuzzApi } from './api.ts';
import { fuzz } from './fuzz.ts';
import { fuzzSpans } from './spans.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    api: { type: 'boolean', default: false },
    otlp: { type: 'boolean', default: false },
  },
});
/** Between the means of the second and of the last quarter. */
const GROWTH_MB = 15;
/**
 * Between the ends of the second and of the last quarter, without garbage: in the first one the code that is used is
 * still compiled.
 */
const COLLECTED_GROWTH_MB = 6;
const config = {
  durationMs: Number(values.minutes) * 60_000,
  seed: Number(values.seed),
  command: [process.execPath, 'dist/xrayd.cjs'],
  onProgress: (line: string) => console.log(line),
};

async function isDaemonGood(): Promise<boolean> {
  const result = await fuzz(config);
  console.log(result);
  const [early, late] = result.memoryMb;
  const isCounted = result.imbalance === 0 && result.received + result.kernelDrops === result.datagrams;
  return result.isAlive && isCounted && !result.hasPayloadInLog && late < early + GROWTH_MB;
}

async function isApiGood(): Promise<boolean> {
  const result = await fuzzApi(config);
  console.log(result);
  const { isAlive, problems, collectedMb } = result;
  return isAlive && problems.length === 0 && collectedMb.at(-1)! < collectedMb[1]! + COLLECTED_GROWTH_MB;
}

async function areReceiversGood(): Promise<boolean> {
  const result = await fuzzSpans(config);
  console.dir(result, { depth: null });
  return result.processes.every(
    ({ isAlive, problems, imbalance, collectedMb }) =>
      isAlive &&
      problems.length === 0 &&
      imbalance === 0 &&
      (collectedMb.length === 0 || collectedMb.at(-1)! < collectedMb[1]! + COLLECTED_GROWTH_MB),
  );
}

const isGood = await (values.otlp ? areReceiversGood() : values.api ? isApiGood() : isDaemonGood());
console.log(isGood ? 'good' : 'NOT good');
process.exit(isGood ? 0 : 1);
