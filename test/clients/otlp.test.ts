import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BatchGetTracesCommand } from '@aws-sdk/client-xray';
import { expect, test } from 'vitest';
import { selfSigned } from '../fakes/certificate.ts';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';
import { LocalXRay } from '../fakes/local-xray.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';
import { ledgerOf } from '../faults/ledger.ts';
import { prepareSenders } from './prepare.ts';

const scope = new Scope();
const run = promisify(execFile);
const FOLDER = mkdtempSync(join(tmpdir(), 'xrayd-tls-'));
Scope.shared().add(() => rmSync(FOLDER, { recursive: true, force: true }));
const [AUTHORITY, KEY] = [join(FOLDER, 'tls.crt'), join(FOLDER, 'tls.key')];
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

async function endpointOf(daemon: DaemonProcess, protocol: string, scheme = 'http'): Promise<string> {
  const pattern = protocol === 'grpc' ? /receiving OTLP over gRPC/ : /receiving OTLP over HTTP/;
  await eventually(() => daemon.find(pattern) !== undefined);
  return `${scheme}://${String(daemon.find(pattern)!['address'])}`;
}

/** The ID of the trace that a program has sent, in X-Ray's form. Java's agent reads only variables. */
async function sent(
  command: readonly string[],
  protocol: string,
  endpoint: string,
  ...more: readonly string[]
): Promise<string> {
  const variables = {
    OTEL_SERVICE_NAME: 'otel-shop',
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol === 'grpc' ? 'grpc' : 'http/protobuf',
    OTEL_EXPORTER_OTLP_COMPRESSION: more.includes('gzip') ? 'gzip' : 'none',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
  };
  // requests for Python prefers its own variables.
  const authority = endpoint.startsWith('https:')
    ? { OTEL_EXPORTER_OTLP_CERTIFICATE: AUTHORITY, REQUESTS_CA_BUNDLE: AUTHORITY }
    : {};
  const env = { ...process.env, ...authority, ...(command[0] === 'java' ? variables : {}) };
  const { stdout } = await run(command[0]!, [...command.slice(1), protocol, endpoint, ...more], {
    timeout: 60_000,
    env,
  });
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

const FORMS = [['http'], ['http', 'gzip'], ['grpc'], ['grpc', 'gzip']];

function formsOf(client: string): readonly (readonly string[])[] {
  if (client === 'otel-node') return [...FORMS, ['json'], ['json', 'gzip']];
  // A JVM with the agent takes seconds to start.
  return client === 'otel-java' ? [['http', 'gzip'], ['grpc']] : FORMS;
}

for (const { name, command, skipped } of prepareSenders()) {
  const forms = formsOf(name);
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
        for (const text of ['"format":"otlp"', 'POST /orders/:id', 'cart loaded', '"items"'])
          expect(whole).toContain(text);
        // Java's agent does not pass on the attributes of an application's links.
        if (name !== 'otel-java') expect(whole).toContain('"why"');
      }
    },
    90_000,
  );

  test.skipIf(command === undefined)(
    `${name}: the local X-Ray receives the spans of its SDK over TLS${skipped && ` (skipped: ${skipped})`}`,
    async () => {
      const { cert, key } = await selfSigned('localhost');
      writeFileSync(AUTHORITY, cert);
      writeFileSync(KEY, key);
      const local = await LocalXRay.of(scope, ...PORTS, '--otlp-tls-cert', AUTHORITY, '--otlp-tls-key', KEY);
      for (const protocol of name === 'otel-java' ? ['grpc'] : ['http', 'grpc']) {
        // gRPC for Node takes no certificate for an address.
        const endpoint = (await endpointOf(local.daemon, protocol, 'https')).replace('127.0.0.1', 'localhost');
        const id = await sent(command!, protocol, endpoint);
        const { Traces } = await local.client.send(new BatchGetTracesCommand({ TraceIds: [id] }));
        check(Traces![0]!.Segments!.map(({ Document }) => JSON.parse(Document!) as Segment));
      }
    },
    90_000,
  );
}
