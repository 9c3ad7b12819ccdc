import { expect, test } from 'vitest';
import { LocalClient } from '../../src/commands/local-client.ts';
import { Scope } from '../fakes/scope.ts';
import { FakeServer, json, type Behaviour } from '../fakes/server.ts';

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
  ['a count that is none', json({ Stored: '1', Refused: [] })],
  ['a list that is none', json({ Stored: 1, Refused: {} })],
])('an import that something else answers is not said to be stored: %s', async (_what, reply) => {
  const server = await scope.start(new Always(reply));
  const client = new LocalClient({ url: server.url, token: '' });
  await expect(client.import([trace])).rejects.toMatchObject({
    code: 'XRAYD_TRANSFER',
    message: expect.stringContaining('is not a local X-Ray') as string,
  });
});

test('what the local X-Ray stored and refused is counted', async () => {
  const server = await scope.start(new Always(json({ Stored: 0, Refused: [{ Id: null, ErrorCode: 'ParseError', Message: '' }] })));
  expect(await new LocalClient({ url: server.url, token: '' }).import([trace])).toMatchObject({
    traces: 1,
    stored: 0,
    refused: [{ ErrorCode: 'ParseError' }],
  });
});
