import { expect, test } from 'vitest';
import { DaemonMetrics } from '../../src/cli/daemon-metrics.ts';
import { ratesOf, readingOf } from '../../src/cli/top.ts';
import { xraydHere } from '../fakes/command.ts';
import { Scope } from '../fakes/scope.ts';
import { FakeServer, type Behaviour } from '../fakes/server.ts';

const scope = new Scope();

interface Numbers {
  readonly received: number;
  readonly sent: number;
  readonly startedAt?: number;
}

function page({ received, sent, startedAt = 1 }: Numbers): string {
  return `# HELP xrayd_segments_received_total Datagrams.
xrayd_segments_received_total ${received}
xrayd_segments_sent_total ${sent}
xrayd_segments_retried_total 3
xrayd_segments_rejected_total{reason="bad_header"} 2
xrayd_segments_rejected_total{reason="empty"} 1
xrayd_segments_dropped_total{reason="buffer_full"} 4
xrayd_segments_unprocessed_total{code="a \\"b\\""} 1
xrayd_kernel_drops_total 2
xrayd_buffer_segments 5
xrayd_in_flight_segments 6
xrayd_spooled_segments 7
process_start_time_seconds ${startedAt}
`;
}

/** Answers each scrape with the next page; undefined stands for a daemon that does not answer. */
class Pages extends FakeServer {
  readonly #pages: (Numbers | undefined)[];

  constructor(pages: (Numbers | undefined)[]) {
    super();
    this.#pages = pages;
  }

  protected override answer(): Behaviour {
    const next = this.#pages.length > 1 ? this.#pages.shift() : this.#pages[0];
    return next === undefined ? 'reset' : { status: 200, body: page(next) };
  }
}

async function top(pages: (Numbers | undefined)[], ...args: string[]): ReturnType<typeof xraydHere> {
  const server = await scope.start(new Pages(pages));
  return xraydHere(['top', '--http-address', `127.0.0.1:${server.port}`, '--interval', '1', ...args]);
}

test('reads sums and rates from the metrics; the rates begin anew after a restart', () => {
  const first = readingOf(new DaemonMetrics(page({ received: 100, sent: 60 })));
  expect(first).toMatchObject({ received: 100, sent: 60, retried: 3, lost: 10, waiting: 18 });
  const later = readingOf(new DaemonMetrics(page({ received: 150, sent: 65 })));
  expect(ratesOf(later, first, 2_000)).toEqual({ received: 25, sent: 2.5, retried: 0, lost: 0 });
  const restarted = readingOf(new DaemonMetrics(page({ received: 3, sent: 0, startedAt: 2 })));
  expect(ratesOf(restarted, later, 2_000).received).toBeUndefined();
  expect(() => new DaemonMetrics('go_goroutines 7\n')).toThrow('these are not the metrics of xrayd');
});

test('without a terminal, prints a line per interval, and goes on while the daemon restarts', async () => {
  const { code, stdout } = await top([{ received: 1, sent: 0 }, undefined, { received: 7, sent: 7 }], '--count', '3');
  expect(stdout.split('\n')).toEqual([
    ' received/s     sent/s  retried/s     lost/s    waiting       lost',
    '          -          -          -          -         18         10',
    expect.stringMatching(/^no answer: /),
    '          -          -          -          -         18         10',
    '',
  ]);
  expect(code).toBe(0);
});

test('fails at once if no xrayd answers', async () => {
  expect(await top([undefined])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^xrayd: no xrayd answers at 127\.0\.0\.1:\d+: /) as string,
  });
  expect((await xraydHere(['top', '--http-address', 'off'])).code).toBe(1);
});
