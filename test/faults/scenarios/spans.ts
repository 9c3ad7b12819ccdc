import { setTimeout as sleep } from 'node:timers/promises';
import type { Behaviour } from '../../fakes/server.ts';
import { throttled } from '../replies.ts';
import type { Scenario } from '../scenario.ts';
import { withSpans, type SpansScenario } from '../spans/world.ts';

/** Spans, and segments over UDP beside them, through answers that are not X-Ray's usual ones. */
function answering(answer: (call: number) => Behaviour | undefined, minSeconds = 0): SpansScenario['run'] {
  return async (world, { seconds }) => {
    const { harness } = world;
    let call = 0;
    harness.oracle.intercept = ({ target }) => (target === '/TraceSegments' ? answer(call++) : undefined);
    const forSeconds = Math.max(seconds, minSeconds);
    await Promise.all([world.steady(forSeconds), harness.load.steady(100, forSeconds)]);
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
    run: answering(() => ({ status: 503 }), 6),
    check: async ({ refused }) => [refused === 0 && 'the buffer was never full: the scenario shows nothing'],
  }),
  withSpans({
    id: 'R27-stop',
    title: 'SIGTERM in the middle of requests: what was acknowledged is sent, the rest goes to the next daemon',
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
];
