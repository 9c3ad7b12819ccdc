import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Harness } from '../harness.ts';
import type { Scenario } from '../scenario.ts';
import { hangingDisk } from '../hanging-disk.ts';
import { killInTurn, threeGenerations } from '../generations.ts';
import { killAndRestart } from '../kills.ts';

const DISK = hangingDisk();

/** The daemon stops, or is stopped. */
export const ENDS: readonly Scenario[] = [
  {
    id: 'R14',
    isBusy: true,
    title: 'SIGTERM under load, X-Ray healthy',
    mayLose: true,
    run: async (harness, scale) => {
      await harness.load.steady(4_000, Math.min(scale.seconds, 5));
      await ends(harness);
      return 0;
    },
    check: ({ missing }) => [missing > 0 && `${missing} of a load that had ended are missing`],
  },
  {
    id: 'R15',
    title: 'SIGTERM while X-Ray hangs: ends by the deadline and says how many were lost',
    config: { args: ['--shutdown-timeout', '3'] },
    mayLose: true,
    run: async (harness) => {
      harness.oracle.intercept = () => 'hang';
      await harness.load.burst(600);
      await ends(harness);
      return 0;
    },
    check: ({ missing }, { daemon }) => [
      daemon.log.at(-1)?.['lost'] !== missing && `lost ${missing}, said ${String(daemon.log.at(-1)?.['lost'])}`,
    ],
  },
  {
    id: 'R15-spool',
    title: 'SIGTERM while X-Ray hangs, with a spool: the next life sends them',
    config: { args: ['--shutdown-timeout', '3'], hasSpool: true },
    run: async (harness) => {
      harness.oracle.intercept = () => 'hang';
      await harness.load.burst(600);
      await ends(harness);
      harness.oracle.intercept = () => undefined;
      await harness.restart();
      return harness.settle();
    },
  },
  {
    id: 'R16',
    isBusy: true,
    title:
      'SIGKILL at random points (200 times), with a spool: nothing that was acknowledged is missing, no start is refused',
    config: { args: ['-m', '3'], hasSpool: true },
    mayLose: true,
    isKilled: true,
    run: (harness, { isFull }) => killAndRestart(harness, isFull ? 200 : 5),
  },
  {
    id: 'R16-surge',
    title:
      'three generations of pods share a spool in an outage, each drained while the next one runs: every segment arrives once, or is counted as lost',
    config: { args: ['-m', '3', '--shutdown-timeout', '1'], hasSpool: true },
    // What all of them count together is compared in the scenario.
    mayLose: true,
    isKilled: true,
    run: (harness, { isFull }) => threeGenerations(harness, isFull ? 10 : 2),
    check: ({ duplicate }) => [duplicate > 0 && `${duplicate} arrived twice`],
  },
  {
    id: 'R16-pair',
    title:
      'two daemons share a spool, one of them killed or drained at random points (100 times): nothing that was acknowledged is missing',
    config: { args: ['-m', '3', '--shutdown-timeout', '1'], hasSpool: true },
    mayLose: true,
    isKilled: true,
    run: (harness, { isFull }) => killInTurn(harness, isFull ? 100 : 3),
  },
  {
    id: 'R17',
    title: 'a spool that cannot be written (file size limit): as without a spool, and said',
    config: { args: ['-m', '3'], hasSpool: true, fileSizeBlocks: 8 },
    mayLose: true,
    run: async (harness, { seconds }) => {
      harness.oracle.intercept = () => ({ status: 503 });
      await harness.load.steady(500, Math.max(8, seconds));
      harness.oracle.intercept = () => undefined;
      return harness.settle();
    },
    check: ({ delivered }, { daemon }) => [
      delivered < 2_100 && 'kept less than without a spool',
      daemon.find(/cannot use the spool/) === undefined && 'the spool is not named in the log',
    ],
  },
  ...(DISK === undefined
    ? []
    : [
        {
          id: 'R17-hang',
          title: 'a disk under the spool that hangs: names are looked up, what comes is sent, what hung is sent later',
          config: { args: ['-m', '3', '--shutdown-timeout', '2'], hasSpool: true, host: 'localhost', disk: DISK },
          mayLose: true,
          run: async (harness, { seconds }) => {
            writeFileSync(join(harness.folder, 'hang'), '');
            harness.oracle.intercept = () => ({ status: 503 });
            await harness.load.steady(500, Math.max(14, seconds));
            harness.oracle.intercept = () => undefined;
            const drainedMs = await harness.settle();
            const { parts } = (await (await fetch(`${harness.daemon.httpUrl}/readyz`)).json()) as {
              parts: { name: string; state: string }[];
            };
            if (parts.find(({ name }) => name === 'spool')?.state !== 'degraded')
              throw new Error('the spool is not said to hang');
            if (harness.verdict().delivered < 1_000) throw new Error('what is in memory waits for the disk');
            // What hung is on the disk now, and is sent from there.
            rmSync(join(harness.folder, 'hang'));
            await harness.settle();
            return drainedMs;
          },
        } satisfies Scenario,
      ]),
];
async function ends(harness: Harness): Promise<void> {
  const { code } = await Promise.race([
    harness.daemon.stop(),
    sleep(25_000, { code: 'none within 25 s' }, { ref: false }),
  ]);
  if (code !== 0) throw new Error(`exit code ${String(code)}`);
}
