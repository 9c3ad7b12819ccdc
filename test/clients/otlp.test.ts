import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchGetTracesCommand } from '@aws-sdk/client-xray';
import { expect, test } from 'vitest';
import { selfSigned } from '../fakes/certificate.ts';
import { eventually } from '../fakes/eventually.ts';
import { LocalXRay } from '../fakes/local-xray.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';
import { ledgerOf } from '../faults/ledger.ts';
import { prepareSenders } from './prepare.ts';
import { checkSent, endpointOf, sent, type SentSegment } from './sent-trace.ts';

const scope = new Scope();
const FOLDER = mkdtempSync(join(tmpdir(), 'xrayd-tls-'));
Scope.shared().add(() => rmSync(FOLDER, { recursive: true, force: true }));
const [AUTHORITY, KEY] = [join(FOLDER, 'tls.crt'), join(FOLDER, 'tls.key')];
const PORTS = ['--otlp-http', '127.0.0.1:0', '--otlp-grpc', '127.0.0.1:0', '-l', 'info'];

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
      for (const [protocol = '', ...options] of forms) {
        const id = await sent({
          command: command!,
          protocol,
          endpoint: await endpointOf(daemon, protocol),
          options,
        });
        const received = (): string[] => xray.documents.filter((document) => document.includes(id));
        await eventually(() => received().length === 2, 20_000, `${protocol} ${options.join()}`);
        checkSent(received().map((document) => JSON.parse(document) as SentSegment));
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
      for (const [protocol = '', ...options] of forms) {
        const id = await sent({
          command: command!,
          protocol,
          endpoint: await endpointOf(local.daemon, protocol),
          options,
        });
        const { Traces } = await local.client.send(new BatchGetTracesCommand({ TraceIds: [id] }));
        checkSent(Traces![0]!.Segments!.map(({ Document }) => JSON.parse(Document!) as SentSegment));
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
        const id = await sent({ command: command!, protocol, endpoint, authority: AUTHORITY });
        const { Traces } = await local.client.send(new BatchGetTracesCommand({ TraceIds: [id] }));
        checkSent(Traces![0]!.Segments!.map(({ Document }) => JSON.parse(Document!) as SentSegment));
      }
    },
    90_000,
  );
}
