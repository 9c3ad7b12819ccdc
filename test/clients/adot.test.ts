import { BatchGetTracesCommand, GetTraceSummariesCommand } from '@aws-sdk/client-xray';
import { expect, test } from 'vitest';
import { eventually } from '../fakes/eventually.ts';
import { LocalXRay } from '../fakes/local-xray.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';
import { ledgerOf } from '../faults/ledger.ts';
import { startApplication } from './application.ts';
import { all, checkCart, environment, isOf, newTrace, type DistroSegment } from './distro.ts';
import { prepareClients, prepareDistro } from './prepare.ts';

const scope = new Scope();
const PORTS = ['--otlp-http', '127.0.0.1:0', '-l', 'info'];
/** Longer than an SDK needs for its batch, its rules and its statistics. */
const WAIT_MS = 45_000;

const DISTROS = [prepareDistro('python'), prepareDistro('node')];
const SDKS = prepareClients().filter(({ name }) => name !== 'go');
const noteOf = (...clients: readonly { skipped: string }[]): string => {
  const skipped = clients.map((client) => client.skipped).find((reason) => reason !== '');
  return skipped === undefined ? '' : ` (skipped: ${skipped})`;
};

/** The segments of a trace, with their subsegments inside. */
async function stored(local: LocalXRay, id: string): Promise<DistroSegment[]> {
  const { Traces } = await local.client.send(new BatchGetTracesCommand({ TraceIds: [id] }));
  return (Traces?.[0]?.Segments ?? []).map(({ Document }) => JSON.parse(Document!) as DistroSegment);
}

for (const distro of DISTROS) {
  test.skipIf(distro.command === undefined)(
    `${distro.name}: X-Ray receives its spans, and its sampler has rules and targets from TCP 2000${noteOf(distro)}`,
    async () => {
      const xray = await scope.start(new FakeXRay());
      const [fallback] = xray.rules;
      xray.rules = [
        { ...fallback, RuleName: 'no-health', Priority: 1, FixedRate: 0, ReservoirSize: 0, URLPath: '/health*' },
        fallback!,
      ];
      const daemon = await scope.daemon({
        args: ['--endpoint', xray.url, '-n', 'us-east-1', ...PORTS],
        env: EXAMPLE_KEYS,
      });
      const { request } = await startApplication(distro.command!, await environment(daemon), scope);
      await eventually(() => xray.calls('/GetSamplingRules').length > 0, WAIT_MS);
      const received = (): DistroSegment[] => xray.documents.map((document) => JSON.parse(document) as DistroSegment);
      // The rules take effect a moment after they were answered.
      await new Promise((next) => setTimeout(next, 1_000));
      for (let i = 0; i < 5; i++) expect(await request('/health')).toBe(200);
      expect(await request('/')).toBe(200);
      expect(await request('/error')).toBe(500);
      await eventually(() => received().some(isOf('/error')) && received().some(isOf('/')), WAIT_MS);
      checkCart(received());
      expect(received().filter(isOf('/health'))).toEqual([]);
      expect(received().find(isOf('/error'))).toMatchObject({ name: 'adot-shop', fault: true });
      await eventually(() => xray.calls('/SamplingTargets').length > 0, WAIT_MS, 'the SDK reported no statistics');
      expect(xray.problems).toEqual([]);
      expect(ledgerOf(await daemon.metrics())).toMatchObject({ received: xray.documents.length, imbalance: 0 });
    },
    2 * WAIT_MS,
  );

  test.skipIf(distro.command === undefined)(
    `${distro.name}: the local X-Ray shows its trace, and answers its sampler${noteOf(distro)}`,
    async () => {
      const local = await LocalXRay.of(scope, ...PORTS);
      const { request } = await startApplication(distro.command!, await environment(local.daemon), scope);
      const { id, headers } = newTrace();
      expect(await request('/', headers)).toBe(200);
      // Of a trace that others have sampled, its sampler counts nothing.
      expect(await request('/')).toBe(200);
      await eventually(async () => (await stored(local, id)).some(isOf('/')), WAIT_MS);
      checkCart(all(await stored(local, id)));
      const whole = await (await fetch(`${local.daemon.tcpUrl}/api/traces/${id}`)).text();
      for (const text of ['"format":"otlp"', 'load cart', 'cart loaded', '"why"']) expect(whole).toContain(text);
      for (const path of ['/GetSamplingRules', '/SamplingTargets'])
        await eventually(
          async () =>
            ((await local.daemon.metrics())[`xrayd_proxy_requests_total{path="${path}",status="200"}`] ?? 0) > 0,
          WAIT_MS,
          path,
        );
    },
    2 * WAIT_MS,
  );

  for (const sdk of SDKS) {
    test.skipIf(distro.command === undefined || sdk.command === undefined)(
      `a trace through a service with the X-Ray SDK (${sdk.name}) and one with ${distro.name}, in both directions, is one trace${noteOf(distro, sdk)}`,
      async () => {
        const local = await LocalXRay.of(scope, ...PORTS);
        const { tcpUrl, udpPort } = local.daemon;
        const daemonAddress = `tcp:127.0.0.1:${new URL(tcpUrl).port} udp:127.0.0.1:${udpPort}`;
        const [otel, xray] = await Promise.all([
          environment(local.daemon).then((env) => startApplication(distro.command!, env, scope)),
          startApplication(sdk.command!, { AWS_XRAY_DAEMON_ADDRESS: daemonAddress }, scope),
        ]);
        for (const [caller, callee] of [
          [xray, otel],
          [otel, xray],
        ] as const) {
          const { id, headers } = newTrace();
          const url = `${callee.url}/`;
          expect(await caller.request(`/call?url=${encodeURIComponent(url)}`, headers)).toBe(200);
          let segments: DistroSegment[] = [];
          const ofCaller = (): DistroSegment | undefined =>
            segments.find(({ http }) => /\/call(\?|$)/.test(http?.request?.url ?? ''));
          const ofCallee = (): DistroSegment | undefined =>
            segments.find(({ http, type }) => type !== 'subsegment' && http?.request?.url === url);
          await eventually(
            async () => {
              segments = await stored(local, id);
              return ofCaller() !== undefined && ofCallee() !== undefined;
            },
            WAIT_MS,
            `${caller.url} calls ${callee.url}`,
          );
          // The parent of the callee's segment is the call, a subsegment of the caller.
          const calls = all(ofCaller()!.subsegments ?? []).map((subsegment) => subsegment.id);
          expect(calls).toContain(ofCallee()!.parent_id);
        }
      },
      2 * WAIT_MS,
    );
  }
}

const [python] = DISTROS;
test.skipIf(python!.command === undefined)(
  `adot-python as in Lambda: its spans in datagrams reach X-Ray as they are, and the local X-Ray shows them${noteOf(python!)}`,
  async () => {
    const xray = await scope.start(new FakeXRay());
    const daemon = await scope.daemon({
      args: ['--endpoint', xray.url, '-n', 'us-east-1', ...PORTS],
      env: EXAMPLE_KEYS,
    });
    const local = await LocalXRay.of(scope, ...PORTS);
    for (const target of [daemon, local.daemon]) {
      const env = {
        ...(await environment(target)),
        OTEL_EXPORTER_OTLP_ENDPOINT: '',
        AWS_LAMBDA_FUNCTION_NAME: 'orders',
        AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${target.udpPort}`,
        OTEL_TRACES_SAMPLER: 'always_on',
      };
      const { request } = await startApplication(python!.command!, env, scope);
      expect(await request('/')).toBe(200);
    }
    await eventually(() => xray.documents.some((document) => document.startsWith('T1S')), WAIT_MS);
    expect(xray.problems).toEqual([]);
    const times = { StartTime: new Date(Date.now() - 600_000), EndTime: new Date(Date.now() + 60_000) };
    let segments: DistroSegment[] = [];
    await eventually(async () => {
      const found = await local.client.send(
        new GetTraceSummariesCommand({ ...times, FilterExpression: 'service("adot-shop")' }),
      );
      const [summary] = found.TraceSummaries ?? [];
      segments = summary === undefined ? [] : all(await stored(local, summary.Id!));
      return segments.some(isOf('/'));
    }, WAIT_MS);
    checkCart(segments);
  },
  2 * WAIT_MS,
);
