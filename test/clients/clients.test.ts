import { expect, test } from 'vitest';
import { eventually } from '../fakes/eventually.ts';
import { Scope } from '../fakes/scope.ts';
import { UdpTap } from '../fakes/udp-tap.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';
import { startApplication } from './application.ts';
import { prepareClients } from './prepare.ts';

const scope = new Scope();

/** A rule like the console's: nothing of /health is traced, everything else is. */
function rulesOf(xray: FakeXRay): Record<string, unknown>[] {
  const fallback = xray.rules[0]!;
  return [
    { ...fallback, RuleName: 'no-health', Priority: 1, FixedRate: 0, ReservoirSize: 0, URLPath: '/health*' },
    fallback,
  ];
}

function documentsOf(xray: FakeXRay): string[] {
  const bodies = xray
    .calls('/TraceSegments')
    .map(({ body }) => JSON.parse(body.toString()) as { TraceSegmentDocuments: string[] });
  return bodies.flatMap(({ TraceSegmentDocuments }) => TraceSegmentDocuments);
}

const isOf =
  (path: string) =>
  (document: string): boolean =>
    new RegExp(`"url": ?"[^"]*${path}"`).test(document);

for (const { name, command, skipped } of prepareClients()) {
  test.skipIf(command === undefined)(
    `${name}: X-Ray receives everything that its SDK sends once, byte for byte, and the SDK obeys sampling rules from TCP 2000${skipped && ` (skipped: ${skipped})`}`,
    async () => {
      const xray = await scope.start(new FakeXRay());
      xray.rules = rulesOf(xray);
      const daemon = await scope.daemon({ args: ['--endpoint', xray.url, '-n', 'us-east-1'], env: EXAMPLE_KEYS });
      const tap = await scope.start(new UdpTap(daemon.udpPort));
      const { request } = await startApplication(
        command!,
        { AWS_XRAY_DAEMON_ADDRESS: `tcp:127.0.0.1:${new URL(daemon.tcpUrl).port} udp:127.0.0.1:${tap.port}` },
        scope,
      );

      // The first request starts the SDK's rule poller; until it has the rules it samples by its own.
      await request('/');
      await eventually(() => xray.calls('/GetSamplingRules').length > 0);
      await new Promise((next) => setTimeout(next, 1_500));
      const before = tap.datagrams.length;
      for (let i = 0; i < 20; i++) expect(await request('/health')).toBe(200);
      for (let i = 0; i < 10; i++) expect(await request('/')).toBe(200);
      expect(await request('/error')).toBe(500);
      await request('/error-inside');
      expect(await request('/many')).toBe(200);

      const emitted = (): string[] =>
        tap.datagrams.map((datagram) => datagram.subarray(datagram.indexOf('\n') + 1).toString());
      await eventually(() => emitted().filter(isOf('/many')).length > 0);
      await eventually(() => documentsOf(xray).length === tap.datagrams.length);
      expect(documentsOf(xray).toSorted().join('\n') === emitted().toSorted().join('\n')).toBe(true);
      const after = emitted().slice(before);
      expect(after.filter(isOf('/health'))).toEqual([]);
      expect(after.filter(isOf('/')).length).toBe(10);
      for (const text of ['card declined', 'c-1042', 'step 0', 'validate'])
        expect(emitted().some((document) => document.includes(text))).toBe(true);
      if (name === 'python') expect(emitted()).toContain('None');
      await eventually(() => xray.calls('/SamplingTargets').length > 0, 25_000, 'the SDK reported no statistics');
      expect(xray.problems).toEqual([]);
      const metrics = await daemon.metrics();
      expect(metrics['xrayd_segments_received_total']).toBe(tap.datagrams.length);
      expect(metrics['xrayd_proxy_requests_total{path="/GetSamplingRules",status="200"}']).toBeGreaterThan(0);
    },
    90_000,
  );
}
