import { afterAll, expect, test } from 'vitest';
import { DaemonProcess } from '../fakes/daemon-process.ts';
import { MemoryLimit } from '../fakes/memory-limit.ts';
import { PROGRAM } from '../fakes/program.ts';

const limit = MemoryLimit.create(128 * 1024 * 1024);
const skipped = limit === undefined ? ' (SKIPPED: this user may not make control groups)' : '';
afterAll(() => limit?.remove());

const START = Math.floor(performance.timeOrigin / 1000);
const RANGE = { StartTime: START - 3_600, EndTime: START + 3_600 };
const hex = (value: number, length: number): string => value.toString(16).padStart(length, '0');
const traceId = (n: number): string => `1-${hex(START, 8)}-${hex(n, 24)}`;
let ids = 0;

const entity = (name: string, members: object = {}): object => ({
  id: hex(++ids, 16),
  name,
  start_time: START,
  end_time: START + 1,
  ...members,
});
const documentOf = (name: string, members: object): string => JSON.stringify(entity(name, members));

/** Batches of documents, by what is many in them. */
const STORED: Readonly<Record<string, readonly (readonly string[])[]>> = {
  services: Array.from({ length: 60 }, () =>
    Array.from({ length: 50 }, () =>
      documentOf(`${'service'.repeat(25)}-${++ids}`, { trace_id: traceId(++ids), fault: true }),
    ),
  ),
  'services of each trace': Array.from({ length: 30 }, () =>
    Array.from({ length: 20 }, () =>
      documentOf('shop', {
        trace_id: traceId(++ids),
        subsegments: Array.from({ length: 300 }, () => entity(`callee-of-many-names-${ids}`, { namespace: 'remote' })),
      }),
    ),
  ),
  'segments of one trace': Array.from({ length: 40 }, () =>
    Array.from({ length: 500 }, (_, i) => documentOf(`s${i % 50}`, { trace_id: traceId(1), parent_id: hex(ids, 16) })),
  ),
};

/** A local X-Ray in a control group of 128 MiB. */
function limited(): Promise<DaemonProcess> {
  return new DaemonProcess({
    command: limit!.around(PROGRAM),
    args: ['local'],
    env: { MALLOC_ARENA_MAX: '1' },
  }).ready();
}

test.skipIf(limit === undefined).for(Object.entries(STORED))(
  `no query ends a local X-Ray with 128 MiB and very many %s${skipped}`,
  { timeout: 120_000 },
  async ([, batches]) => {
    const daemon = await limited();
    try {
      const ask = async (path: string, body?: object): Promise<number> => {
        const answer = await fetch(
          daemon.tcpUrl + path,
          body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) },
        );
        await answer.arrayBuffer();
        return answer.status;
      };
      for (const TraceSegmentDocuments of batches)
        expect(await ask('/api/import', { TraceSegmentDocuments })).toBe(200);
      const { trace_id: first } = JSON.parse(batches[0]![0]!) as { trace_id: string };
      const questions = [
        () => ask('/ServiceGraph', RANGE),
        () => ask('/TraceSummaries', RANGE),
        () => ask('/InsightSummaries', RANGE),
        () => ask('/TimeSeriesServiceStatistics', RANGE),
        () => ask('/TraceGraph', { TraceIds: [first] }),
        () => ask('/Traces', { TraceIds: [first] }),
        () => ask('/traces.ndjson?limit=1000'),
        () => ask('/api/graph'),
        () => ask('/api/traces?limit=1000&sort=-spans'),
        () => ask(`/api/traces/${first}`),
        () => ask(`/api/traces/${first}/originals`),
        () => ask(`/api/traces/${first}/findings`),
      ];
      for (const question of questions) expect([200, 400]).toContain(await question());
      // On a busy machine some wait too long.
      for (const status of await Promise.all(questions.map((question) => question())))
        expect([200, 400, 429]).toContain(status);
      expect(limit!.oomKills).toBe(0);
      expect(daemon.isRunning).toBe(true);
    } finally {
      await daemon.stop('SIGKILL');
    }
  },
);

test.skipIf(limit === undefined)(
  `documents with very many values do not end a local X-Ray with 128 MiB${skipped}`,
  { timeout: 120_000 },
  async () => {
    const daemon = await limited();
    try {
      const metadata = `{"default":{"k":[${'{},'.repeat(47_999)}{}]}}`;
      for (let call = 0; call < 12; call++) {
        const TraceSegmentDocuments = Array.from({ length: 24 }, () =>
          documentOf('shop', { trace_id: traceId(++ids), metadata: 0 }).replace(
            '"metadata":0',
            `"metadata":${metadata}`,
          ),
        );
        const answer = await fetch(`${daemon.tcpUrl}/TraceSegments`, {
          method: 'POST',
          body: JSON.stringify({ TraceSegmentDocuments }),
        });
        expect([answer.status, await answer.json()]).toEqual([200, { UnprocessedTraceSegments: [] }]);
      }
      expect(limit!.oomKills).toBe(0);
      expect(daemon.isRunning).toBe(true);
    } finally {
      await daemon.stop('SIGKILL');
    }
  },
);
