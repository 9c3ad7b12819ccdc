import { XRayClient } from '@aws-sdk/client-xray';
import { expect, test } from 'vitest';
import { TraceSource, type TraceDocuments } from '../../src/commands/trace-source.ts';
import { Scope } from '../fakes/scope.ts';
import { FakeServer, json, type Behaviour } from '../fakes/server.ts';

const scope = new Scope();

class Scripted extends FakeServer {
  readonly #replies: Readonly<Record<string, Behaviour>>;

  constructor(replies: Readonly<Record<string, Behaviour>>) {
    super();
    this.#replies = replies;
  }

  protected override answer({ target }: { target: string }): Behaviour {
    return this.#replies[target] ?? { status: 404 };
  }
}

async function tracesFrom(summaries: Behaviour, traces: Behaviour): Promise<TraceDocuments[]> {
  const server = await scope.start(new Scripted({ '/TraceSummaries': summaries, '/Traces': traces }));
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const client = new XRayClient({ endpoint: server.url, region: 'us-east-1', credentials, maxAttempts: 1 });
  scope.add(() => client.destroy());
  const found: TraceDocuments[] = [];
  for await (const trace of new TraceSource(client).traces({ ids: [], filter: '', sinceMinutes: 5 })) found.push(trace);
  return found;
}

const ID = '1-5f84c7a1-0123456789abcdef01234567';
const summaries = json({ TraceSummaries: [{ Id: ID }], NextToken: null });

test('an X-Ray without traces is no error', async () => {
  expect(await tracesFrom(json({ TraceSummaries: [], NextToken: null }), { status: 500 })).toEqual([]);
  expect(await tracesFrom(summaries, json({ Traces: [], UnprocessedTraceIds: [] }))).toEqual([]);
});

test.each<[what: string, summaries: Behaviour, traces: Behaviour]>([
  ['an empty object for summaries', json({}), { status: 500 }],
  ['a page for summaries', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }, { status: 500 }],
  ['another object', json({ message: 'ok' }), { status: 500 }],
  ['an empty object for traces', summaries, json({})],
  ['a trace without an id', summaries, json({ Traces: [{ Segments: [] }], UnprocessedTraceIds: [] })],
  ['a segment without a document', summaries, json({ Traces: [{ Id: ID, Segments: [{ Id: '1' }] }], UnprocessedTraceIds: [] })],
])('what is not X-Ray is not taken for an X-Ray without traces: %s', async (_what, first, second) => {
  await expect(tracesFrom(first, second)).rejects.toMatchObject({ code: 'XRAYD_TRANSFER' });
});
