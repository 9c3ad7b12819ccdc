import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DaemonProcess } from '../fakes/daemon-process.ts';
import { HEADER, segment } from '../fakes/fixtures.ts';
import { xraydHere } from '../fakes/command.ts';
import { PROGRAM } from '../fakes/program.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';

const scope = new Scope();

async function run(...args: string[]): Promise<{ code: number | null; output: string }> {
  const daemon = new DaemonProcess({ args, env: { AWS_REGION: 'eu-west-1' }, hasFreePorts: false });
  const { code } = await daemon.end();
  return { code, output: daemon.stderr };
}

/** Local addresses of the process's listening TCP sockets. */
function listening(pid: number): string[] {
  const inodes = spawnSync('ls', ['-l', `/proc/${pid}/fd`], { encoding: 'utf8' }).stdout;
  const rows = ['tcp', 'tcp6'].flatMap((table) => readFileSync(`/proc/net/${table}`, 'utf8').split('\n').slice(1));
  return rows
    .map((row) => row.trim().split(/\s+/))
    .flatMap(([, local = '', , state, , , , , , inode]) =>
      state === '0A' && inodes.includes(`socket:[${inode}]`) ? [local] : [],
    );
}

test('--bind-tcp off: opens no TCP port except health, is ready, and sends segments', async () => {
  const xray = await scope.start(new FakeXRay({ region: 'eu-west-1' }));
  const daemon = await scope.daemon({
    args: ['--bind-tcp', 'off', '--endpoint', xray.url],
    env: { ...EXAMPLE_KEYS, AWS_REGION: 'eu-west-1' },
  });
  expect(listening(daemon.pid)).toHaveLength(1);
  expect(daemon.find(/TCP is off/)).toMatchObject({ level: 'info', from: '--bind-tcp' });
  const ready = await fetch(`${daemon.httpUrl}/readyz`);
  expect(ready.status).toBe(200);
  expect(JSON.stringify(await ready.json())).not.toContain('"tcp"');
  await daemon.send(HEADER + segment('a'));
  expect(await daemon.stop()).toMatchObject({ code: 0 });
  expect(xray.documents).toHaveLength(1);
});

const cannotBind2001 = spawnSync('unshare', ['-n', 'true']).status === 0 ? '' : ' (skipped: needs root and unshare)';

test.skipIf(cannotBind2001 !== '')(
  `a TCP port that is the default of health takes precedence, and says so${cannotBind2001}`,
  () => {
    const script = `ip link set lo up; "$@" -o -n eu-west-1 -t 127.0.0.1:2001 & pid=$!
    for i in $(seq 300); do sleep 0.1; exec 3<>/dev/tcp/127.0.0.1/2001 && break; done 2>/dev/null
    printf 'POST /nope HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3; kill $pid; wait $pid`;
    const env = { PATH: process.env['PATH'], AWS_EC2_METADATA_DISABLED: 'true' };
    const { stdout, stderr } = spawnSync('unshare', ['-n', 'bash', '-c', script, 'bash', ...PROGRAM], {
      env,
      encoding: 'utf8',
    });
    expect(stdout, stderr).toContain('This is not a path of the X-Ray API');
    expect(stdout).toContain(
      'health and metrics are unavailable, because --bind-tcp uses their default port. Choose another with --http-address',
    );
  },
);

test.each<[args: string[], line: string]>([
  [['--bind', 'off'], '--bind cannot be off'],
  [['local', '--bind', 'off'], '--bind cannot be off'],
  [['local', '--bind-tcp', 'off'], '--bind-tcp cannot be off for xrayd local: give host:port.'],
  [['send', '--to', 'off'], '--to cannot be off'],
  [['send', '--to', '127.0.0.1:0'], '--to needs a port other than 0'],
  [['healthcheck', '--http-address', 'off'], 'not ready at off: HTTP is off (--http-address)'],
  [
    ['healthcheck', '-t', '127.0.0.1:2001'],
    'not ready at off: HTTP is off (--bind-tcp has its default port; choose another with --http-address)',
  ],
])('%j is refused with a line that says what to change', async (args, line) => {
  const { code, stderr } = await xraydHere(args, { env: { AWS_REGION: 'eu-west-1' } });
  expect(code).toBe(1);
  expect(stderr).toContain(line);
});

test.each<[args: string[], line: string]>([
  [
    ['-b', '127.0.0.1:0', '-t', '127.0.0.1:0', '--http-address', 'no-such-host.invalid:1'],
    'cannot listen on HTTP no-such-host.invalid:1',
  ],
  [
    ['-b', 'no-such-host.invalid:1', '-t', 'off', '--http-address', 'off'],
    'cannot listen on UDP no-such-host.invalid:1',
  ],
  [
    ['-b', '127.0.0.1:0', '-t', 'no-such-host.invalid:1', '--http-address', 'off'],
    'cannot listen on TCP no-such-host.invalid:1',
  ],
  [
    ['local', '-b', '127.0.0.1:0', '-t', '[fe80::1%no0]:0', '--http-address', 'off'],
    'cannot listen on TCP [fe80::1%no0]:0',
  ],
  [
    ['local', '-b', '[fe80::1%no0]:0', '-t', '127.0.0.1:0', '--http-address', 'off'],
    'cannot listen on UDP [fe80::1%no0]:0',
  ],
])('%j ends the start with a line that says what to change', async (args, line) => {
  const { code, output } = await run(...args);
  expect(code).toBe(1);
  expect(output).toContain(line);
  expect(output).not.toMatch(/TypeError|\n {4}at /);
});

test('healthcheck asks a configured port, even if TCP has it too', async () => {
  const daemon = await scope.daemon({ args: ['-o', '-n', 'us-east-1'] });
  const address = new URL(daemon.httpUrl).host;
  expect(await xraydHere(['healthcheck', '-t', address, '--http-address', address])).toEqual({
    code: 0,
    stdout: 'ready\n',
    stderr: '',
  });
});

test('a flag of another command ends the start, and is named', async () => {
  expect(await run('daemon', '--fail-on', 'fault')).toEqual({
    code: 2,
    output: 'xrayd: --fail-on is not used by xrayd daemon, only by xrayd run. See xrayd help daemon.\n',
  });
  expect((await xraydHere(['run', '--account-id', '123456789012', '--', 'true'])).stderr).toContain(
    '--account-id is not used by xrayd run, only by xrayd local.',
  );
});

test('warns of a mistyped variable by name', async () => {
  const local = await scope.daemon({ args: ['local'], env: { XRAYD_BUFER_MEMORY: '9' } });
  expect(local.find(/Did you mean XRAYD_BUFFER_MEMORY\?/)).toMatchObject({ level: 'warn' });
});
