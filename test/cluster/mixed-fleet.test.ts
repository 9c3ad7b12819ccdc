import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { eventually } from '../fakes/eventually.ts';
import { Scope } from '../fakes/scope.ts';
import { addressOf, deployApplication } from './applications.ts';
import { install, setUp } from './setting.ts';

const scope = new Scope();

interface Segment {
  readonly id: string;
  readonly name: string;
  readonly trace_id?: string;
  readonly parent_id?: string;
  readonly type?: string;
  readonly namespace?: string;
  readonly subsegments?: readonly Segment[];
}

const withInner = (segment: Segment): Segment[] => [segment, ...(segment.subsegments ?? []).flatMap(withInner)];

test('a mixed fleet: a trace through pods with the X-Ray SDK and one with OpenTelemetry is one trace, and helm test sends spans', async () => {
  const setting = await setUp(scope, 'restricted');
  const { namespace, xray } = setting;
  await install(setting, '--set', 'network.mode=service,receivers.otlpHttp.enabled=true');
  const daemon = `aws-xray-local.${namespace.name}.svc.cluster.local`;
  const withXRaySdk = (name: string, env: Readonly<Record<string, string>> = {}): Promise<void> =>
    deployApplication(namespace, {
      example: 'eks-flask',
      name,
      version: '2021',
      env: { SERVICE_NAME: name, AWS_XRAY_DAEMON_ADDRESS: `${daemon}:2000`, ...env },
    });
  await Promise.all([
    withXRaySdk('front', { PRICE_URL: 'http://orders/price' }),
    deployApplication(namespace, {
      example: 'eks-opentelemetry',
      name: 'orders',
      version: 'modern',
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://${daemon}:4318`, PRICE_URL: 'http://prices/price' },
    }),
    withXRaySdk('prices'),
  ]);
  const [front] = await Promise.all(['front', 'orders', 'prices'].map((name) => addressOf(namespace, name)));
  // The Services lead to the pods a moment after these are ready: the trace is that of the first request that succeeds.
  let id = '';
  const isAnswered = async (): Promise<boolean> => {
    id = `1-${Math.floor(Date.now() / 1000).toString(16)}-${randomBytes(12).toString('hex')}`;
    const answer = await fetch(`${front}/`, { headers: { 'X-Amzn-Trace-Id': `Root=${id};Sampled=1` } });
    return (await answer.text()) === '12.50\n';
  };
  await eventually(isAnswered, 30_000, 'the applications do not answer');
  const segments = (): Segment[] =>
    xray.documents
      .map((document) => JSON.parse(document) as Segment)
      .filter((segment) => segment.trace_id === id)
      .flatMap(withInner);
  const segmentOf = (name: string): Segment | undefined =>
    segments().find((segment) => segment.name === name && segment.type !== 'subsegment');
  // The X-Ray SDK sends a call inside its segment, and OpenTelemetry as a document of its own.
  const callOf = (segment: Segment | undefined): Segment | undefined => {
    if (segment === undefined) return undefined;
    const apart = segments().filter((one) => one.parent_id === segment.id);
    return [...withInner(segment), ...apart].find((one) => one.namespace === 'remote');
  };
  await eventually(
    () =>
      segmentOf('prices') !== undefined &&
      callOf(segmentOf('orders')) !== undefined &&
      segmentOf('front') !== undefined,
    30_000,
    'the trace is not whole',
  );
  expect(segmentOf('front')!.parent_id).toBeUndefined();
  expect(segmentOf('orders')!.parent_id).toBe(callOf(segmentOf('front'))!.id);
  expect(segmentOf('prices')!.parent_id).toBe(callOf(segmentOf('orders'))!.id);
  expect(xray.problems).toEqual([]);

  const tested = await namespace.helm('test', 'aws-xray', '--logs', '--timeout', '90s');
  expect(tested.code, tested.output).toBe(0);
  const sent = /sent trace (1-[\da-f]{8}-[\da-f]{24}) \(OpenTelemetry: [\da-f]{32}\) to http:.*:4318/.exec(
    tested.output,
  );
  expect(sent, tested.output).not.toBeNull();
  await eventually(() => xray.documents.some((document) => document.includes(sent![1]!)));
  await eventually(async () => (await namespace.ledger()).here === 0);
  expect(await namespace.ledger()).toMatchObject({ imbalance: 0, dropped: 0, kernelDrops: 0 });
});
