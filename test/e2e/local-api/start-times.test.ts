import { expect, test } from 'vitest';
import type { Status } from '../../../src/api/page-types.ts';
import { DaemonProcess } from '../../fakes/daemon-process.ts';
import { LocalXRay } from '../../fakes/local-xray.ts';
import { Scope } from '../../fakes/scope.ts';
import { segmentJson } from '../../fakes/traces.ts';

const scope = new Scope();

interface Graph {
  readonly StartTime: number | null;
  readonly EndTime: number | null;
  readonly Services: readonly {
    readonly Name: string;
    readonly SummaryStatistics: { readonly TotalCount: number } | null;
  }[];
}

test('GET /api/graph covers the traces that began in the range, whenever they arrived', async () => {
  const local = await LocalXRay.start();
  scope.add(() => local.stop());
  const first = Math.floor(local.now) - 900;
  const documents = Array.from({ length: 15 }, (_, minute) =>
    JSON.stringify({
      ...segmentJson('web', { trace_id: local.nextTraceId() }),
      start_time: first + minute * 60,
      end_time: first + minute * 60 + 1,
    }),
  );
  const put = await fetch(`${local.daemon.tcpUrl}/api/import`, {
    method: 'POST',
    body: JSON.stringify({ TraceSegmentDocuments: documents }),
  });
  expect(put.status).toBe(200);
  const graph = async (query: string): Promise<Graph> =>
    (await (await fetch(`${local.daemon.tcpUrl}/api/graph?${query}`)).json()) as Graph;
  const requests = ({ Services }: Graph): number | undefined =>
    Services.find(({ Name, SummaryStatistics }) => Name === 'web' && SummaryStatistics !== null)?.SummaryStatistics
      ?.TotalCount;
  const all = await graph('');
  expect([all.StartTime, all.EndTime, requests(all)]).toEqual([first, first + 14 * 60, 15]);
  const some = await graph(`from=${first + 300}&to=${first + 600}`);
  expect([some.StartTime, some.EndTime, requests(some)]).toEqual([first + 300, first + 540, 5]);
});

test('GET /api/status is answered from the start', async () => {
  const daemon = new DaemonProcess({ args: ['local'] });
  scope.add(() => daemon.stop('SIGKILL'));
  const tcpUrl = (): string | undefined => {
    try {
      return daemon.tcpUrl;
    } catch {
      return undefined;
    }
  };
  const seen: number[] = [];
  const isReady = daemon.ready().then(() => true);
  for (let done = false; !done;) {
    done = await Promise.race([isReady, new Promise<false>((next) => setTimeout(next, 1, false))]);
    const url = tcpUrl();
    if (url === undefined) continue;
    const answer = await fetch(`${url}/api/status`).catch(() => undefined);
    if (answer === undefined) continue;
    seen.push(answer.status);
    if (answer.status === 200) expect(((await answer.json()) as Status).address).toMatch(/^127\.0\.0\.1:\d+$/);
  }
  expect(new Set(seen)).toEqual(new Set([200]));
});
