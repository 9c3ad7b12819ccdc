import { expect, test } from 'vitest';
import { eventually } from '../fakes/eventually.ts';
import { HEADER, segment } from '../fakes/fixtures.ts';
import { FakeServer, type Behaviour, type RecordedRequest } from '../fakes/server.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';
import { ledgerOf } from '../faults/ledger.ts';

const scope = new Scope();

/** A captive portal: whatever is asked, its page is the answer, with 200. */
class Portal extends FakeServer {
  protected override answer(_request: RecordedRequest): Behaviour {
    return {
      status: 200,
      headers: { 'content-type': 'text/html', server: 'portal' },
      body: '<!DOCTYPE html>\n<title>Sign in</title>\n',
    };
  }
}

test('a portal instead of X-Ray: no segment counts as sent, SDKs get an error, and all segments arrive once X-Ray is back', async () => {
  const xray = await scope.start(new FakeXRay());
  const page: Behaviour = { status: 200, headers: { 'content-type': 'text/html' }, body: '<title>Sign in</title>' };
  xray.intercept = () => page;
  const daemon = await scope.daemon({ args: ['--endpoint', xray.url, '-n', 'us-east-1'], env: EXAMPLE_KEYS });
  await daemon.send(...Array.from({ length: 120 }, (_, i) => HEADER + segment(`s${i}`)));
  await eventually(
    async () => ((await daemon.metrics())['xrayd_put_trace_segments_total{outcome="not_xray"}'] ?? 0) >= 2,
  );
  const polled = await fetch(`${daemon.tcpUrl}/GetSamplingRules`, { method: 'POST', body: '{}' });
  expect(polled.status).toBe(502);
  expect(ledgerOf(await daemon.metrics())).toMatchObject({
    received: 120,
    sent: 0,
    unprocessed: 0,
    dropped: 0,
    here: 120,
    imbalance: 0,
  });
  expect(daemon.find(/something other than X-Ray answered PutTraceSegments/)).toMatchObject({
    level: 'warn',
    status: 200,
    contentType: 'text/html',
  });
  xray.intercept = () => undefined;
  await eventually(async () => ledgerOf(await daemon.metrics()).sent === 120, 30_000);
  expect(new Set(xray.documents).size).toBe(120);
});

test('a portal instead of instance and task metadata gives no region: the error names what answered', async () => {
  const portal = await scope.start(new Portal());
  const env = {
    ...EXAMPLE_KEYS,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: portal.url,
    AWS_EC2_METADATA_DISABLED: 'false',
    ECS_CONTAINER_METADATA_URI_V4: `${portal.url}/v4`,
  };
  const daemon = scope.spawn({ env });
  const { code } = await daemon.end();
  expect(code).toBe(1);
  expect(`${daemon.stdout}${daemon.stderr}`).toMatch(
    /instance metadata: the response is not instance metadata: .*<!DOCTYPE html>/,
  );
});

test('a portal instead of the container agent gives no credentials: keeps the segments, and reports the reason', async () => {
  const portal = await scope.start(new Portal());
  const xray = await scope.start(new FakeXRay());
  const env = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${portal.url}/v1/credentials`,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: portal.url,
  };
  const daemon = await scope.daemon({ args: ['--endpoint', xray.url, '-n', 'us-east-1'], env });
  await daemon.send(HEADER + segment('a'));
  await eventually(() => daemon.find(/no AWS credentials/) !== undefined, 30_000);
  await eventually(async () => ledgerOf(await daemon.metrics()).received === 1);
  expect(ledgerOf(await daemon.metrics())).toMatchObject({ here: 1, sent: 0, imbalance: 0 });
  expect(xray.requests).toEqual([]);
});
