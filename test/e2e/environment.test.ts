import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, expect, test } from 'vitest';
import { freePort } from '../../src/compose/free-port.ts';
import { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';
import { HEADER, segment } from '../fakes/fixtures.ts';
import { FakeSts } from '../fakes/identity.ts';
import { Scope } from '../fakes/scope.ts';
import { json } from '../fakes/server.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';
import { BUNDLE, PROGRAM } from '../fakes/program.ts';

const scope = new Scope();

interface Start {
  /** Shell commands before the daemon takes the shell's place. */
  readonly script?: string;
  /** What runs the shell. */
  readonly around?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the daemon, sends it a segment, and waits until X-Ray has it. */
async function delivers({ script = ':', around = [], args = [], env = {} }: Start): Promise<DaemonProcess> {
  const xray = await scope.start(new FakeXRay());
  const port = await freePort();
  const own = [
    '-o',
    '-n',
    'us-east-1',
    '--endpoint',
    xray.url,
    '-b',
    `127.0.0.1:${port}`,
    '-t',
    '127.0.0.1:0',
    ...args,
  ];
  const daemon = new DaemonProcess({
    command: [...around, 'sh', '-c', `${script}; exec "$0" ${BUNDLE} "$@"`, process.execPath],
    args: own,
    env: { ...EXAMPLE_KEYS, XRAYD_HTTP_ADDRESS: 'off', ...env },
    hasFreePorts: false,
  });
  scope.add(() => daemon.stop('SIGKILL'));
  const socket = createSocket('udp4');
  scope.add(() => socket.close());
  const document = segment('here');
  await eventually(() => {
    if (!daemon.isRunning) throw new Error(`the daemon ended: ${daemon.stdout}${daemon.stderr}`);
    socket.send(HEADER + document, port, '127.0.0.1');
    return xray.documents.includes(document);
  }, 20_000);
  expect(daemon.stdout + daemon.stderr).not.toMatch(/please report|\n {4}at /);
  return daemon;
}

const PIPE = join(tmpdir(), `xrayd-test-pipe-${process.pid}`);
afterAll(() => rmSync(PIPE, { force: true }));
const isRoot = process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0;
const AS_STRANGER = ['setpriv', '--reuid', '54321', '--regid', '54321', '--clear-groups'];

// What can be odd at the same time is: each start takes a third of a second of CPU time.
test.each<[words: string, start: Start]>([
  [
    'a working folder that was deleted, umask 777, no PATH, no HOME, tight limits, odd variables and a spool that cannot be',
    {
      script:
        'd=$(mktemp -d); cd "$d"; rmdir "$d"; umask 777; ulimit -c 0; ulimit -l 0; ulimit -s 256; ulimit -f 0; unset PATH HOME',
      env: {
        NODE_ENV: 'test',
        NODE_PATH: '/nonexistent',
        NODE_EXTRA_CA_CERTS: '/nonexistent/x',
        NODE_OPTIONS: '--max-old-space-size=64 --enable-source-maps --unhandled-rejections=strict',
        // No header can hold it.
        AWS_EXECUTION_ENV: 'ünï\n😀',
      },
      args: ['--spool', '/proc/none/spool'],
    },
  ],
  ['standard input, output and error closed', { script: 'exec <&- >&- 2>&-' }],
  [
    'a full disk behind standard output and error, and -f in a folder that cannot be',
    { script: 'exec >/dev/full 2>/dev/full', args: ['-f', '/proc/none/x.log'] },
  ],
  [
    'a standard output that is open for reading only, an empty HOME, odd locale and time zone',
    {
      script: 'exec 1</dev/null',
      env: { HOME: '', TZ: 'Nowhere/At_All', LANG: 'xx_YY', LC_ALL: 'C.nothing', TMPDIR: '/nonexistent/x' },
    },
  ],
  ['a standard output that nobody reads', { script: 'p=$(mktemp -u); mkfifo "$p"; exec 3<>"$p" >"$p" 3>&-; rm "$p"' }],
  [
    '32 open files, and the variable of a Node cluster',
    { script: 'ulimit -n 32', env: { NODE_UNIQUE_ID: '1', XRAYD_HTTP_ADDRESS: '127.0.0.1:0' } },
  ],
  ['-f /dev/full', { args: ['-f', '/dev/full'] }],
  ['-f on a pipe that nobody reads', { script: 'mkfifo "$PIPE"', args: ['-f', PIPE], env: { PIPE } }],
  ['-f in a folder that cannot be', { args: ['-f', '/proc/none/x.log'] }],
])('starts and delivers with %s', async (_words, start) => {
  await delivers(start);
});

test.skipIf(!isRoot).each<[words: string, start: Start]>([
  [
    'a user without an entry in passwd, HOME, capabilities and new privileges',
    {
      around: [...AS_STRANGER, '--no-new-privs', '--bounding-set', '-all', '--inh-caps', '-all'],
      script: 'unset HOME',
    },
  ],
  [
    'no /proc and no /etc',
    { around: ['unshare', '--mount'], script: 'mount -t tmpfs none /proc; mount -t tmpfs none /etc' },
  ],
  // Bound, not covered: the checkout may lie below it.
  [
    'no /sys, no /dev and a /tmp that cannot be written',
    {
      around: ['unshare', '--mount'],
      script:
        'mount -t tmpfs none /sys; mount --bind /tmp /tmp && mount -o remount,bind,ro /tmp; mount -t tmpfs none /dev',
    },
  ],
  [
    'no capabilities and no new privileges',
    { around: ['setpriv', '--no-new-privs', '--bounding-set', '-all', '--inh-caps', '-all'] },
  ],
])(`starts and delivers with %s${isRoot ? '' : ' (skipped: needs root and unshare)'}`, async (_words, start) => {
  await delivers(start);
});

test.skipIf(!isRoot)(
  `starts with only a loopback network, and without IPv6${isRoot ? '' : ' (skipped: needs root and unshare)'}`,
  async () => {
    for (const address of [':0', '[::]:0', 'localhost:0', '0.0.0.0:0']) {
      const script = 'ip link set lo up; echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6; exec "$0" "$@"';
      const command = ['unshare', '--net', 'sh', '-c', script, ...PROGRAM];
      const args = ['-o', '-n', 'us-east-1', '--endpoint', 'http://127.0.0.1:9', '-b', address, '-t', address];
      await scope.daemon({ command, args, env: { ...EXAMPLE_KEYS, XRAYD_HTTP_ADDRESS: 'off' }, hasFreePorts: false });
    }
  },
);

/** Each of them alone ends the start of neither daemon, or that of the reference only. */
const MALFORMED = {
  AWS_MAX_ATTEMPTS: 'foo',
  AWS_RETRY_MODE: 'foo',
  AWS_DEFAULTS_MODE: 'foo',
  AWS_STS_REGIONAL_ENDPOINTS: 'foo',
  AWS_SDK_LOAD_CONFIG: 'foo',
  AWS_ACCOUNT_ID_ENDPOINT_MODE: 'foo',
  AWS_DISABLE_REQUEST_COMPRESSION: 'foo',
  AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES: 'foo',
  AWS_REQUEST_CHECKSUM_CALCULATION: 'foo',
  AWS_RESPONSE_CHECKSUM_VALIDATION: 'foo',
  AWS_AUTH_SCHEME_PREFERENCE: 'foo',
  AWS_SIGV4A_SIGNING_REGION_SET: 'foo',
  AWS_EC2_METADATA_V1_DISABLED: 'foo',
  AWS_EC2_METADATA_SERVICE_ENDPOINT: '::',
  AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: 'foo',
  AWS_SDK_UA_APP_ID: 'x'.repeat(100),
  AWS_DEFAULT_PROFILE: 'none',
  AWS_XRAY_DAEMON_ADDRESS: '::',
  AWS_SESSION_TOKEN: '',
};

test('malformed AWS variables do not stop it: STS credentials are found, and segments are delivered', async () => {
  const folder = scope.folder();
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, 'web-identity');
  const sts = await scope.start(new FakeSts());
  sts.webIdentityToken = 'web-identity';
  const xray = await scope.start(new FakeXRay({ credentials: sts.issued }));
  const identity = {
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
    AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/app',
    AWS_ENDPOINT_URL_STS: sts.url,
  };
  const args = ['-o', '-n', 'us-east-1', '--endpoint', xray.url];
  const daemon = await scope.daemon({ args, env: { ...MALFORMED, ...identity } });
  const document = segment('here');
  await daemon.send(HEADER + document);
  await eventually(() => xray.documents.includes(document));
  expect(daemon.stdout + daemon.stderr).not.toMatch(/please report|\n {4}at /);
});

test('finds the endpoint of X-Ray despite malformed variables of the SDK', async () => {
  const names = [
    'AWS_USE_FIPS_ENDPOINT',
    'AWS_USE_DUALSTACK_ENDPOINT',
    'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
    'AWS_DEFAULTS_MODE',
    'AWS_RETRY_MODE',
  ];
  const daemon = await scope.daemon({
    args: ['-o', '-n', 'us-east-1'],
    env: {
      ...EXAMPLE_KEYS,
      AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:9',
      ...Object.fromEntries(names.map((name) => [name, 'maybe'])),
    },
  });
  expect(daemon.find(/sending to X-Ray/)?.['endpoint']).toBe('https://xray.us-east-1.amazonaws.com');
  expect(daemon.stdout + daemon.stderr).not.toMatch(/please report|\n {4}at /);
});

test.each<[words: string, env: (folder: string) => Record<string, string>]>([
  ['folders', (folder) => ({ AWS_CONFIG_FILE: folder, AWS_SHARED_CREDENTIALS_FILE: folder })],
  [
    'no INI',
    (folder) => ({ AWS_CONFIG_FILE: join(folder, 'garbage'), AWS_SHARED_CREDENTIALS_FILE: join(folder, 'garbage') }),
  ],
  [
    'not there',
    (folder) => ({ AWS_CONFIG_FILE: join(folder, 'none'), AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none') }),
  ],
])('ignores AWS configuration files that are %s if the keys are in the environment', async (_words, env) => {
  const folder = scope.folder();
  mkdirSync(join(folder, 'in'));
  writeFileSync(join(folder, 'garbage'), 'this is [not ini\n=x\n\0\n[profile\n');
  await delivers({ env: env(folder) });
});

test('-f accepts devices: /dev/stderr is standard error, /dev/null is silence', async () => {
  const loud = await delivers({ args: ['-f', '/dev/stderr'] });
  expect([loud.stdout, loud.stderr.includes('xrayd is ready')]).toEqual(['', true]);
  const silent = await delivers({ args: ['-f', '/dev/null'] });
  expect([silent.stdout, silent.stderr]).toEqual(['', '']);
});

test('NODE_USE_ENV_PROXY sends no call to this machine or its container agent through a proxy', async () => {
  const proxy = `http://127.0.0.1:${await freePort()}`;
  const env = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxy, http_proxy: proxy };
  const agent = await scope.start(new FakeXRay());
  agent.intercept = () => json({ TaskARN: 'arn:aws:ecs:eu-west-3:123456789012:task/a/b' });
  const daemon = await scope.daemon({
    args: ['-o'],
    env: { ...EXAMPLE_KEYS, ...env, ECS_CONTAINER_METADATA_URI_V4: agent.url },
  });
  expect(daemon.find(/sending to X-Ray/)).toMatchObject({ region: 'eu-west-3' });
  const local = await scope.daemon({ args: ['local'], env });
  const run = async (...args: string[]) => {
    const child = scope.spawn({ args, env: { ...env, XRAYD_API: new URL(local.tcpUrl).host }, hasFreePorts: false });
    return { ...(await child.end()), stderr: child.stderr };
  };
  const confirm = new URL(local.httpUrl).host;
  expect(await run('send', '--to', `127.0.0.1:${local.udpPort}`, '--confirm', confirm)).toMatchObject({ code: 0 });
  expect(await run('export')).toMatchObject({ code: 0 });
  expect(await run('healthcheck', '--http-address', confirm)).toMatchObject({ code: 0 });
  expect(await run('run', '--', 'true')).toMatchObject({ code: 0, stderr: expect.stringContaining('0 traces') });
});

const noPrlimit = spawnSync('prlimit', ['--version']).status === 0 ? '' : ' (skipped: no prlimit)';
test.skipIf(noPrlimit !== '')(
  `answers /metrics while no file can be opened, without the values that need one${noPrlimit}`,
  async () => {
    const daemon = await scope.daemon({ args: ['local'] });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    scope.add(() => agent.destroy());
    const scrapeText = async (): Promise<[number | undefined, string]> => {
      const request = get(`${daemon.httpUrl}/metrics`, { agent });
      const [answer] = (await once(request, 'response')) as [IncomingMessage];
      return [answer.statusCode, await text(answer)];
    };
    expect(await scrapeText()).toEqual([200, expect.stringMatching(/^process_open_fds \d+$/m)]);
    spawnSync('prlimit', ['--pid', String(daemon.pid), '--nofile=10:10']);
    const [status, body] = await scrapeText();
    expect(status).toBe(200);
    expect(body).toMatch(/^xrayd_segments_received_total 0$/m);
    expect(body).toMatch(/^nodejs_heap_size_used_bytes \d+$/m);
    expect(body).not.toMatch(/^process_open_fds \d/m);
  },
);
