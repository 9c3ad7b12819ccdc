import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../fakes/eventually.ts';
import { HEADER, segment } from '../fakes/fixtures.ts';
import { FakeEcsMetadata, FakeImds, FakeSts } from '../fakes/identity.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';
import { BUNDLE, ENVIRONMENT } from '../fakes/program.ts';

// What docs/reliability.md lists as awaited outside the process, apart from credentials: each hangs, and the program
// goes on or ends in its time.
const scope = new Scope();

function pipe(): string {
  const path = join(scope.folder(), 'pipe');
  execFileSync('mkfifo', [path]);
  return path;
}

/** The address of a server that takes connections and says nothing. */
async function silence(): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => {})));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  scope.add(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [BUNDLE, ...args], {
    env: { ...ENVIRONMENT, ...env },
  });
  scope.add(() => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await once(child, 'exit');
  return { code: child.exitCode, stderr };
}

test('skips ECS metadata and instance metadata that never answer in the search for the region', async () => {
  const [ecs, imds] = [await scope.start(new FakeEcsMetadata()), await scope.start(new FakeImds())];
  ecs.hangs = imds.hangs = Infinity;
  const env = {
    ...EXAMPLE_KEYS,
    ECS_CONTAINER_METADATA_URI_V4: `${ecs.url}/v4/abc`,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.url,
    AWS_EC2_METADATA_DISABLED: 'false',
  };
  const { code, stderr } = await run(['-b', '127.0.0.1:0', '-t', '127.0.0.1:0'], env);
  expect(code).toBe(1);
  expect(stderr).toContain('no AWS region');
});

test('continues if the ECS metadata file is a pipe without a writer', async () => {
  const env = { ...EXAMPLE_KEYS, ECS_CONTAINER_METADATA_FILE: pipe() };
  expect(await run(['-o', '-b', '127.0.0.1:0', '-t', '127.0.0.1:0'], env)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no answer within 2 s'),
  });
});

test('ends in time even if NODE_EXTRA_CA_CERTS is a pipe without a writer, which Node reads in a thread', async () => {
  const xray = await scope.start(new FakeXRay());
  const daemon = await scope.daemon({
    args: ['--endpoint', xray.url, '-n', 'us-east-1'],
    env: { ...EXAMPLE_KEYS, NODE_EXTRA_CA_CERTS: pipe() },
  });
  await daemon.send(HEADER + segment('a'));
  await eventually(() => xray.documents.length === 1);
  expect(await daemon.stop()).toEqual({ code: 0, signal: null });
});

test('sends segments even if STS does not identify the credentials', async () => {
  const [xray, sts] = [await scope.start(new FakeXRay()), await scope.start(new FakeSts())];
  sts.hangs = Infinity;
  const daemon = await scope.daemon({
    args: ['--endpoint', xray.url, '-n', 'us-east-1'],
    env: { ...EXAMPLE_KEYS, AWS_ENDPOINT_URL_STS: sts.url },
  });
  await daemon.send(HEADER + segment('a'));
  await eventually(() => xray.documents.length === 1, 5_000);
  await eventually(() => daemon.find(/credentials found/) !== undefined, 10_000);
});

test('X-Ray never answers: the daemon ends at its deadline, reports the loss, and answers a sampling call', async () => {
  const xray = await scope.start(new FakeXRay());
  xray.intercept = () => 'hang';
  const daemon = await scope.daemon({
    args: ['--endpoint', xray.url, '-n', 'us-east-1', '--shutdown-timeout', '1'],
    env: EXAMPLE_KEYS,
  });
  await daemon.send(HEADER + segment('a'));
  expect((await fetch(`${daemon.tcpUrl}/GetSamplingRules`, { method: 'POST', body: '{}' })).status).toBe(504);
  const startedMs = performance.now();
  expect(await daemon.stop()).toEqual({ code: 0, signal: null });
  expect(performance.now() - startedMs).toBeLessThan(6_000);
  expect(daemon.find(/xrayd stopped/)).toMatchObject({ lost: 1 });
});

test('logs to the console, and ends in time, if the log file is a pipe without a reader', async () => {
  const xray = await scope.start(new FakeXRay());
  const daemon = await scope.daemon({
    args: ['--endpoint', xray.url, '-n', 'us-east-1', '-f', pipe()],
    env: EXAMPLE_KEYS,
  });
  expect(daemon.find(/cannot write the log file/)).toMatchObject({ level: 'error' });
  await daemon.send(HEADER + segment('a'));
  await eventually(() => xray.documents.length === 1);
  expect(await daemon.stop()).toEqual({ code: 0, signal: null });
});

test('fails to start with a message if cfg.yaml is a pipe without a writer', async () => {
  const path = pipe();
  const { code, stderr } = await run(['-c', path]);
  expect([code, stderr]).toEqual([1, expect.stringContaining(`cannot read ${path}`)]);
});

test('warns of a certificate file that is a pipe without a writer, and uses the other certificates', async () => {
  const xray = await scope.start(new FakeXRay());
  const daemon = await scope.daemon({
    args: ['--endpoint', xray.url, '-n', 'us-east-1'],
    env: { ...EXAMPLE_KEYS, AWS_CA_BUNDLE: pipe() },
  });
  expect(daemon.find(/AWS_CA_BUNDLE/)).toMatchObject({ level: 'warn' });
});

test('healthcheck, pull and send --confirm end if nobody answers', async () => {
  const address = await silence();
  expect(await run(['healthcheck', '--http-address', address])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no complete answer within'),
  });
  expect(await run(['send', '--to', address, '--confirm', address])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('cannot read'),
  });
  expect(
    await run(['pull', '-n', 'us-east-1', '--endpoint', `http://${address}`, '--api', address], {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://${address}/`,
    }),
  ).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('container (ECS, EKS Pod Identity)'),
  });
});

test('import waits for the writer of a pipe, and reads to its end', async () => {
  const path = pipe();
  const imported = run(['import', path, '--api', await silence()]);
  await new Promise((next) => setTimeout(next, 1_500));
  execFileSync('sh', ['-c', 'echo not-json > "$1"', 'sh', path]);
  rmSync(path);
  expect(await imported).toMatchObject({ code: 1, stderr: expect.stringContaining('neither JSON nor lines of JSON') });
});
