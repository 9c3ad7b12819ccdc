import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Finding } from '../../src/cli/doctor/findings.ts';
import { xraydHere } from '../fakes/command.ts';
import { selfSigned } from '../fakes/certificate.ts';
import { eventually } from '../fakes/eventually.ts';
import { FakeImds } from '../fakes/identity.ts';
import { Scope } from '../fakes/scope.ts';
import { FakeServer, json, type CannedReply, type RecordedRequest } from '../fakes/server.ts';
import { EXAMPLE_KEYS, FakeXRay, type FakeXRayConfig } from '../fakes/xray.ts';

const scope = new Scope();

const FREE = ['-b', '127.0.0.1:0', '-t', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];

const LOCAL = ['local', '--otlp-http', 'off', '--otlp-grpc', 'off', '--zipkin', 'off'];

interface Report {
  readonly code: number | null;
  readonly ok: boolean;
  readonly verdict: string;
  readonly checks: readonly Finding[];
  /** The problems and warnings: status, check, message and remedy in one text. */
  readonly problems: readonly string[];
}

/** The SDK reads some variables of the process. */
async function doctorHere(args: readonly string[], env: Record<string, string>): ReturnType<typeof xraydHere> {
  const before = Object.keys(env).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, env);
  try {
    return await xraydHere(['doctor', ...args], { env });
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

async function doctor(args: readonly string[], env: Record<string, string> = EXAMPLE_KEYS): Promise<Report> {
  const { code, stdout, stderr } = await doctorHere(['--json', ...args], env);
  expect(stderr).toBe('');
  const { ok, verdict, checks } = JSON.parse(stdout) as Pick<Report, 'ok' | 'verdict' | 'checks'>;
  const problems = checks
    .filter(({ status }) => status === 'fail' || status === 'warn')
    .map(({ status, check, message, remedy = '', details = [] }) =>
      [`${status} ${check}: ${message}`, ...details, remedy].join(' '),
    );
  return { code, ok, verdict, checks, problems };
}

async function fakeXRay(config?: FakeXRayConfig): Promise<{ xray: FakeXRay; at: string[] }> {
  const xray = await scope.start(new FakeXRay(config));
  return { xray, at: [...FREE, '-n', 'us-east-1', '--endpoint', xray.url] };
}

test('finds nothing wrong where the daemon works, and says what it would use, a line each', async () => {
  const { xray, at } = await fakeXRay();
  const { code, stdout, stderr } = await doctorHere([...at, '--spool', scope.folder()], EXAMPLE_KEYS);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout.split('\n').slice(-3)).toEqual([
    'xrayd daemon: 0 problems, 0 warnings',
    expect.stringMatching(/^nothing here keeps traces from arriving; do: /),
    '',
  ]);
  for (const line of [
    /^ok {4}ports +free: UDP 127\.0\.0\.1:0,/m,
    /^ok {4}spool +\S+ has \d+ MB of free space, and can be written$/m,
    /^ok {4}memory /m,
    /^ok {4}region +us-east-1 \(-n\), endpoint http:\/\/127\.0\.0\.1/m,
    /^ok {4}credentials +from environment, AKIDEXAMPLE, which do not expire$/m,
    /^ok {4}dns /m,
    /^ok {4}endpoint +connected to 127\.0\.0\.1/m,
    /^note {2}tls +the endpoint is plain HTTP on this machine$/m,
    /^ok {4}permission +X-Ray accepts PutTraceSegments \(an empty call\)$/m,
    /^ok {4}clock +this machine's clock is \d+ s/m,
    /^ok {4}sampling +1 rule; Default takes 1 a second and 100 % of the rest$/m,
  ])
    expect(stdout).toMatch(line);
  expect(xray.documents).toEqual([]);
});

test('a role without the permission: names the action, the caller and the policy', async () => {
  const { xray, at } = await fakeXRay();
  xray.denied.add('xray:PutTraceSegments').add('xray:GetSamplingRules');
  const { code, ok, problems } = await doctor(at);
  expect([code, ok]).toEqual([1, false]);
  expect(problems).toContainEqual(
    expect.stringMatching(
      /^fail permission: X-Ray refuses xray:PutTraceSegments for arn:aws:sts::123456789012:assumed-role\S+ Allow .*AWSXRayDaemonWriteAccess/,
    ),
  );
  expect(problems).toContainEqual(expect.stringMatching(/^warn sampling: X-Ray refuses xray:GetSamplingRules/));
});

test('no credentials, and expired ones', async () => {
  const { xray, at } = await fakeXRay();
  const none = await doctor(at, {});
  expect(none.problems).toContainEqual(
    expect.stringMatching(
      /^fail credentials: no AWS credentials: no provider has any environment: .*IRSA or EKS Pod Identity/,
    ),
  );
  expect(none.checks).toContainEqual({
    check: 'permission',
    status: 'skip',
    message: 'not checked without credentials',
  });
  xray.intercept = () => json({ message: 'expired' }, 400, { 'x-amzn-errortype': 'ExpiredTokenException' });
  expect((await doctor(at)).problems).toContainEqual(
    expect.stringMatching(/^fail permission: X-Ray answers ExpiredToken: the credentials have expired Renew/),
  );
});

test('instance metadata that does not answer a container: names the hop limit', async () => {
  const imds = await scope.start(new FakeImds());
  imds.isHanging = true;
  const { at } = await fakeXRay();
  const env = { AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.url };
  const noRegion = await doctor(FREE, env);
  const noCredentials = await doctor(at, env);
  expect(noRegion.problems).toContainEqual(expect.stringMatching(/^fail region: .*--http-put-response-hop-limit 2/));
  expect(noCredentials.problems).toContainEqual(
    expect.stringMatching(
      /^fail credentials: .*\(IMDSv2\): no answer with a token: PUT http:\/\/127\S+\/latest\/api\/token: \S.* Instance.*--http-put-response-hop-limit 2/,
    ),
  );
});

test('a private CA: names the variable, and finds nothing wrong once it is set', async () => {
  const certificate = await selfSigned('localhost');
  const { at } = await fakeXRay({ tls: certificate });
  expect((await doctor(at)).problems).toEqual([
    expect.stringMatching(
      /^fail tls: TLS with 127.*issuer is not trusted\. The server presents localhost .*, self-signed If .*AWS_CA_BUNDLE/,
    ),
  ]);
  const file = join(scope.folder(), 'ca.pem');
  writeFileSync(file, certificate.cert);
  const { problems, checks } = await doctor(at, { ...EXAMPLE_KEYS, AWS_CA_BUNDLE: file });
  expect(problems).toEqual([]);
  expect(checks).toContainEqual({
    check: 'tls',
    status: 'ok',
    message: expect.stringMatching(/^certificate by localhost, valid until /) as string,
  });
});

test('a name that does not resolve, an endpoint where nothing listens, and one that is not X-Ray', async () => {
  const region = [...FREE, '-n', 'us-east-1', '--endpoint'];
  expect((await doctor([...region, 'https://xray.nowhere.invalid'])).problems).toEqual([
    expect.stringMatching(/^fail dns: .*xray\.nowhere\.invalid.*CoreDNS/),
  ]);
  expect((await doctor([...region, 'http://127.0.0.1:9'])).problems).toEqual([
    expect.stringMatching(/^fail endpoint: no connection to 127\.0\.0\.1:9: .*ECONNREFUSED.*Check --endpoint/),
  ]);
  const { xray, at } = await fakeXRay();
  xray.intercept = () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<html>Log in</html>' });
  expect((await doctor(at)).problems).toContainEqual(
    expect.stringMatching(/^fail permission: not an answer of X-Ray: status 200, contentType text\/html.*<html>Log in/),
  );
});

test('a wrong clock', async () => {
  const { xray, at } = await fakeXRay();
  xray.clockAheadMs = 600_000;
  expect((await doctor(at)).problems).toContainEqual(
    expect.stringMatching(/^warn clock: this machine's clock is (599|600|601) s behind the endpoint's Set it \(chrony/),
  );
});

test('a full disk, and a spool that is no folder', async () => {
  const { at } = await fakeXRay();
  const file = join(scope.folder(), 'file');
  writeFileSync(file, '');
  expect((await doctor([...at, '--spool', file])).problems).toContainEqual(
    expect.stringMatching(/^fail spool: \S+ cannot be written: .*A file exists where the folder/),
  );
  // A file system without space.
  if (process.platform === 'linux')
    expect((await doctor([...at, '--spool', '/proc/x'])).problems).toContainEqual(
      expect.stringMatching(/^fail spool: \/proc\/x has 0 MB of free space Free space/),
    );
});

test('settings that refuse the start', async () => {
  const { problems, code } = await doctor([...FREE, '-m', '2', '--regon', 'x']);
  expect(code).toBe(1);
  expect(problems.slice(0, 2)).toEqual([
    expect.stringMatching(/^fail settings: -m must be between 3/),
    expect.stringMatching(/^fail settings: unknown flag --regon/),
  ]);
});

test('a port that another program has, a port where nobody listens, and what a running daemon received', async () => {
  const daemon = await scope.daemon({ args: ['local'] });
  const at = [...LOCAL, '-t', '127.0.0.1:0', '--http-address', new URL(daemon.httpUrl).host];
  const taken = await doctor([...LOCAL, ...FREE.slice(2), '-b', `127.0.0.1:${daemon.udpPort}`]);
  expect(taken.problems).toEqual([
    expect.stringMatching(
      /^fail ports: cannot listen on UDP .*another xrayd \(local, pid \d+\) runs here\. Stop it, or choose another/,
    ),
    expect.stringMatching(/^warn running: no xrayd answers at /),
  ]);
  const wrong = await doctor([...at, '-b', '127.0.0.1:0']);
  expect(wrong.problems).toContainEqual(expect.stringMatching(/^warn ports: nothing listens on UDP 127\.0\.0\.1:0/));
  expect(wrong.problems).toContainEqual(
    expect.stringMatching(/^warn running: the xrayd at \S+ has received nothing in \d+ s; .*AWS_XRAY_DAEMON_ADDRESS/),
  );
  await daemon.send('no header');
  // The other one is the probe of doctor.
  await eventually(async () => (await daemon.metrics())['xrayd_segments_received_total'] === 2);
  const first = wrong.checks.map(({ status }) => status);
  expect(first.indexOf('ok')).toBeGreaterThan(first.lastIndexOf('warn'));
  const right = await doctor([...at, '-b', `127.0.0.1:${daemon.udpPort}`]);
  expect(right.checks).toContainEqual({
    check: 'ports',
    status: 'ok',
    message: expect.stringContaining(`used by the xrayd that runs here: UDP 127.0.0.1:${daemon.udpPort}`) as string,
  });
  expect(right.checks).toContainEqual(expect.objectContaining({ check: 'udp', status: 'ok' }));
  expect(right.problems).toContainEqual(expect.stringMatching(/^warn running: it rejected 1 datagram \(/));
  expect(right.problems.filter((problem) => problem.includes('(empty)'))).toEqual([]);
  // Whoever asks why nothing is in AWS.
  const asDaemon = await doctor([
    '-n',
    'us-east-1',
    '-b',
    `127.0.0.1:${daemon.udpPort}`,
    '-t',
    '127.0.0.1:0',
    '--http-address',
    new URL(daemon.httpUrl).host,
    '--endpoint',
    'http://127.0.0.1:9',
  ]);
  expect(asDaemon.problems).toContainEqual(
    expect.stringMatching(/^fail running: the xrayd at \S+ is a local X-Ray: what it receives stays on this machine/),
  );
  expect(right.problems.filter((problem) => problem.includes('is a local X-Ray'))).toEqual([]);
});

test('nobody who runs no xrayd is told that all is well', async () => {
  const { problems } = await doctor([...LOCAL, ...FREE]);
  expect(problems).toEqual([expect.stringMatching(/^warn running: no xrayd answers at /)]);
});

/** An xrayd that runs, with what its metrics and /readyz say. */
class FakeDaemon extends FakeServer {
  parts: { readonly name: string; readonly state: string; readonly reason?: string }[] = [];
  ageSeconds = 600;
  metrics: Record<string, number> = {};
  /** Counts nothing. */
  readonly udp = createSocket('udp4');

  override async start(): Promise<this> {
    await once(this.udp.bind(0, '127.0.0.1'), 'listening');
    return super.start();
  }

  override async stop(): Promise<void> {
    this.udp.close();
    await super.stop();
  }

  protected override answer({ target }: RecordedRequest): CannedReply {
    if (target !== '/metrics') return json({ status: 'ok', parts: this.parts });
    const all = {
      xrayd_segments_received_total: 0,
      process_start_time_seconds: Date.now() / 1000 - this.ageSeconds,
      ...this.metrics,
    };
    return {
      status: 200,
      body: Object.entries(all)
        .map(([name, value]) => `${name} ${value}\n`)
        .join(''),
    };
  }

  get udpAddress(): string {
    return `127.0.0.1:${this.udp.address().port}`;
  }

  /** A moment ago, for a timestamp. */
  ago(seconds: number): number {
    return Date.now() / 1000 - seconds;
  }
}

async function besideDaemon(): Promise<{ daemon: FakeDaemon; xray: FakeXRay; at: string[] }> {
  const daemon = await scope.start(new FakeDaemon());
  const { xray, at } = await fakeXRay();
  const addresses = ['-b', daemon.udpAddress, '-t', 'off', '--http-address', new URL(daemon.url).host];
  return { daemon, xray, at: [...addresses, ...at.slice(FREE.length)] };
}

test('nothing received for minutes: by the sampling calls, whether the address is wrong or UDP is lost', async () => {
  const { daemon, at } = await besideDaemon();
  const none = await doctor(at);
  expect(none.code).toBe(1);
  expect(none.verdict).toMatch(
    /^most likely: running: the xrayd at \S+ has received nothing in 10 min; no SDK has asked.*; do: Check AWS_XRAY_DAEMON/,
  );
  daemon.metrics = { 'xrayd_proxy_requests_total{path="/GetSamplingRules",status="200"}': 3 };
  const some = await doctor(at);
  expect(some.verdict).toMatch(/3 sampling calls arrived over TCP: the address is right.*; do: Allow UDP.*iptables -S/);
  daemon.ageSeconds = 20;
  expect((await doctor(at)).code).toBe(0);
});

test('the two segments of xrayd send, and segments of long ago, do not look like traces that arrive', async () => {
  const { daemon, at } = await besideDaemon();
  const last = 'xrayd_last_segment_received_timestamp_seconds';
  daemon.metrics = { xrayd_segments_received_total: 2, xrayd_segments_sent_total: 2, [last]: daemon.ago(5) };
  const few = await doctor(at);
  expect(few.problems).toContainEqual(
    expect.stringMatching(/^warn running: .*received 2 in 10 min, the last \d+ s ago/),
  );
  expect(few.verdict).toMatch(/^most likely: running: .*Those of xrayd send are among them/);
  daemon.metrics = { xrayd_segments_received_total: 200, xrayd_segments_sent_total: 200, [last]: daemon.ago(300) };
  expect((await doctor(at)).problems).toContainEqual(expect.stringMatching(/^warn running: .*the last 5 min ago/));
  daemon.metrics[last] = daemon.ago(5);
  expect((await doctor(at)).checks).toContainEqual(expect.objectContaining({ check: 'running', status: 'ok' }));
});

test('UDP that a firewall drops on this machine', async () => {
  const { daemon, at } = await besideDaemon();
  daemon.parts = [{ name: 'udp', state: 'ok', reason: daemon.udpAddress }];
  const { problems, verdict } = await doctor(at);
  expect(verdict).toMatch(
    /^most likely: udp: datagrams from this machine to 127\S+ do not reach the xrayd.*iptables -S/,
  );
  expect(problems.filter((problem) => problem.includes(' running: '))).toEqual([]);
});

test('one finding for a cause: a running daemon that lacks the permission too, or did not get these settings', async () => {
  const { daemon, xray, at } = await besideDaemon();
  daemon.metrics = { xrayd_segments_received_total: 300, xrayd_buffer_segments: 300 };
  daemon.parts = [
    { name: 'batcher', state: 'degraded', reason: 'the last 9 calls failed: AccessDeniedException' },
    { name: 'exporter', state: 'degraded', reason: 'X-Ray answered 403 AccessDeniedException' },
  ];
  const restart = await doctor(at);
  expect(restart.problems).toEqual([
    expect.stringMatching(/^fail running: .*cannot send, although these settings work: its exporter: .* Restart it/),
  ]);
  xray.denied.add('xray:PutTraceSegments');
  const denied = await doctor(at);
  expect(denied.problems).toEqual([expect.stringMatching(/^fail permission: /)]);
  expect(denied.verdict).toMatch(/^most likely: permission: .*; do: Allow the role this action/);
});

test('rules that take nothing are a problem, and the reason why nothing was received', async () => {
  const { xray, at } = await besideDaemon();
  const rule = { RuleName: 'Default', FixedRate: 0, ReservoirSize: 0 };
  xray.intercept = ({ target }) =>
    target === '/GetSamplingRules' ? json({ SamplingRuleRecords: [{ SamplingRule: rule }] }) : undefined;
  const { code, problems } = await doctor(at);
  expect(code).toBe(1);
  expect(problems).toEqual([expect.stringMatching(/^fail sampling: no rule takes any request/)]);
});
