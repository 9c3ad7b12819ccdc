import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { ALL_OPERATIONS } from '../../src/formats/xray/operations.ts';
import { CallPath } from '../../src/pipeline/call-path.ts';
import { RequestGuard } from '../../src/http/request-guard.ts';
import { XRayBackend } from '../../src/api/backend.ts';
import { isSmall } from '../../src/api/read-gate.ts';
import { XRayApi } from '../../src/api/server.ts';
import { ConsoleLines } from '../../src/exporters/store/console-lines.ts';
import { Ingest } from '../../src/threads/ingest.ts';
import { LiveFeed } from '../../src/api/live.ts';
import { Store } from '../../src/threads/store.ts';
import { formatAddress } from '../../src/pipeline/address.ts';
import { newCounters } from '../../src/pipeline/counters.ts';
import { MemoryLog } from '../fakes/log.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();

/** A store whose service graphs take until `finish` is called. */
class SlowStore extends Store {
  readonly #finished = Promise.withResolvers<void>();
  asked = 0;

  override async read(...[name, args]: Parameters<Store['read']>): Promise<never> {
    if (name === 'serviceGraph') {
      this.asked++;
      await this.#finished.promise;
    }
    // More than all answers may have unread.
    if (name === 'overview') return 'x'.repeat(2e7) as never;
    return super.read(name, args) as Promise<never>;
  }

  finish(): void {
    this.#finished.resolve();
  }
}

async function start(): Promise<{ store: SlowStore; url: string }> {
  const log = new MemoryLog();
  const store = await scope.start(new SlowStore({ file: '', maxBytes: 1e8 }));
  const feed = new LiveFeed();
  const lines = new ConsoleLines({ write: () => {}, hasColor: false, nowMs: () => 0 });
  const ingest = new Ingest({ store, log, lines, onChanged: () => {} });
  const backend = new XRayBackend(
    { account: { region: 'us-east-1', accountId: '123456789012' }, defaultSampling: 'all' },
    { store, ingest, feed },
  );
  await backend.open();
  const status = () => ({ version: '0', address: '', received: 0, lost: 0 });
  const guard = new RequestGuard({ allowed: [], forClients: [], callPath: new CallPath() }, log);
  const deps = {
    backend,
    intake: undefined as never,
    guard,
    log,
    counters: newCounters(),
    otlp: async () => {},
    status,
    sample: () => ({ traceId: '', documents: [] }),
  };
  const api = await scope.start(
    new XRayApi({ host: '127.0.0.1', port: 0, token: '', maxBodiesBytes: 1e7, maxConnections: 512 }, deps),
  );
  return { store, url: `http://${formatAddress(api.address!)}` };
}

test('answers the page, its list, settings and status while graphs use all their slots', async () => {
  const { store, url } = await start();
  const graphs = Array.from({ length: 20 }, () => fetch(`${url}/api/graph`));
  const hasStarted = expect.poll(() => store.asked).toBe(2);
  await hasStarted;
  for (const path of ['/', '/api/traces', '/api/window', '/api/row', '/api/status', '/api/suggestions'])
    expect((await fetch(url + path)).status).toBe(200);
  for (const path of ['/Groups', '/GetSamplingRules', '/ListResourcePolicies'])
    expect((await fetch(url + path, { method: 'POST' })).status).toBe(200);
  expect(store.asked).toBe(2);
  store.finish();
  expect((await Promise.all(graphs)).map((answer) => answer.status)).toEqual(Array(20).fill(200));
});

test('unread large answers leave the page, its list and status their own budget', async () => {
  const { url } = await start();
  for (let i = 0; i < 2; i++) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    scope.add(() => void socket.destroy());
    const begins = once(socket, 'readable');
    socket.write('GET /api/overview HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await begins;
  }
  for (const path of ['/', '/api/traces', '/api/window', '/api/status'])
    expect((await fetch(url + path)).status, path).toBe(200);
}, 30_000);

test('operations that read traces or return documents do not count as small', () => {
  const large = ALL_OPERATIONS.filter(({ path }) => !isSmall(path)).map(({ name }) => name);
  expect(large).toEqual(
    ALL_OPERATIONS.map(({ name }) => name).filter(
      (name) =>
        /Trace(s|Graph|Retrieval|Summaries)$|TracesGraph|Insight|Graph|TimeSeries/.test(name) &&
        !name.startsWith('Cancel'),
    ),
  );
  for (const path of [
    '/api/traces/:id',
    '/api/graph',
    '/api/overview',
    '/api/traces/:id/findings',
    '/api/traces/:id/originals',
    '/api/import',
    '/nowhere',
  ])
    expect(isSmall(path)).toBe(false);
});
