import { expect, test } from 'vitest';
import { healthProblem } from '../../src/cli/ready-probe.ts';
import { RawUpstream } from '../fakes/raw-upstream.ts';
import { Scope } from '../fakes/scope.ts';
import { FakeServer, json, type Behaviour } from '../fakes/server.ts';

const scope = new Scope();

class Always extends FakeServer {
  reply: Behaviour = 'hang';

  protected override answer(): Behaviour {
    return this.reply;
  }
}

test.each<[what: string, reply: Behaviour, problem: string | undefined]>([
  ['a daemon that is ready', json({ status: 'ok', parts: [] }), undefined],
  ['a daemon that is not', json({ status: 'failing', parts: [] }, 503), 'HTTP 503'],
  ['a page', { status: 200, body: '<html>' }, 'the server that answered is not xrayd'],
  ['nothing', { status: 200 }, 'the server that answered is not xrayd'],
  ['null', json(null), 'the server that answered is not xrayd'],
  ['another program', json({ status: 'ok' }), 'the server that answered is not xrayd'],
  ['far too much', { status: 200, body: Buffer.alloc(5e6, 'x') }, expect.stringContaining('larger than 65536 bytes')],
])('healthcheck reads /readyz of xrayd only: %s', async (_what, reply, problem) => {
  const server = await scope.start(new Always());
  server.reply = reply;
  expect(await healthProblem({ host: '127.0.0.1', port: server.port })).toEqual(problem);
});

test.each<Behaviour>(['hang', 'reset'])('no answer is no health: %s', async (reply) => {
  const server = await scope.start(new Always());
  server.reply = reply;
  expect(await healthProblem({ host: '127.0.0.1', port: server.port }, 300)).toMatch(/./);
});

test('a server that switches protocols is not healthy', async () => {
  const server = await scope.start(new RawUpstream());
  server.reply = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n';
  const port = Number(new URL(server.url).port);
  expect(await healthProblem({ host: '127.0.0.1', port })).toBe('HTTP 101');
});
