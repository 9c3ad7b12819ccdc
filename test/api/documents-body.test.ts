import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { Batcher } from '../../src/batcher/batcher.ts';
import { DocumentsIntake } from '../../src/api/documents-intake.ts';
import { LocalExporter } from '../../src/exporters/store/local-exporter.ts';
import { Accounting, imbalanceOf } from '../../src/pipeline/accounting.ts';
import { XRayBackend } from '../../src/api/backend.ts';
import { LiveFeed } from '../../src/api/live.ts';
import { XRayApi } from '../../src/api/server.ts';
import { ConsoleLines } from '../../src/exporters/store/console-lines.ts';
import { CallPath } from '../../src/pipeline/call-path.ts';
import { RequestGuard } from '../../src/http/request-guard.ts';
import { formatAddress } from '../../src/pipeline/address.ts';
import { newCounters } from '../../src/pipeline/counters.ts';
import { Ingest } from '../../src/threads/ingest.ts';
import { Store } from '../../src/threads/store.ts';
import { MemoryLog } from '../fakes/log.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();

/** A store that has stored documents, but says so only when `finish` is called. */
class SlowStore extends Store {
  readonly #asked = Promise.withResolvers<void>();
  readonly #finished = Promise.withResolvers<void>();

  get asked(): Promise<void> {
    return this.#asked.promise;
  }

  override async write(...[name, args]: Parameters<Store['write']>): Promise<never> {
    const result = await super.write(name, args);
    if (name === 'put') {
      this.#asked.resolve();
      await this.#finished.promise;
    }
    return result as never;
  }

  finish(): void {
    this.#finished.resolve();
  }
}

function documentOf(n: number): string {
  const seconds = Math.floor(performance.timeOrigin / 1000);
  const id = n.toString(16).padStart(16, '0');
  const annotations = { n, text: 'größe "ß"\n' };
  return JSON.stringify({
    trace_id: `1-${seconds.toString(16)}-00000000${id}`,
    id,
    name: 'a',
    start_time: seconds,
    end_time: seconds + 1,
    annotations,
  });
}

test('documents of a client that disconnects before they are stored are counted and forwarded like all others', async () => {
  const log = new MemoryLog();
  const store = await scope.start(new SlowStore({ file: '', maxBytes: 1e8 }));
  const forwarded: string[] = [];
  const lines = new ConsoleLines({ write: () => {}, hasColor: false, nowMs: () => 0 });
  const ingest = new Ingest({
    store,
    log,
    lines,
    onChanged: () => {},
  });
  const backend = new XRayBackend(
    { account: { region: 'us-east-1', accountId: '123456789012' }, defaultSampling: 'all' },
    { store, ingest, feed: new LiveFeed() },
  );
  await backend.open();
  const accounting = new Accounting();
  const onStored = (some: readonly Uint8Array[]): void => void forwarded.push(...some.map(String));
  const exporter = new LocalExporter({ ingest, lines, log, counters: newCounters(), onStored });
  const limits = { maxBytes: 1e7, maxAgeMs: 1_000, concurrency: 1, retryMaxAgeMs: 60_000, isNewestFirst: false };
  const batcher = new Batcher(limits, { exporter, accounting, log });
  scope.add(() => batcher.stop(AbortSignal.timeout(1_000)));
  const deps = {
    backend,
    intake: new DocumentsIntake({ sink: batcher, ingest, accounting }),
    guard: new RequestGuard({ allowed: [], forClients: [], callPath: new CallPath() }, log),
    log,
    counters: newCounters(),
    otlp: async () => {},
    status: () => ({ version: '0', address: '', received: 0, lost: 0 }),
    sample: () => ({ traceId: '', documents: [] }),
  };
  const api = await scope.start(
    new XRayApi({ host: '127.0.0.1', port: 0, token: '', maxBodiesBytes: 1e7, maxConnections: 512 }, deps),
  );

  const documents = Array.from({ length: 20 }, (_, i) => documentOf(i + 1));
  const body = JSON.stringify({ TraceSegmentDocuments: ['T1Sabc', ...documents] });
  const socket = connect(api.address!.port, '127.0.0.1');
  socket.write(
    `POST /TraceSegments HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  await store.asked;
  socket.resume().end();
  // Until the server has closed its side too.
  await once(socket, 'close');
  expect((await fetch(`http://${formatAddress(api.address!)}/api/status`)).status).toBe(200);
  store.finish();

  await expect.poll(() => accounting.sent).toBe(20);
  expect(accounting.snapshot()).toMatchObject({ received: 21, rejected: { otlp: 1 } });
  expect(imbalanceOf(accounting.snapshot())).toBe(0);
  expect(forwarded).toEqual(documents);
  expect(log.find(/please report/)).toEqual([]);
});
