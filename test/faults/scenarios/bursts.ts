import type { Size } from '../../../bench/load/documents.ts';
import { burst, through, type Scenario } from '../scenario.ts';

const LARGE: Size = { bytes: 60_000, kind: 'utf8' };

/** Load alone. */
export const BURSTS: readonly Scenario[] = [
  {
    id: 'R1',
    title: 'steady load',
    run: (harness, scale) => through(harness, scale),
    check: ({ duplicate }) => [duplicate > 0 && 'duplicates'],
  },
  { id: 'R2-1000', title: '1,000 datagrams at once', isBusy: true, run: burst(1_000) },
  { id: 'R2-3000', title: '3,000 datagrams at once', isBusy: true, run: burst(3_000) },
  // More than the socket buffer holds while two cores are shared with the sender: what the kernel drops is counted to
  // the datagram.
  {
    id: 'R2-10000',
    title: '10,000 datagrams at once, each received or counted',
    mayLose: true,
    isBusy: true,
    run: burst(10_000),
  },
  {
    id: 'R3',
    isBusy: true,
    title: '10,000 at once into a small socket buffer: each received or counted, and the remedy named',
    config: { preload: 'small-socket-buffer' },
    mayLose: true,
    run: burst(10_000),
    check: (_outcome, { daemon }) => [
      !daemon.log.some((line) => JSON.stringify(line).includes('sysctl -w net.core.rmem_max')) &&
        'nothing about net.core.rmem_max in the log',
    ],
  },
  {
    id: 'R4',
    isBusy: true,
    title: 'the main thread stalls for 200 ms in each second, 2,000 a second',
    config: { preload: 'stalls' },
    run: async (harness, { seconds }) => {
      await harness.load.steady(2_000, Math.min(seconds, 20));
      return harness.settle();
    },
  },
  {
    id: 'R5',
    isBusy: true,
    title: 'twenty 60 KB segments at once in each second, among 1,000 small ones',
    run: async (harness, { seconds }) => {
      for (let second = 0; second < seconds; second++) {
        await harness.load.burst(20, LARGE);
        await harness.load.steady(1_000, 1);
      }
      return harness.settle();
    },
  },
];
