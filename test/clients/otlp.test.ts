import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BatchGetTracesCommand } from '@aws-sdk/client-xray';
import { expect, test } from 'vitest';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';
import { LocalXRay } from '../fakes/local-xray.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';
import { ledgerOf } from '../faults/ledger.ts';
import { prepareSenders } from './prepare.ts';

const scope = new Scope();
const run = promisify(execFile);
const PORTS = ['--otlp-http', '127.0.0.1:0', '--otlp-grpc', '127.0.0.1:0', '-l', 'info'];

interface Segment {
  readonly id: string;
  readonly name: string;
  readonly parent_id?: string;
  readonly type?: string;
  readonly fault?: boolean;
  readonly http?: { readonly response?: { readonly status?: number } };
  readonly cause?: {
    readonly exceptions?: readonly { readonly message: string; readonly stack?: readonly unknown[] }[];
  };
  readonly links?: readonly unknown[];
  readonly sql?: { readonly sanitized_query?: string };
  readonly subsegments?: readonly Segment[];
  readonly metadata?: { readonly default?: Record<string, unknown> };
}

async function endpointOf(daemon: DaemonProcess, protocol: string): Promise<string> {
  const pattern = protocol === 'grpc' ? /receiving OTLP over gRPC/ : /receiving OTLP over HTTP/;
  await eventually(() => daemon.find(pattern) !== undefined);
  return `http://${String(daemon.find(pattern)!['address'])}`;
}

/** In X-Ray's form. */
async function sent(command: readonly string[], ...args: readonly string[]): Promise<string> {
  const { stdout } = await run(command[0]!, [...command.slice(1), ...args], { timeout: 60_000 });
  const [id = '', end] = stdout.trim().split('\n');
  expect(end, stdout).toBe('flushed');
  return `1-${id.slice(0, 8)}-${id.slice(8)}`;
}

function check(segments: readonly Segment[]): void {
  const root = segments.find(({ type }) => type !== 'subsegment')!;
  expect(root).toMatchObject({ name: 'otel-shop', fault: true, http: { response: { status: 500 } } });
  const [exception] = root.cause!.exceptions!;
  expect(exception!.message).toBe('card declined');
  expect(exception!.stack!.length).toBeGreaterThan(0);
  expect(root.links).toHaveLength(1);
  expect(root.metadata!.default!['otel.span.name']).toBe('POST /orders/:id');
  expect(JSON.stringify(root.metadata!.default!['otel.events'])).toContain('cart loaded');
  // X-Ray returns subsegments inside their segment.
  const calls = [...segments.filter(({ parent_id: id }) => id === root.id), ...(root.subsegments ?? [])];
  expect(calls.map(({ sql }) => sql?.sanitized_query)).toEqual(['SELECT 1']);
}

for (const { name, command, skipped } of prepareSenders()) {
  const forms = [
    ['http'],
    ['http', 'gzip'],
    ['grpc'],
    ['grpc', 'gzip'],
    ...(name === 'otel-node' ? [['json'], ['json', 'gzip']] : []),
  ];
  test.skipIf(command === undefined)(
    `${name}: X-Ray receives the spans of its SDK as segments${skipped && ` (skipped: ${skipped})`}`,
    async () => {
      const xray = await scope.start(new FakeXRay());
      const daemon = await scope.daemon({
        args: ['--endpoint', xray.url, '-n', 'us-east-1', ...PORTS],
        env: EXAMPLE_KEYS,
      });
      for (const [protocol = '', ...more] of forms) {
        const id = await sent(command!, protocol, await endpointOf(daemon, protocol), ...more);
        const received = (): string[] => xray.documents.filter((document) => document.includes(id));
        await eventually(() => received().length === 2, 20_000, `${protocol} ${more.join()}`);
        check(received().map((document) => JSON.parse(document) as Segment));
      }
      expect(xray.problems).toEqual([]);
      expect(ledgerOf(await daemon.metrics())).toMatchObject({ received: 2 * forms.length, imbalance: 0 });
    },
    90_000,
  );

  test.skipIf(command === undefined)(
    `${name}: the local X-Ray shows the trace of its SDK as soon as the SDK has sent it${skipped && ` (skipped: ${skipped})`}`,
    async () => {
      const local = await LocalXRay.of(scope, ...PORTS);
      for (const [protocol = '', ...more] of forms) {
        const id = await sent(command!, protocol, await endpointOf(local.daemon, protocol), ...more);
        const { Traces } = await local.client.send(new BatchGetTracesCommand({ TraceIds: [id] }));
        check(Traces![0]!.Segments!.map(({ Document }) => JSON.parse(Document!) as Segment));
        const whole = await (await fetch(`${local.daemon.tcpUrl}/api/traces/${id}`)).text();
        for (const text of ['"format":"otlp"', 'POST /orders/:id', 'cart loaded', '"why"'])
          expect(whole).toContain(text);
      }
    },
    90_000,
  );
}
