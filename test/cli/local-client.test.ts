import { expect, test } from 'vitest';
import { LocalXRayClient } from '../../src/cli/local-client.ts';
import { Scope } from '../fakes/scope.ts';
import { FakeServer, json, type Behaviour, type RecordedRequest } from '../fakes/server.ts';

const scope = new Scope();

class Always extends FakeServer {
  readonly #reply: Behaviour;

  constructor(reply: Behaviour) {
    super();
    this.#reply = reply;
  }

  protected override answer(): Behaviour {
    return this.#reply;
  }
}

const trace = { Id: '1-5f84c7a1-0123456789abcdef01234567', Segments: [{ Id: '1', Document: '{}' }] };

test.each<[what: string, reply: Behaviour]>([
  ['a page', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }],
  ['nothing', { status: 200 }],
  ['an empty object', json({})],
  ['"ok"', json('ok')],
  ['null', json(null)],
  ['far more than fits', { status: 200, body: `{"Stored":1,"Refused":[],"x":[${'{},'.repeat(2_000_000)}{}]}` }],
  ['a count that is none', json({ Stored: '1', Refused: [] })],
  ['fewer than were sent', json({ Stored: 0, Refused: [] })],
  ['more than were sent', json({ Stored: 2, Refused: [] })],
  ['a negative count', json({ Stored: -1, Refused: [{}, {}] })],
  ['a list that is none', json({ Stored: 1, Refused: {} })],
])('does not report an import as stored if something other than the local X-Ray answers: %s', async (_what, reply) => {
  const server = await scope.start(new Always(reply));
  const client = new LocalXRayClient({ url: server.url, token: '' });
  await expect(client.import([trace])).rejects.toMatchObject({
    code: 'XRAYD_TRANSFER',
    message: expect.stringContaining('is not a local X-Ray') as string,
  });
});

test('counts what the local X-Ray stored and refused', async () => {
  const server = await scope.start(
    new Always(json({ Stored: 0, Refused: [{ Id: null, ErrorCode: 'ParseError', Message: '' }] })),
  );
  expect(await new LocalXRayClient({ url: server.url, token: '' }).import([trace])).toEqual({
    traces: 1,
    empty: 0,
    stored: 0,
    refused: 1,
    refusals: [{ Id: null, ErrorCode: 'ParseError', Message: '' }],
  });
});

/** Takes bodies of a number of bytes, and answers 429 to the first one of each size. */
class Limited extends FakeServer {
  readonly #maxBytes: number;
  readonly stored: string[] = [];
  isBusy: boolean;

  constructor(maxBytes: number, isBusy = false) {
    super();
    this.#maxBytes = maxBytes;
    this.isBusy = isBusy;
  }

  protected override answer({ body }: RecordedRequest): Behaviour {
    if (this.isBusy) {
      this.isBusy = false;
      return json({ Message: 'xrayd reads too much at one time' }, 429);
    }
    if (body.length > this.#maxBytes) return json({ Message: `The body is larger than ${this.#maxBytes} bytes` }, 413);
    const { TraceSegmentDocuments } = JSON.parse(body.toString()) as { TraceSegmentDocuments: string[] };
    this.stored.push(...TraceSegmentDocuments);
    return json({ Stored: TraceSegmentDocuments.length, Refused: [] });
  }
}

/** A trace of one document of about `bytes` bytes. */
function traceOf(number: number, bytes: number): { Id: string; Segments: { Id: string; Document: string }[] } {
  const Id = `${trace.Id.slice(0, -2)}${String(number).padStart(2, '0')}`;
  return {
    Id,
    Segments: [{ Id: '1', Document: JSON.stringify({ id: `id-${number}`, trace_id: Id, name: 'x'.repeat(bytes) }) }],
  };
}

test.each([
  ['5 MB, as everywhere', 5 * 1024 * 1024, 6_000_000],
  ['less, at a small memory limit', 100_000, 200_000],
])('names a document over the body limit, and stores the others: %s', async (_what, maxBytes, bytes) => {
  const server = await scope.start(new Limited(maxBytes));
  const traces = [1, 2, 3, 4, 5].map((number) => traceOf(number, number === 3 ? bytes : 1_000));
  const imported = await new LocalXRayClient({ url: server.url, token: '' }).import(traces);
  expect(imported).toMatchObject({
    traces: 5,
    stored: 4,
    refused: 1,
    refusals: [{ ErrorCode: 'RequestEntityTooLargeException' }],
  });
  expect(imported.refusals[0]!.Message).toMatch(
    new RegExp(`trace ${traces[2]!.Id} has ${String(bytes)[0]}\\d+ bytes as sent`),
  );
  expect(server.stored.toSorted()).toEqual(
    traces.filter((_, i) => i !== 2).map(({ Segments }) => Segments[0]!.Document),
  );
});

test('the size as sent counts, with escaped quotes', async () => {
  const server = await scope.start(new Limited(5 * 1024 * 1024));
  // Together they are less than 5 MB, and as they are sent more.
  const traces = [1, 2].map((number) => ({
    ...trace,
    Segments: [{ Id: '1', Document: `{"id":"${number}","a":[${'"",'.repeat(600_000)}""]}` }],
  }));
  expect(await new LocalXRayClient({ url: server.url, token: '' }).import(traces)).toMatchObject({
    stored: 2,
    refused: 0,
  });
});

test('retries when the local X-Ray is reading too many bodies', async () => {
  const server = await scope.start(new Limited(5 * 1024 * 1024, true));
  expect(await new LocalXRayClient({ url: server.url, token: '' }).import([traceOf(1, 1_000)])).toMatchObject({
    stored: 1,
    refused: 0,
  });
});

test('remembers the first of a million refusals', async () => {
  const Refused = Array.from({ length: 50 }, () => ({ Id: 'a', ErrorCode: 'b', Message: 'c' }));
  const server = await scope.start(new Always(json({ Stored: 0, Refused })));
  const traces = Array.from({ length: 500 }, (_, i) => traceOf(i % 100, 10));
  const { refused, refusals } = await new LocalXRayClient({ url: server.url, token: '' }).import(traces);
  expect({ refused, remembered: refusals.length }).toEqual({ refused: 500, remembered: 10 });
});
