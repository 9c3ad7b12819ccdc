import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { Load } from '../../bench/load/load.ts';
import { Oracle } from '../../bench/load/oracle.ts';
import { selfSigned } from '../fakes/certificate.ts';
import { eventually } from '../fakes/eventually.ts';
import { freePort } from '../../src/compose/free-port.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS } from '../fakes/xray.ts';
import { BASE, buildImage, Container, IMAGE, whyNoImages, type ContainerConfig } from './container.ts';

const scope = new Scope();
const skipped = whyNoImages();
if (skipped !== '' && process.env['XRAYD_REQUIRE_CONTAINERS'] !== undefined)
  throw new Error(`the image cannot be tested: ${skipped}`);

const inspect = (image = IMAGE): Record<string, never> =>
  (JSON.parse(execFileSync('podman', ['inspect', image], { encoding: 'utf8' })) as Record<string, never>[])[0]!;

/** A container that sends to `oracle` by its file at the default path, on a free port. */
async function start(
  oracle: Oracle,
  config: Partial<ContainerConfig> = {},
): Promise<{ container: Container; port: number }> {
  const [port, httpPort] = [await freePort(), await freePort()];
  const file = join(scope.folder(), 'cfg.yaml');
  writeFileSync(file, `Endpoint: "${oracle.url}"\nNoVerifySSL: true\nRegion: us-east-1\nVersion: 2\n`, { mode: 0o644 });
  const args = ['-b', `127.0.0.1:${port}`, '-t', `127.0.0.1:${port}`];
  const container = new Container({
    args,
    env: EXAMPLE_KEYS,
    mounts: { '/etc/amazon/xray/cfg.yaml': file },
    httpPort,
    ...config,
  });
  scope.add(() => container.kill());
  await container.ready();
  return { container, port };
}

const startOracle = async (): Promise<Oracle> => scope.start(new Oracle({ tls: await selfSigned('localhost') }));

function load(port: number): Load {
  const made = new Load(port);
  scope.add(() => made.close());
  return made;
}

describe.skipIf(skipped !== '')(`the image${skipped && ` (skipped: ${skipped})`}`, () => {
  beforeAll(buildImage);

  test('adds at most 3 MB compressed to its base, in one layer', () => {
    const folder = scope.folder();
    execFileSync('tar', ['-czf', join(folder, 'layer.tgz'), '-C', 'dist/image', '.']);
    const bytes = Number(execFileSync('stat', ['-c', '%s', join(folder, 'layer.tgz')], { encoding: 'utf8' }));
    expect(bytes).toBeLessThan(3_000_000);
  });

  test('has no native code of ours, and builds for arm64 on this machine', () => {
    const files = execFileSync('find', ['dist/image', '-type', 'f'], { encoding: 'utf8' }).trim().split('\n');
    for (const file of files) expect(readFileSync(file).subarray(0, 4).toString('latin1'), file).not.toBe('\x7fELF');
    // On an empty base: nothing is run in the build, so no emulation is needed.
    const args = [
      'bud',
      '-q',
      '--isolation',
      'chroot',
      '--format',
      'docker',
      '--platform',
      'linux/arm64',
      '--build-arg',
      'BASE=scratch',
      '-t',
      `${IMAGE}-arm64`,
      '-f',
      'dist/Dockerfile',
      'dist/image',
    ];
    execFileSync('buildah', args, { stdio: 'pipe' });
    const [built] = JSON.parse(execFileSync('podman', ['inspect', `${IMAGE}-arm64`], { encoding: 'utf8' })) as {
      Architecture: string;
    }[];
    expect(built!.Architecture).toBe('arm64');
  });

  // It installs all dependencies once more.
  test('docker build in a fresh clone makes the same image', { timeout: 600_000 }, () => {
    const clone = join(scope.folder(), 'clone');
    const files = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' }).split('\0').filter(existsSync);
    for (const file of files) cpSync(file, join(clone, file), { recursive: true, verbatimSymlinks: true });
    execFileSync('test/image/clone-build.sh', [clone, BASE, `${IMAGE}-clone`], { stdio: 'pipe' });
    const listOf = (image: string): string => execFileSync('test/image/files.sh', [image], { encoding: 'utf8' });
    expect(listOf(`${IMAGE}-clone`)).toBe(listOf(IMAGE));
    expect(listOf(IMAGE)).toContain(' ./xray\n');
    const configOf = (image: string): unknown => {
      const { Config } = inspect(image) as unknown as { Config: { Labels: Record<string, string> } };
      const {
        'org.opencontainers.image.version': _,
        'org.opencontainers.image.revision': __,
        ...labels
      } = Config.Labels;
      return { ...Config, Labels: labels };
    };
    expect(configOf(`${IMAGE}-clone`)).toEqual(configOf(IMAGE));
  });

  test('is configured like the reference image (user 10001, entry point, ports), and has a health check and labels', () => {
    const { Config, Healthcheck } = inspect() as unknown as {
      Config: Record<string, Record<string, string>>;
      Healthcheck: unknown;
    };
    expect(Healthcheck).toMatchObject({ Test: ['CMD', '/xray', 'healthcheck'] });
    expect(Config).toMatchObject({
      User: '10001:10001',
      Entrypoint: ['/xray', '-t', '0.0.0.0:2000', '-b', '0.0.0.0:2000'],
      ExposedPorts: { '2000/udp': {}, '2000/tcp': {}, '2001/tcp': {} },
    });
    for (const label of ['title', 'description', 'licenses', 'source', 'version', 'revision']) {
      expect(Config['Labels']?.[`org.opencontainers.image.${label}`], label).toMatch(/./);
    }
  });

  test('has no shell, and includes licences and an SBOM', async () => {
    const { container } = await start(await startOracle());
    expect(container.exec('/bin/sh', '-c', 'true').code).not.toBe(0);
    const read = (file: string): string =>
      container.exec('/nodejs/bin/node', '-p', `require('fs').readFileSync('${file}', 'utf8')`).output;
    expect(read('/licenses/xrayd/LICENSE')).toContain('Apache License');
    expect(read('/licenses/xrayd/THIRD-PARTY-LICENSES.txt')).toMatch(/^fastify \d/m);
    const { components } = JSON.parse(read('/licenses/xrayd/sbom.cdx.json')) as { components: { name: string }[] };
    expect(components.map(({ name }) => name)).toContain('fastify');
  });

  test('loses nothing at 1,000 segments per second for 60 s with a limit of 128 MiB', async () => {
    const oracle = await startOracle();
    const { container, port } = await start(oracle, { memory: '128m' });
    expect((await container.metrics())['xrayd_buffer_limit_bytes']).toBe(24 * 1024 * 1024);
    const sent = load(port);
    await sent.steady(1_000, 60);
    await eventually(() => oracle.judge(sent.offered).missing === 0);
    expect(oracle.judge(sent.offered)).toMatchObject({ delivered: 60_000, duplicate: 0, corrupted: 0, invented: 0 });
    expect(await container.ledger()).toMatchObject({ kernelDrops: 0, imbalance: 0 });
    console.log(`1,000/s for 60 s: peak ${container.memory().peakMb.toFixed(0)} MB of the control group`);
  });

  test('drops and counts the oldest segments, and survives, if X-Ray is unavailable at 2,000 per second with 128 MiB', async () => {
    const oracle = await startOracle();
    const { container, port } = await start(oracle, { memory: '128m' });
    oracle.intercept = () => ({ status: 503 });
    const sent = load(port);
    await sent.steady(2_000, 30);
    const full = await container.ledger();
    oracle.intercept = () => undefined;
    await eventually(async () => (await container.ledger()).here === 0, 60_000);
    const after = await container.ledger();
    expect(full.dropped).toBeGreaterThan(0);
    expect(after).toMatchObject({
      received: sent.offered,
      kernelDrops: 0,
      imbalance: 0,
      sent: oracle.judge(sent.offered).delivered,
    });
    expect(after.dropped + after.sent).toBe(sent.offered);
    // The oldest went, the newest arrived.
    expect(oracle.has(0)).toBe(false);
    expect(oracle.has(sent.offered - 1)).toBe(true);
    const { peakMb, oomKills } = container.memory();
    expect(oomKills).toBe(0);
    console.log(
      `X-Ray away at 2,000/s: ${after.dropped} of ${sent.offered} dropped and counted, peak ${peakMb.toFixed(0)} MB of the control group`,
    );
  });

  test('SIGTERM drains the buffer and exits with 0 within the grace period', async () => {
    const oracle = await startOracle();
    const { container, port } = await start(oracle);
    oracle.intercept = () => ({ status: 503 });
    const sent = load(port);
    await sent.burst(600);
    await eventually(async () => (await container.ledger()).received === 600);
    oracle.intercept = () => undefined;
    const { code, seconds } = await container.stop();
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(30);
    expect(oracle.judge(600)).toMatchObject({ delivered: 600, duplicate: 0 });
  });

  test('/xray healthcheck returns 0 in a healthy container, also as the image declares it', async () => {
    const { container } = await start(await startOracle());
    expect(container.exec('/xray', 'healthcheck').code).toBe(0);
    expect(container.exec('/usr/bin/xray', 'healthcheck', '--http-address', '127.0.0.1:9').code).toBe(1);
    expect(spawnSync('podman', ['--runtime', 'runc', 'healthcheck', 'run', container.name]).status).toBe(0);
  });

  test.each([
    { what: 'an ECS task definition: no command, ports by default', entrypoint: undefined, args: [] },
    {
      what: 'an ECS task definition with flags as its command',
      entrypoint: undefined,
      args: ['-n', 'us-east-1', '-o', '-l', 'debug'],
    },
    {
      what: 'the Kubernetes sample: /usr/bin/xray -c',
      entrypoint: ['/usr/bin/xray', '-c', '/aws/xray/config.yaml'],
      args: [],
    },
    {
      what: 'the entry point of the other image, spelled out',
      entrypoint: ['/usr/bin/xray', '-t', '0.0.0.0:2000', '-b', '0.0.0.0:2000'],
      args: ['--log-level', 'warn'],
    },
  ])('starts by $what', async ({ entrypoint, args }) => {
    if (!(await isFree(2000))) throw new Error('port 2000 of this machine is taken');
    const file = join(scope.folder(), 'config.yaml');
    writeFileSync(
      file,
      'TotalBufferSizeMB: 24\nSocket:\n  UDPAddress: "0.0.0.0:2000"\n  TCPAddress: "0.0.0.0:2000"\nRegion: us-west-2\nLocalMode: false\nVersion: 2\n',
    );
    const env = { ...EXAMPLE_KEYS, AWS_REGION: 'us-east-1' };
    const mounts = { '/aws/xray/config.yaml': file };
    const httpPort = await freePort();
    const container = new Container({
      args,
      mounts,
      env,
      httpPort,
      ...(entrypoint === undefined ? {} : { entrypoint }),
    });
    scope.add(() => container.kill());
    await eventually(async () =>
      fetch(`http://127.0.0.1:${httpPort}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    expect(await isFree(2000)).toBe(false);
    expect((await container.stop()).code).toBe(0);
  });

  test('docker run IMAGE local starts the local X-Ray, and send reaches it', async () => {
    const [port, httpPort] = [await freePort(), await freePort()];
    const container = new Container({ args: ['-b', `0.0.0.0:${port}`, '-t', `0.0.0.0:${port}`, 'local'], httpPort });
    scope.add(() => container.kill());
    await container.ready();
    const { code, output } = container.exec('/xray', 'send', '--to', `127.0.0.1:${port}`);
    expect(code, output).toBe(0);
    const id = /1-[0-9a-f]{8}-[0-9a-f]{24}/.exec(output)?.[0] ?? 'no id';
    await eventually(() => container.output.includes(id));
  });
});

async function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once('error', () => resolve(false));
  server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)));
  return promise;
}
