import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answering, drainsIn, through, type Scenario } from '../scenario.ts';
import type { Size } from '../../../bench/load/documents.ts';
import type { GateMode } from '../gate.ts';
import type { Harness } from '../harness.ts';

/** X-Ray, or the way to it, is away for a while; everything arrives after it. */
export const OUTAGES: readonly Scenario[] = [
  { id: 'R6-503', title: 'X-Ray answers 503', run: answering(() => ({ status: 503 })), check: drainsIn(15) },
  { id: 'R6-reset', title: 'X-Ray resets every connection', run: answering(() => 'reset'), check: drainsIn(15) },
  { id: 'R6-hang', title: 'X-Ray accepts and never answers', run: answering(() => 'hang'), check: drainsIn(15) },
  {
    id: 'R6-refused',
    title: 'connections are refused',
    run: (harness, scale) =>
      through(
        harness,
        scale,
        () => harness.gate.refuse(),
        () => harness.gate.open(),
      ),
    check: drainsIn(15),
  },
  { id: 'R6-tls', title: 'TLS handshakes hang', run: gated('silent'), check: drainsIn(15) },
  {
    id: 'R6-dns',
    title: "X-Ray's name is not found",
    config: { preload: 'no-dns', host: 'xray.test' },
    run: (harness, scale) => {
      const mark = join(harness.folder, 'no-dns');
      return through(
        harness,
        scale,
        async () => {
          writeFileSync(mark, '');
          // A connection that is open needs no name.
          await harness.gate.refuse();
          await harness.gate.open();
        },
        () => rmSync(mark),
      );
    },
    check: (outcome, harness, scale) => [
      ...drainsIn(15)(outcome, harness, scale),
      !harness.daemon.log.some(({ code }) => code === 'dns') && 'DNS not named in the log',
    ],
  },
  {
    id: 'R7',
    title: 'an outage beyond the buffer (3 MB): the newest are kept, 700 for each megabyte',
    config: { args: ['-m', '3'] },
    mayLose: true,
    run: (harness, scale) =>
      answering(() => ({ status: 503 }))(harness, { ...scale, seconds: Math.max(scale.seconds, 8) }),
    check: ({ delivered, offered }, { oracle }) => [
      delivered < 2_100 && 'kept less than 700 segments a megabyte',
      !oracle.has(offered - 1) && 'the newest segment is not among those that were kept',
    ],
  },
  {
    id: 'R7-spool',
    isBusy: true,
    title: 'an outage beyond the buffer (3 MB) with a spool',
    config: { args: ['-m', '3'], hasSpool: true },
    run: (harness, scale) =>
      answering(() => ({ status: 503 }))(harness, { ...scale, seconds: Math.max(scale.seconds, 8) }),
    check: drainsIn(15),
  },
  {
    id: 'R24',
    isBusy: true,
    title: 'X-Ray answers 503, default settings inside a memory limit of 256 MiB',
    config: { memoryLimitMb: 256 },
    run: answering(() => ({ status: 503 })),
    check: drainsIn(15),
  },
  {
    id: 'R24-128',
    isBusy: true,
    title: 'an outage beyond the buffer inside a memory limit of 128 MiB',
    config: { memoryLimitMb: 128 },
    mayLose: true,
    run: async (harness, { isFull }) => {
      const budget = (await harness.daemon.metrics())['xrayd_buffer_limit_bytes'];
      if (budget !== 24 * 1024 * 1024) throw new Error(`the budget is ${budget}, not what a limit of 128 MiB leaves`);
      return filled(harness, 2_000, isFull ? 30 : 4);
    },
  },
  {
    id: 'R24-full',
    isBusy: true,
    title: 'an outage that fills 64 MB, and its drain',
    config: { args: ['-m', '64'] },
    mayLose: true,
    run: (harness, { isFull }) => filled(harness, isFull ? 4_000 : 1_000, isFull ? 18 : 3),
  },
  {
    id: 'R24-large',
    isBusy: true,
    title: 'an outage that fills 64 MB with segments of 60 KB, and its drain',
    config: { args: ['-m', '64'] },
    mayLose: true,
    run: (harness, { isFull }) => filled(harness, isFull ? 400 : 100, isFull ? 8 : 2, { bytes: 60_000, kind: 'ascii' }),
  },
];

/** An outage under a load that is meant to be more than the buffer holds, and its drain. */
async function filled(harness: Harness, perSecond: number, seconds: number, size?: Size): Promise<number> {
  harness.oracle.intercept = () => ({ status: 503 });
  await harness.load.steady(perSecond, seconds, size);
  harness.oracle.intercept = () => undefined;
  return harness.settle();
}

export function gated(mode: GateMode): Scenario['run'] {
  return (harness, scale) =>
    through(
      harness,
      scale,
      () => (harness.gate.mode = mode),
      () => (harness.gate.mode = 'open'),
    );
}
