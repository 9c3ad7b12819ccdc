/** npm run fuzz -- --minutes N [--seed N]: the fuzzer against the bundle, with its figures at the end; exits 1 when something is wrong. */
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: '1' } } });
const result = await fuzz({
  durationMs: Number(values.minutes) * 60_000,
  seed: Number(values.seed),
  command: [process.execPath, 'dist/xrayd.cjs'],
  onProgress: (line) => console.log(line),
});
console.log(result);
const [early, late] = result.memoryMb;
const isGood =
  result.isAlive &&
  result.imbalance === 0 &&
  result.received + result.kernelDrops === result.datagrams &&
  !result.hasPayloadInLog &&
  late < early + 15;
console.log(isGood ? 'good' : 'NOT good');
process.exit(isGood ? 0 : 1);
