import { XRayClient, type XRayClientConfig } from '@aws-sdk/client-xray';
import { BoundedHandler } from '../../src/aws/answer-bounds.ts';
import { expect, test } from 'vitest';
import { RemoteTraces, type RemoteTracesOptions, type ReturnedTrace } from '../../src/cli/remote-traces.ts';
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

async function tracesFrom(
  summaries: Reply,
  traces: Reply,
  config: XRayClientConfig = {},
  options: RemoteTracesOptions = {},
): Promise<ReturnedTrace[]> {
  const server = await scope.start(new Scripted({ '/TraceSummaries': summaries, '/Traces': traces }));
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const client = new XRayClient({ endpoint: server.url, region: 'us-east-1', credentials, maxAttempts: 1, ...config });
  scope.add(() => client.destroy());
  const found: ReturnedTrace[] = [];
  for await (const trace of new RemoteTraces(client, options).traces({
    ids: [],
    filter: '',
    text: '',
    sinceMs: 300_000,
  }))
    found.push(trace);
  return found;
}

const ID = '1-5f84c7a1-0123456789abcdef01234567';
const summaries = json({ TraceSummaries: [{ Id: ID }], NextToken: null });

test('an X-Ray without traces is not an error', async () => {
  expect(await tracesFrom(json({ TraceSummaries: [], NextToken: null }), { status: 500 })).toEqual([]);
  expect(await tracesFrom(summaries, json({ Traces: [], UnprocessedTraceIds: [] }))).toEqual([]);
});

test.each<[what: string, summaries: Behaviour, traces: Behaviour]>([
  ['an empty object for summaries', json({}), { status: 500 }],
  ['a page for summaries', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }, { status: 500 }],
  ['another object', json({ message: 'ok' }), { status: 500 }],
  ['an empty object for traces', summaries, json({})],
  ['a trace without an id', summaries, json({ Traces: [{ Segments: [] }], UnprocessedTraceIds: [] })],
  [
    'a segment without a document',
    summaries,
    json({ Traces: [{ Id: ID, Segments: [{ Id: '1' }] }], UnprocessedTraceIds: [] }),
  ],
])('does not mistake another server for an X-Ray without traces: %s', async (_what, first, second) => {
  await expect(tracesFrom(first, second)).rejects.toMatchObject({ code: 'XRAYD_TRANSFER' });
});

test.each<[said: string, answer: Behaviour]>([
  [
    'HTTP 404, content-type: text/html, server: nginx',
    { status: 404, headers: { 'content-type': 'text/html', server: 'nginx' }, body: '<html>' },
  ],
  ['HTTP 200, content-type: text/html', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }],
  ['HTTP 503', { status: 503, body: '' }],
  ['HTTP 503', { status: 503, body: 'busy' }],
  ['HTTP 403', { status: 403, body: '{"message":"by the gateway"}' }],
  [
    'HTTP 302, location: https://login.example/',
    { status: 302, headers: { location: 'https://login.example/' }, body: '' },
  ],
  ['HTTP 200', { status: 200, body: 'null' }],
])('the error describes a server that answers instead of X-Ray: %s', async (said, answer) => {
  const message = new RegExp(`^the server that answered is not X-Ray: ${said}(, .*)?\\. A proxy\\? Check the endpoint`);
  for (const first of [answer, summaries]) {
    await expect(tracesFrom(first, answer)).rejects.toMatchObject({
      code: 'XRAYD_TRANSFER',
      message: expect.stringMatching(message) as string,
    });
  }
});

test('reads every page of summaries, even empty ones, of traces, and of traces that X-Ray left for another call', async () => {
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
      if (isLast && TraceIds.length > 1)
        return json({ Traces: [], UnprocessedTraceIds: [TraceIds[page]], NextToken: null });
      return json({
        Traces: [{ Id: TraceIds[page], Segments: [] }],
        UnprocessedTraceIds: [],
        NextToken: isLast ? null : String(page + 1),
      });
    },
  );
  expect(found.map(({ Id }) => Id)).toEqual(ids);
});

test.each<[what: string, summaries: Behaviour, traces: Behaviour]>([
  ['summaries', json({ TraceSummaries: [], NextToken: 'again' }), { status: 500 }],
  ['traces', summaries, json({ Traces: [], UnprocessedTraceIds: [], NextToken: 'again' })],
])('endless pages of %s are an error', async (_what, first, second) => {
  await expect(tracesFrom(first, second)).rejects.toMatchObject({
    code: 'XRAYD_TRANSFER',
    message: expect.stringMatching(/same NextToken/),
  });
});

test('stops at pages of summaries or traces that have new tokens but nothing new', async () => {
  let tokens = 0;
  const endless =
    (page: object): Reply =>
    () =>
      json({ ...page, NextToken: String(++tokens) });
  const failure = {
    code: 'XRAYD_TRANSFER',
    message: expect.stringMatching(/ 20 consecutive pages without anything new/),
  };
  const cases: [summaries: Reply, traces: Reply][] = [
    [endless({ TraceSummaries: [] }), { status: 500 }],
    [endless({ TraceSummaries: [{ Id: ID }] }), json({ Traces: [], UnprocessedTraceIds: [] })],
    [summaries, endless({ Traces: [{ Id: ID, Segments: [] }], UnprocessedTraceIds: [] })],
  ];
  for (const [first, second] of cases)
    await expect(tracesFrom(first, second, {}, { maxIdlePages: 20 })).rejects.toMatchObject(failure);
  // The first page of the second and third case has something new.
  expect(tokens).toBe(20 + 21 + 21);
});

test('fetches a trace once that is listed twice', async () => {
  const listed = json({ TraceSummaries: [{ Id: ID }, { Id: ID }], NextToken: null });
  const traces: Reply = ({ TraceIds = [] }) =>
    json({ Traces: TraceIds.map((Id) => ({ Id, Segments: [] })), UnprocessedTraceIds: [] });
  expect((await tracesFrom(listed, traces)).map(({ Id }) => Id)).toEqual([ID]);
});

const deep = `{"TraceSummaries":${'['.repeat(100_000)}-0${']'.repeat(100_000)}}`;

test.each<[what: string, summaries: Behaviour, traces: Behaviour, message: RegExp]>([
  ['an answer nested deep', { status: 200, body: deep }, { status: 500 }, /the server that answered is not X-Ray/],
  [
    'a list of nothing',
    json({ TraceSummaries: [null] }),
    { status: 500 },
    /the server that answered is not X-Ray: a trace has no ID/,
  ],
  [
    'a number for an id',
    json({ TraceSummaries: [{ Id: -1 }] }),
    { status: 500 },
    /the server that answered is not X-Ray|Expected string/,
  ],
  [
    'a list of no traces',
    summaries,
    json({ Traces: [null, -1], UnprocessedTraceIds: [] }),
    /the server that answered is not X-Ray: a trace has no ID/,
  ],
  [
    'an id of a megabyte',
    json({ TraceSummaries: [{ Id: 'x'.repeat(1_000_000) }] }),
    { status: 500 },
    /a trace ID has 1000000 characters/,
  ],
  [
    'it returned more traces than requested',
    summaries,
    json({ Traces: ['a', 'b'].map((Id) => ({ Id, Segments: [] })), UnprocessedTraceIds: [] }),
    /it returned more traces than requested/,
  ],
  [
    'an ID with escapes for a terminal',
    json({ TraceSummaries: [{ Id: '\u001b[31m\n' }] }),
    json({ Traces: [], UnprocessedTraceIds: ['\u001b[31m\n'] }),
    /a trace ID has characters that are not printable/,
  ],
  ['a number as a token', json({ TraceSummaries: [], NextToken: 5 }), { status: 500 }, /its NextToken is not a string/],
  [
    'a number as the list of unprocessed traces',
    summaries,
    json({ Traces: [], UnprocessedTraceIds: 5 }),
    /its answer has no UnprocessedTraceIds/,
  ],
  [
    'an error whose message is an object',
    { status: 400, headers: { 'x-amzn-errortype': 'Some' }, body: '{"message":{"a":1}}' },
    { status: 500 },
    /^X-Ray did not return its traces: Some: \{"a":1\}$/,
  ],
  [
    'an error of a megabyte with escapes for a terminal',
    {
      status: 400,
      headers: { 'x-amzn-errortype': 'Some' },
      body: JSON.stringify({ message: `\u001b[31m\n${'x'.repeat(1_000_000)}` }),
    },
    { status: 500 },
    /^X-Ray did not return its traces: Some: \\u\{1b\}\[31m\\nx{1,500}/,
  ],
])('one line explains what is wrong with %s', async (_what, first, second, message) => {
  const error = (await tracesFrom(first, second).catch((reason: unknown) => reason)) as Error;
  expect(error).toMatchObject({ code: 'XRAYD_TRANSFER', message: expect.stringMatching(message) });
  expect(error.message.length).toBeLessThan(1_000);
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  expect(error.message).not.toMatch(/[\u0000-\u001f]/);
});

test('ignores a million unprocessed traces that were not requested', async () => {
  const UnprocessedTraceIds = Array.from({ length: 1_000_000 }, (_, i) => `t${i}`);
  expect(await tracesFrom(summaries, json({ Traces: [], UnprocessedTraceIds }))).toEqual([]);
});

test.each<[what: string, body: string]>([
  ['has millions of values', `{"TraceSummaries":[${'{},'.repeat(1_000)}{}]}`],
  ['is nested deeply', `{"TraceSummaries":${'['.repeat(100)}${']'.repeat(100)}}`],
])('does not parse an answer that %s', async (_what, body) => {
  const bounds = { maxBytes: 1e6, timeoutMs: 5_000, json: { maxDepth: 64, maxValues: 500 } };
  const requestHandler = new BoundedHandler({}, bounds);
  await expect(tracesFrom({ status: 200, body }, { status: 500 }, { requestHandler })).rejects.toMatchObject({
    code: 'XRAYD_TRANSFER',
    message: expect.stringContaining("not X-Ray's: it has more than 500 values or 64 levels") as string,
  });
});

test.each<[what: string, reply: Behaviour, message: RegExp]>([
  ['never ends', 'drip', /the whole answer: no answer within 300 ms/],
  ['is larger than answers are', { status: 200, body: ' '.repeat(100_000) }, /the answer is larger than 10000 bytes/],
  ['is a large error', { status: 500, body: ' '.repeat(100_000) }, /the answer is larger than 10000 bytes/],
])('abandons an answer that %s', async (_what, reply, message) => {
  const requestHandler = new BoundedHandler({}, { maxBytes: 10_000, timeoutMs: 300 });
  await expect(tracesFrom(reply, { status: 500 }, { requestHandler })).rejects.toMatchObject({
    code: 'XRAYD_TRANSFER',
    message: expect.stringMatching(message) as string,
  });
});

test('a list of ever new traces ends, except of the local X-Ray, which stores what it lists', async () => {
  let listed = 0;
  const idOf = (n: number): string => `1-5f84c7a1-${String(n).padStart(24, '0')}`;
  const endless: Reply = () => {
    const page = Array.from({ length: 10 }, () => ({ Id: idOf(listed++) }));
    return json({ TraceSummaries: page, NextToken: listed < 60 ? `after ${listed}` : null });
  };
  const none = json({ Traces: [], UnprocessedTraceIds: [] });
  await expect(tracesFrom(endless, none, {}, { maxListed: 25 })).rejects.toThrow('X-Ray lists more than 25 traces');
  expect(listed).toBe(30);
  listed = 0;
  expect(await tracesFrom(endless, none, {}, { maxListed: 25, isLocal: true })).toEqual([]);
  expect(listed).toBe(60);
});
