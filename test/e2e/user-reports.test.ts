import { connect } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';
import { DATAGRAMS, HEADER, segment } from '../fakes/fixtures.ts';
import { FakeImds } from '../fakes/identity.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';

// What users reported of the reference daemon and its peers, a test each. NO_PROXY (aws-xray-daemon#12, #255) is in
// outbound.test.ts and test/aws/outbound-proxy.test.ts,
// outages (#17) in test/faults.
const scope = new Scope();

async function start(
  more: Readonly<Record<string, string>> = {},
  args: readonly string[] = ['-n', 'us-east-1'],
  of: Scope = scope,
): Promise<{ xray: FakeXRay; daemon: DaemonProcess }> {
  const xray = await of.start(new FakeXRay());
  const daemon = await of.daemon({ args: ['--endpoint', xray.url, ...args], env: { ...EXAMPLE_KEYS, ...more } });
  return { xray, daemon };
}

test('aws-xray-daemon#120: a one-letter document leaves the daemon alive, and is counted as a ParseError', async () => {
  const { xray, daemon } = await start();
  await daemon.send(`${HEADER}x`);
  await eventually(async () => (await daemon.metrics())['xrayd_segments_unprocessed_total{code="ParseError"}'] === 1);
  await daemon.send(HEADER + segment('after'));
  await eventually(() => xray.documents.length === 1);
});

describe('one daemon forwards', () => {
  const shared = Scope.shared();
  let xray: FakeXRay;
  let daemon: DaemonProcess;
  beforeAll(async () => {
    ({ xray, daemon } = await start({}, ['-n', 'us-east-1'], shared));
  });

  /** Sends one document and returns what X-Ray was given for it. */
  async function forwarded(document: string | Buffer): Promise<string> {
    xray.requests.length = 0;
    await daemon.send(Buffer.concat([Buffer.from(HEADER), Buffer.from(document)]));
    await eventually(() => xray.calls('/TraceSegments').length === 1);
    return (JSON.parse(xray.calls('/TraceSegments')[0]!.body.toString()) as { TraceSegmentDocuments: string[] })
      .TraceSegmentDocuments[0]!;
  }

  test('otel-contrib#37414: an exception without an id is forwarded unchanged', async () => {
    const document = segment('a', {
      fault: true,
      cause: { working_directory: '/', exceptions: [{ message: 'boom', type: 'RuntimeError' }] },
    });
    expect(await forwarded(document)).toBe(document);
  });

  test('ADOT: OTLP in base64 over UDP is forwarded unchanged', async () => {
    const otlp = DATAGRAMS.filter(({ document }) => document.subarray(0, 3).toString() === 'T1S');
    expect(otlp.length).toBeGreaterThan(0);
    expect(await forwarded(otlp[0]!.document)).toBe(otlp[0]!.document.toString());
  });

  test('aws-xray-sdk-node#384: a datagram of 65,507 bytes is received whole', async () => {
    const available = 65_507 - HEADER.length;
    const frame = segment('big', { metadata: { text: '' } });
    const document = segment('big', { metadata: { text: 'x'.repeat(available - frame.length) } });
    expect(Buffer.byteLength(HEADER + document)).toBe(65_507);
    expect(await forwarded(document)).toBe(document);
  });

  test('amazon-cloudwatch-agent#1466: origin, links, cloudwatch_logs and metadata arrive byte for byte', async () => {
    const text = `{"id":"70de5b6f19ff9a0a" , "name":"é\\u00e9","trace_id":"1-581cf771-a006649127e371903a2de979","start_time":1.478293361271E9,"end_time":1478293361.449,
    "origin":"AWS::ECS::Container","links":[{"trace_id":"1-581cf771-a006649127e371903a2de978","id":"70de5b6f19ff9a0b"}],
    "aws":{"cloudwatch_logs":[{"log_group":"g","arn":"a"}],"xray":{"auto_instrumentation":false}},"metadata":{"n":{"big":12345678901234567890,"f":1.0}},"Dummy":false}  \n`;
    expect(await forwarded(text)).toBe(text);
  });

  test('bytes that are not UTF-8 become one replacement character each, as in the reference daemon', async () => {
    const bytes = Buffer.concat([
      Buffer.from('a'),
      Buffer.from([0xe2, 0x82, 0xff, 0xed, 0xa0, 0x80, 0xf0, 0x9f, 0x98]),
      Buffer.from('é\u{1f600}'),
    ]);
    expect(await forwarded(bytes)).toBe(`a${'\ufffd'.repeat(9)}é\u{1f600}`);
  });
});

test('otel-contrib#7596, aws-xray-daemon#199: forwarding headers of a sidecar do not break the signature', async () => {
  const { daemon } = await start();
  const headers = {
    'x-forwarded-proto': 'http',
    'x-forwarded-for': '1.2.3.4',
    'x-request-id': 'a',
    authorization: 'junk',
  };
  expect((await fetch(`${daemon.tcpUrl}/GetSamplingRules`, { method: 'POST', headers })).status).toBe(200);
});

test('aws-xray-daemon#9: probes that connect and send nothing are not logged above debug', async () => {
  const { daemon } = await start();
  const before = daemon.log.length;
  const port = Number(new URL(daemon.tcpUrl).port);
  await new Promise<void>((done) => {
    const socket = connect(port, '127.0.0.1', () => socket.end());
    socket.on('close', () => done());
  });
  await daemon.send('');
  await eventually(async () => (await daemon.metrics())['xrayd_segments_rejected_total{reason="empty"}'] === 1);
  expect(daemon.log.slice(before)).toEqual([]);
});

test('aws-xray-daemon#203: with AWS_REGION set the start does not wait for instance metadata that never answers', async () => {
  const imds = await scope.start(new FakeImds());
  imds.isHanging = true;
  const metadata = { AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.url, AWS_EC2_METADATA_DISABLED: 'false' };
  const { xray, daemon } = await start({ ...metadata, AWS_REGION: 'us-east-1' }, []);
  // Ready, and nobody has asked.
  expect(imds.requests).toEqual([]);
  expect(daemon.find(/sending to X-Ray/)).toMatchObject({ region: 'us-east-1', from: 'AWS_REGION' });
  await daemon.send(HEADER + segment('a'));
  await eventually(() => xray.documents.length === 1);
});

test('aws-xray-daemon#95: at the default level, traffic adds no line per batch', async () => {
  const { xray, daemon } = await start();
  const startLines = daemon.log.length;
  let sent = 0;
  const endMs = performance.now() + 15_000;
  while (performance.now() < endMs) {
    await daemon.send(...Array.from({ length: 5 }, () => HEADER + segment(`s${sent++}`)));
    await new Promise((next) => setTimeout(next, 50));
  }
  await eventually(() => xray.documents.length === sent);
  for (const line of [/xrayd starts/, /sending to X-Ray/, /credentials found/, /receiving segments/, /is ready/])
    expect(daemon.find(line)).toBeDefined();
  expect(xray.calls('/TraceSegments').length).toBeGreaterThan(15);
  expect(daemon.log.slice(startLines).map(({ msg }) => msg).filter((msg) => !/credentials found/.test(msg))).toEqual(['first segment received from 127.0.0.1']); // prettier-ignore
});
