import { setTimeout as sleep } from 'node:timers/promises';
import type { Harness } from '../harness.ts';
import type { Scenario } from '../scenario.ts';
import { killInTurn, threeGenerations } from '../generations.ts';
import { killAndRestart } from '../kills.ts';

/** The daemon stops, or is stopped. */
export const ENDS: readonly Scenario[] = [
  {
    id: 'R14',
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
    check: ({ missing }, { daemon }) => [daemon.log.at(-1)?.['lost'] !== missing && `lost ${missing}, said ${String(daemon.log.at(-1)?.['lost'])}`],
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
    title: 'SIGKILL at random points (200 times), with a spool: nothing that was acknowledged is missing, no start is refused',
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
    title: 'two daemons share a spool, one of them killed or drained at random points (100 times): nothing that was acknowledged is missing',
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
      daemon.find(/spool cannot be used/) === undefined && 'the spool is not named in the log',
    ],
  },
];

async function ends(harness: Harness): Promise<void> {
  const { code } = await Promise.race([harness.daemon.stop(), sleep(25_000, { code: 'none within 25 s' }, { ref: false })]);
  if (code !== 0) throw new Error(`exit code ${String(code)}`);
}
