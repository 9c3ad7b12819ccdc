import { XRayClient } from '@aws-sdk/client-xray';
import { expect, test } from 'vitest';
import { TraceSource, type TraceDocuments } from '../../src/commands/trace-source.ts';
import { Scope } from '../fakes/scope.ts';
import { FakeServer, json, type Behaviour, type RecordedRequest } from '../fakes/server.ts';

const scope = new Scope();

/** An answer, or what makes one of the request's body. */
type Reply = Behaviour | ((body: { NextToken?: string; TraceIds?: string[] }) => Behaviour);

class Scripted extends FakeServer {
  readonly #replies: Readonly<Record<string, Reply>>;

  constructor(replies: Readonly<Record<string, Reply>>) {
    super();
    this.#replies = replies;
  }

  protected override answer({ target, body }: RecordedRequest): Behaviour {
    const reply = this.#replies[target] ?? { status: 404 };
    return typeof reply === 'function' ? reply(JSON.parse(body.toString()) as object) : reply;
  }
}

async function tracesFrom(summaries: Reply, traces: Reply): Promise<TraceDocuments[]> {
  const server = await scope.start(new Scripted({ '/TraceSummaries': summaries, '/Traces': traces }));
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const client = new XRayClient({ endpoint: server.url, region: 'us-east-1', credentials, maxAttempts: 1 });
  scope.add(() => client.destroy());
  const found: TraceDocuments[] = [];
  for await (const trace of new TraceSource(client).traces({ ids: [], filter: '', text: '', sinceMinutes: 5 })) found.push(trace);
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

test('each page is read: of summaries, an empty one too, of traces, and of those that X-Ray left for another call', async () => {
  const ids = ['0', '1', '2', '3'].map((last) => `${ID.slice(0, -1)}${last}`);
  const found = await tracesFrom(
    ({ NextToken = '0' }) => {
      const page = Number(NextToken);
      return json({
        TraceSummaries: page === 1 ? [] : ids.slice(page, page + 2).map((Id) => ({ Id })),
        NextToken: page < 2 ? String(page + 1) : null,
      });
    },
    ({ TraceIds = [], NextToken = '0' }) => {
      const page = Number(NextToken);
      const isLast = page + 1 >= TraceIds.length;
      // The first call leaves the last one for another call.
      if (isLast && TraceIds.length > 1) return json({ Traces: [], UnprocessedTraceIds: [TraceIds[page]], NextToken: null });
      return json({ Traces: [{ Id: TraceIds[page], Segments: [] }], UnprocessedTraceIds: [], NextToken: isLast ? null : String(page + 1) });
    },
  );
  expect(found.map(({ Id }) => Id)).toEqual(ids);
});

test.each<[what: string, summaries: Behaviour, traces: Behaviour]>([
  ['summaries', json({ TraceSummaries: [], NextToken: 'again' }), { status: 500 }],
  ['traces', summaries, json({ Traces: [], UnprocessedTraceIds: [], NextToken: 'again' })],
])('pages of %s without an end are an error', async (_what, first, second) => {
  await expect(tracesFrom(first, second)).rejects.toMatchObject({ code: 'XRAYD_TRANSFER', message: /same NextToken/ });
});
