import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { healthOf, type Parts } from '../../src/http/health.ts';
import { CallPath } from '../../src/pipeline/call-path.ts';
import { RequestGuard } from '../../src/http/request-guard.ts';
import { HttpServer } from '../../src/http/server.ts';
import type { ComponentState } from '../../src/pipeline/component.ts';
import { MemoryLog } from '../fakes/log.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();
const OK: ComponentState[] = [
  { name: 'udp', state: 'ok' },
  { name: 'tcp', state: 'ok' },
];
/** The first two parts are the servers. */
const partsOf = (states: readonly ComponentState[]): Parts => ({
  essential: states.slice(0, 2),
  others: states.slice(2),
});
const isHealthy = (probe: 'live' | 'ready', states: ComponentState[], isStopping = false): boolean =>
  healthOf(probe, partsOf(states), isStopping).isHealthy;

test('AWS, credentials and a full buffer do not make the process unhealthy', () => {
  const parts: ComponentState[] = [
    ...OK,
    { name: 'exporter', state: 'degraded' },
    { name: 'credentials', state: 'failed' },
    { name: 'batcher', state: 'degraded' },
  ];
  expect(isHealthy('live', parts)).toBe(true);
  expect(isHealthy('ready', parts)).toBe(true);
});

test('ready means bound and not stopping; live means not failed', () => {
  const starting: ComponentState[] = [{ name: 'udp', state: 'starting' }, OK[1]!];
  const failed: ComponentState[] = [{ name: 'udp', state: 'failed', reason: 'the receive thread ended' }, OK[1]!];
  expect([isHealthy('live', starting), isHealthy('ready', starting)]).toEqual([true, false]);
  expect([isHealthy('live', failed), isHealthy('ready', failed)]).toEqual([false, false]);
  expect([isHealthy('live', OK, true), isHealthy('ready', OK, true)]).toEqual([true, false]);
  expect(healthOf('live', partsOf(failed), false).reason).toBe('udp: the receive thread ended');
});

async function server(
  parts: ComponentState[],
  port = 0,
  isRequired = true,
  metrics = async (): Promise<string> => 'm 1\n',
): Promise<{ http: HttpServer; log: MemoryLog }> {
  const log = new MemoryLog();
  const deps = {
    parts: () => partsOf(parts),
    isStopping: () => false,
    counts: () => ({ received: 1 }),
    metrics,
    log,
    guard: new RequestGuard({ allowed: [], forClients: [], callPath: new CallPath() }, log),
  };
  return {
    http: await scope.start(new HttpServer({ host: '127.0.0.1', port, isRequired, maxConnections: 512 }, deps)),
    log,
  };
}

test('answers with the state and reason of each part as JSON', async () => {
  const { http } = await server([...OK, { name: 'credentials', state: 'degraded', reason: 'none' }]);
  const answer = await fetch(`http://127.0.0.1:${http.address!.port}/readyz`);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({
    status: 'ok',
    parts: [...OK, { name: 'credentials', state: 'degraded', reason: 'none' }],
    segments: { received: 1 },
  });
  expect((await fetch(`http://127.0.0.1:${http.address!.port}/other`)).status).toBe(404);
  const metrics = await fetch(`http://127.0.0.1:${http.address!.port}/metrics`);
  expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
});

test.each([
  ['HEAD /livez', 200],
  ['GET /livez?verbose', 200],
  ['GET http://localhost/livez', 200],
  ['POST /livez', 404],
  ['GET /livez/', 404],
  ['GET /', 404],
])('%s is answered with %i', async (line, status) => {
  const { http } = await server(OK);
  const socket = connect(http.address!.port, '127.0.0.1');
  socket.write(`${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  const [head, body] = (await text(socket)).split('\r\n\r\n');
  expect(head).toContain(`HTTP/1.1 ${status} `);
  expect(head).toMatch(/content-type: application\/json; charset=utf-8/);
  expect(body !== '').toBe(!line.startsWith('HEAD'));
});

test('an error of the metrics is a 500 for the client and an error in the log', async () => {
  const metrics = (): Promise<string> => Promise.reject(new Error('no registry'));
  const { http, log } = await server(OK, 0, true, metrics);
  const answer = await fetch(`http://127.0.0.1:${http.address!.port}/metrics`);
  expect([answer.status, await answer.json()]).toEqual([500, { error: 'no registry' }]);
  expect(log.find(/please report this/, 'error')).toHaveLength(1);
});

test('a port in use is one error line if it is the default, and ends the start if it was configured', async () => {
  const { http } = await server(OK);
  const { http: second, log } = await server(OK, http.address!.port, false);
  expect(log.find(/--http-address/, 'error')).toHaveLength(1);
  expect(second.state.state).toBe('failed');
  await expect(server(OK, http.address!.port)).rejects.toThrow(/EADDRINUSE/);
});

test('a probe is answered however many connections are open, and some of them are asking', async () => {
  const { http } = await server(OK);
  const { port } = http.address!;
  const get = 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n';
  let answers = 0;
  for (let i = 0; i < 600; i++) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    scope.add(() => void socket.destroy());
    if (i % 2 === 0) continue;
    socket.on('data', () => {
      answers++;
      socket.write(get);
    });
    socket.write(get);
  }
  await expect.poll(() => answers).toBeGreaterThan(300);
  expect((await fetch(`http://127.0.0.1:${port}/livez`)).status).toBe(200);
});
