import { afterEach, expect, test } from 'vitest';
import { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';
import { DATAGRAMS, HEADER, REFERENCE_REQUESTS, segment } from '../fakes/fixtures.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';
import { ledgerOf } from '../faults/ledger.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function fakeXRay(): Promise<FakeXRay> {
  const xray = await new FakeXRay().start();
  cleanUps.push(() => xray.stop());
  return xray;
}

async function daemonFor(
  xray: FakeXRay,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<DaemonProcess> {
  const daemon = new DaemonProcess({
    args: ['--endpoint', xray.url, '-n', 'us-east-1', ...args],
    env: { ...EXAMPLE_KEYS, ...env },
  });
  cleanUps.push(() => daemon.stop('SIGKILL'));
  return daemon.ready();
}

test('delivers every recorded datagram to X-Ray once, byte for byte', async () => {
  const xray = await fakeXRay();
  const documents: string[] = [];
  xray.intercept = ({ target, body }) => {
    if (target === '/TraceSegments')
      documents.push(...(JSON.parse(body.toString()) as { TraceSegmentDocuments: string[] }).TraceSegmentDocuments);
    return undefined;
  };
  const daemon = await daemonFor(xray);
  await daemon.send(...DATAGRAMS.map(({ datagram }) => datagram));
  await eventually(() => documents.length >= DATAGRAMS.length);
  expect(documents.toSorted()).toEqual(DATAGRAMS.map(({ document }) => document.toString()).toSorted());
  expect(xray.problems).toEqual([]);
});

test('calls have the headers of the reference daemon, and no others', async () => {
  const xray = await fakeXRay();
  const daemon = await daemonFor(xray);
  await daemon.send(HEADER + segment('a'));
  await eventually(() => xray.documents.length === 1);
  const reference = REFERENCE_REQUESTS.find(({ path }) => path === '/TraceSegments');
  const theirs = Object.fromEntries(reference!.headers.map(([name, value]) => [name.toLowerCase(), value]));
  const ours = xray.calls('/TraceSegments')[0]!.headers;
  // Sent to hosts other than AWS's, such as this fake.
  expect(ours['xrayd-call-path']).toMatch(/^[0-9a-f]{16}$/);
  // Go's transport adds accept-encoding; Node's writes the connection header that HTTP/1.1 implies.
  const names = (headers: object): string[] =>
    Object.keys(headers)
      .filter((name) => !['accept-encoding', 'connection', 'xrayd-call-path'].includes(name))
      .toSorted();
  expect(names(ours)).toEqual(names(theirs));
  const signed = /SignedHeaders=([^,]+)/;
  expect(signed.exec(ours['authorization'] ?? '')?.[1]).toBe(signed.exec(theirs['authorization'] ?? '')?.[1]);
  expect(ours['x-amzn-xray-timestamp']).toMatch(/^\d{10}\.\d{9}$/);
  expect(ours['user-agent']).toMatch(/ xray-agent\/xray-daemon\/\S+ exec-env\/UNKNOWN OS\/\w+-\w+$/);
  expect(ours['content-type']).toBe('application/json');
});

test('counts an unprocessed document by its code, and the others as sent', async () => {
  const xray = await fakeXRay();
  const daemon = await daemonFor(xray);
  await daemon.send(`${HEADER}x`, HEADER + segment('good'), `${HEADER}{"id":"1234567890abcdef"}`);
  await eventually(
    async () =>
      (await daemon.metrics())['xrayd_segments_received_total'] === 3 && ledgerOf(await daemon.metrics()).here === 0,
  );
  const metrics = await daemon.metrics();
  expect(metrics['xrayd_segments_sent_total']).toBe(1);
  expect(metrics['xrayd_segments_unprocessed_total{code="ParseError"}']).toBe(1);
  expect(metrics['xrayd_segments_unprocessed_total{code="MissingName"}']).toBe(1);
});

test('SIGTERM drains the buffer, exits with 0, and the last line says how much was sent', async () => {
  const xray = await fakeXRay();
  const daemon = await daemonFor(xray);
  await daemon.send(...Array.from({ length: 120 }, (_, i) => HEADER + segment(`s${i}`)));
  expect(await daemon.stop()).toEqual({ code: 0, signal: null });
  expect(xray.documents).toHaveLength(120);
  const last = daemon.log.at(-1);
  expect(last?.msg).toMatch(/^xrayd stopped: \d+ segments sent in the drain, 0 lost$/);
});

test('a drain that X-Ray does not accept ends at the deadline and reports the loss', async () => {
  const xray = await fakeXRay();
  xray.intercept = () => 'hang';
  const daemon = await daemonFor(xray, ['--shutdown-timeout', '1']);
  await daemon.send(...Array.from({ length: 60 }, (_, i) => HEADER + segment(`s${i}`)));
  await eventually(async () => (await daemon.metrics())['xrayd_segments_received_total'] === 60);
  expect(await daemon.stop()).toEqual({ code: 0, signal: null });
  expect(daemon.log.at(-1)).toMatchObject({ level: 'error', lost: 60 });
});

test('--exit-on-loss turns a loss at shutdown into exit code 3, and a second signal ends the drain at once', async () => {
  const xray = await fakeXRay();
  xray.intercept = () => 'hang';
  const daemon = await daemonFor(xray, ['--shutdown-timeout', '60', '--exit-on-loss']);
  await daemon.send(HEADER + segment('a'));
  await eventually(async () => (await daemon.metrics())['xrayd_segments_received_total'] === 1);
  daemon.kill('SIGTERM');
  await eventually(() => daemon.find(/^xrayd stops/) !== undefined);
  daemon.kill('SIGINT');
  expect(await daemon.end()).toEqual({ code: 3, signal: null });
});

test('readiness turns off during the drain, and metrics stay available', async () => {
  const xray = await fakeXRay();
  xray.intercept = () => 'hang';
  const daemon = await daemonFor(xray, ['--shutdown-timeout', '5']);
  expect((await fetch(`${daemon.httpUrl}/readyz`)).status).toBe(200);
  await daemon.send(HEADER + segment('a'));
  await eventually(async () => (await daemon.metrics())['xrayd_segments_received_total'] === 1);
  daemon.kill();
  await eventually(async () => (await fetch(`${daemon.httpUrl}/readyz`)).status === 503);
  expect(await (await fetch(`${daemon.httpUrl}/readyz`)).json()).toMatchObject({
    status: 'failing',
    reason: 'stopping',
  });
  expect((await fetch(`${daemon.httpUrl}/livez`)).status).toBe(200);
  expect((await daemon.metrics())['xrayd_segments_received_total']).toBe(1);
  daemon.kill();
  await daemon.end();
});

test('--shutdown-delay keeps the ports open after SIGTERM, with readiness off, and later segments are sent', async () => {
  const xray = await fakeXRay();
  const daemon = await daemonFor(xray, ['--shutdown-delay', '600']);
  const ready = async (): Promise<number> => (await fetch(`${daemon.httpUrl}/readyz`)).status;
  expect(await ready()).toBe(200);
  daemon.kill('SIGTERM');
  await eventually(async () => (await ready()) === 503);
  await daemon.send(HEADER + segment('late'));
  await eventually(() => xray.documents.length === 1);
  daemon.kill('SIGTERM');
  expect(await daemon.end()).toEqual({ code: 0, signal: null });
});

test('delivers segments that X-Ray refused for a while once X-Ray accepts them again', async () => {
  const xray = await fakeXRay();
  let isAway = true;
  xray.intercept = () => (isAway ? { status: 503, body: 'away' } : undefined);
  const daemon = await daemonFor(xray);
  await daemon.send(...Array.from({ length: 130 }, (_, i) => HEADER + segment(`s${i}`)));
  await eventually(
    async () => ((await daemon.metrics())['xrayd_put_trace_segments_total{outcome="http_503"}'] ?? 0) >= 3,
  );
  isAway = false;
  await eventually(() => xray.documents.length === 130);
  await eventually(async () => ledgerOf(await daemon.metrics()).here === 0);
  expect((await daemon.metrics())['xrayd_segments_sent_total']).toBe(130);
  expect(new Set(xray.documents).size).toBe(130);
});

test('flushes telemetry records at shutdown, with the counts of the drain', async () => {
  const xray = await fakeXRay();
  const daemon = await daemonFor(xray, ['-a', 'arn:aws:ec2:us-east-1:123456789012:instance/i-1'], {
    AWS_HOSTNAME: 'host-1',
    AWS_INSTANCE_ID: 'i-1',
  });
  await daemon.send(HEADER + segment('a'), 'no header');
  await daemon.stop();
  const body = JSON.parse(xray.calls('/TelemetryRecords')[0]!.body.toString()) as {
    TelemetryRecords: Record<string, unknown>[];
  };
  expect(body).toMatchObject({
    EC2InstanceId: 'i-1',
    Hostname: 'host-1',
    ResourceARN: 'arn:aws:ec2:us-east-1:123456789012:instance/i-1',
  });
  expect(body.TelemetryRecords[0]).toMatchObject({
    SegmentsReceivedCount: 2,
    SegmentsSentCount: 1,
    SegmentsRejectedCount: 1,
    SegmentsSpilloverCount: 0,
  });
  // The members and their order are the reference daemon's.
  const reference = REFERENCE_REQUESTS.find(({ path }) => path === '/TelemetryRecords');
  const theirs = JSON.parse(reference!.body) as typeof body;
  expect(Object.keys(body)).toEqual(Object.keys(theirs));
  expect(Object.keys(body.TelemetryRecords[0]!).toSorted()).toEqual(
    Object.keys(theirs.TelemetryRecords[0]!).toSorted(),
  );
});

test('the accounting identity holds at every scrape, whatever X-Ray answers', async () => {
  const xray = await fakeXRay();
  let calls = 0;
  const moods = [
    undefined,
    { status: 503 },
    { status: 429, headers: { 'x-amzn-errortype': 'ThrottledException' } },
    undefined,
    'reset' as const,
  ];
  xray.intercept = () => moods[calls++ % moods.length];
  const daemon = await daemonFor(xray, ['-m', '3']);
  const scrapes: Record<string, number>[] = [];
  for (let round = 0; round < 60; round++) {
    const documents = Array.from({ length: 30 }, (_, i) =>
      i % 10 === 0 ? 'no header' : HEADER + segment(`s${i}`, { metadata: { text: 'x'.repeat(3_000) } }),
    );
    await daemon.send(...documents, '', `${HEADER}not json`);
    scrapes.push(await daemon.metrics());
  }
  for (const metrics of scrapes) {
    expect(ledgerOf(metrics).imbalance).toBe(0);
  }
  expect(new Set(scrapes.map((metrics) => metrics['xrayd_segments_received_total'])).size).toBeGreaterThan(10);
  const total = (metrics: Record<string, number>): number =>
    (metrics['xrayd_segments_received_total'] ?? 0) + (metrics['xrayd_kernel_drops_total'] ?? 0);
  await eventually(async () => total(await daemon.metrics()) === 60 * 32);
});
