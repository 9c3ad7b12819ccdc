import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../fakes/random.ts';
import type { Behaviour } from '../../fakes/server.ts';
import { hangingDisk } from '../hanging-disk.ts';
import { throttled } from '../replies.ts';
import type { Scenario } from '../scenario.ts';
import { withSpans, type SpansScenario } from '../spans/world.ts';

const DISK = hangingDisk();

/** Spans per second of each protocol of which the buffer holds those of a minute, with the segments beside them. */
const MODERATE = 150;

/** Spans, and segments over UDP beside them, through answers that are not X-Ray's usual ones. */
function answering(
  answer: (call: number) => Behaviour | undefined,
  { minSeconds = 0, perSecond = MODERATE }: { readonly minSeconds?: number; readonly perSecond?: number } = {},
): SpansScenario['run'] {
  return async (world, { seconds }) => {
    const { harness } = world;
    let call = 0;
    harness.oracle.intercept = ({ target }) => (target === '/TraceSegments' ? answer(call++) : undefined);
    const forSeconds = Math.max(seconds, minSeconds);
    await Promise.all([world.steady(forSeconds, perSecond), harness.load.steady(100, forSeconds)]);
    harness.oracle.intercept = () => undefined;
    const drainedMs = await world.settle();
    await harness.quiet();
    return drainedMs;
  };
}

/** Exporters of OpenTelemetry and Zipkin spans send while something fails. */
export const SPANS: readonly Scenario[] = [
  withSpans({ id: 'R27-503', title: 'spans while X-Ray answers 503', run: answering(() => ({ status: 503 })) }),
  withSpans({ id: 'R27-hang', title: 'spans while X-Ray accepts and never answers', run: answering(() => 'hang') }),
  withSpans({
    id: 'R27-throttled',
    title: 'spans while every second call is throttled',
    run: answering((call) => (call % 2 === 0 ? throttled : undefined)),
  }),
  withSpans({
    id: 'R27-full',
    title: 'an outage beyond the buffer (3 MB), spans only: they are refused, and nothing is lost',
    config: { args: ['-m', '3'] },
    run: async (world, { seconds }) => {
      const { oracle } = world.harness;
      oracle.intercept = () => ({ status: 503 });
      await world.steady(Math.max(seconds, 4), 1_000);
      oracle.intercept = () => undefined;
      return world.settle();
    },
    check: async ({ refused }) => [refused === 0 && 'the buffer was never full: the scenario shows nothing'],
  }),
  withSpans({
    id: 'R27-full-udp',
    title: 'the same with segments over UDP, which displace the oldest spans: every loss is counted',
    config: { args: ['-m', '3'] },
    mayLose: true,
    run: answering(() => ({ status: 503 }), { minSeconds: 6, perSecond: 500 }),
    check: async ({ refused }) => [refused === 0 && 'the buffer was never full: the scenario shows nothing'],
  }),
  withSpans({
    id: 'R27-stop',
    title: 'SIGTERM in the middle of requests: what was acknowledged is sent, the rest goes to the next daemon',
    // Whether a busy machine sends all of it within the default is not what is asked.
    config: { args: ['--shutdown-timeout', '30'] },
    isRestarted: true,
    run: async (world, { isFull }) => {
      const { harness } = world;
      const times = isFull ? 20 : 3;
      const sending = world.steady(times * 2);
      for (let i = 0; i < times; i++) {
        await sleep(500);
        const { code } = await harness.daemon.stop();
        if (code !== 0) throw new Error(`exit code ${String(code)}`);
        const lost = harness.daemon.log.at(-1)?.['lost'];
        if (lost !== 0) throw new Error(`lost ${String(lost)}`);
        await harness.restart();
      }
      await sending;
      return world.settle();
    },
  }),
  withSpans({
    id: 'R27-stop-spool',
    title: 'SIGTERM in the middle of requests while X-Ray hangs, with a spool: the next daemons send everything',
    config: { args: ['--shutdown-timeout', '1'], hasSpool: true },
    isRestarted: true,
    run: async (world, { isFull }) => {
      const { harness } = world;
      const times = isFull ? 20 : 2;
      harness.oracle.intercept = () => 'hang';
      const sending = world.steady(times * 3);
      for (let i = 0; i < times; i++) {
        await sleep(500);
        const { code } = await harness.daemon.stop();
        if (code !== 0) throw new Error(`exit code ${String(code)}`);
        await harness.restart();
      }
      harness.oracle.intercept = () => undefined;
      await sending;
      return world.settle();
    },
  }),
  withSpans({
    id: 'R27-kill',
    title: 'SIGKILL at random points (100 times), with a spool: no span that was acknowledged is missing',
    config: { hasSpool: true },
    isRestarted: true,
    run: async (world, { isFull }) => {
      const { harness } = world;
      const random = new Random(27);
      const times = isFull ? 100 : 4;
      const over = new AbortController();
      const sending = (async () => {
        while (!over.signal.aborted) await world.steady(1);
      })();
      for (let kill = 0; kill < times; kill++) {
        const isAway = random.next() < 0.7;
        harness.oracle.intercept = () => (isAway ? { status: 503 } : undefined);
        await sleep(random.next() * 1_500);
        await harness.daemon.stop('SIGKILL');
        await harness.restart();
        const { imbalance } = await harness.ledger();
        if (imbalance !== 0) throw new Error(`kill ${kill}: the identity is off by ${imbalance}`);
        harness.onProgress(`kill ${kill + 1} of ${times}: ${world.acknowledged} acknowledged so far`);
      }
      over.abort();
      await sending;
      harness.oracle.intercept = () => undefined;
      return world.settle();
    },
  }),
  withSpans({
    id: 'R27-spool-full',
    title: 'an outage that fills the spool (2 MB): spans are refused, none is lost',
    config: { args: ['--spool-size', '2'], hasSpool: true },
    run: async (world, { seconds }) => {
      const { harness } = world;
      harness.oracle.intercept = () => ({ status: 503 });
      await world.steady(Math.max(seconds, 4), 1_000);
      harness.oracle.intercept = () => undefined;
      const drainedMs = await world.settle();
      await harness.quiet();
      return drainedMs;
    },
    check: async ({ refused, harness }) => [
      refused === 0 && 'the spool was never full: the scenario shows nothing',
      harness.daemon.find(/the spool is full: requests are refused/) === undefined && 'the log does not say it',
    ],
  }),
  withSpans({
    id: 'R27-disk',
    title: 'the folder of the spool is replaced by a file for a while: spans are refused, none is lost',
    config: { hasSpool: true },
    run: async (world, { seconds }) => {
      const { harness } = world;
      const sending = world.steady(Math.max(seconds, 4));
      await sleep(1_000);
      rmSync(harness.spoolFolder, { recursive: true });
      writeFileSync(harness.spoolFolder, '');
      await sending;
      rmSync(harness.spoolFolder);
      const drainedMs = await world.settle();
      await harness.quiet();
      return drainedMs;
    },
    // What was on the disk and not sent yet went with the folder, and is counted.
    mayLose: true,
    check: async ({ refused, missing }) => [
      refused === 0 && 'no span was refused: the scenario shows nothing',
      missing > 100 && `${missing} are missing`,
    ],
  }),
  ...(DISK === undefined
    ? []
    : [
        withSpans({
          id: 'R27-disk-hang',
          title:
            'a disk under the spool that hangs: spans are refused within seconds, and accepted when it works again',
          config: { hasSpool: true, disk: DISK },
          run: async (world, { seconds }) => {
            const { harness } = world;
            const sending = world.steady(Math.max(seconds, 8));
            await sleep(1_000);
            writeFileSync(join(harness.folder, 'hang'), '');
            await sending;
            rmSync(join(harness.folder, 'hang'));
            const drainedMs = await world.settle();
            await harness.quiet();
            return drainedMs;
          },
          check: async ({ refused }) => [refused === 0 && 'no span was refused: the scenario shows nothing'],
        }),
      ]),
];
