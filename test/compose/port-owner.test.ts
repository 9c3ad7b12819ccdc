import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bindError, xraydCommandOf } from '../../src/compose/port-owner.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();

test.each(['EMFILE', 'ENFILE'])('%s is not answered with another address', (code) => {
  const address = { host: '127.0.0.1', port: 2000 };
  const error = Object.assign(new Error(`listen ${code}`), { code });
  const { message } = bindError({ protocol: 'UDP', address, flag: '--bind' }, error);
  expect(message).toContain('too many open files');
  expect(message).toContain('ulimit -n');
  expect(message).not.toContain('--bind');
});

const LISTEN = `require('node:net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port); })`;

/** What bindError says of a TCP port that a process with this command line has. */
async function takenBy(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { NODE_OPTIONS: '' } });
  try {
    const [text] = (await once(child.stdout, 'data')) as [Buffer];
    const address = { host: '127.0.0.1', port: Number(text.toString()) };
    const error = Object.assign(new Error('listen'), { code: 'EADDRINUSE' });
    return bindError({ protocol: 'TCP', address, flag: '--bind-tcp' }, error).message.replaceAll(
      String(address.port),
      'PORT',
    );
  } finally {
    child.kill();
  }
}

test.runIf(process.platform === 'linux')('a port that is taken names the command line, without flags', async () => {
  const said = await takenBy(process.execPath, ['--eval', LISTEN, '--', '--password=secret']);
  expect(said).toMatch(/the port is taken by pid \d+ \(\S+node …\)\. Stop it, or choose another with --bind-tcp\.$/);
});

test.runIf(process.platform === 'linux')('a port that another local X-Ray has leads to its page', async () => {
  const link = join(scope.folder(), 'xrayd');
  symlinkSync(process.execPath, link);
  const said = await takenBy(link, ['--eval', LISTEN, 'local']);
  expect(said).toMatch(/: another xrayd \(local, pid \d+\) runs here: http:\/\/127\.0\.0\.1:PORT\/\. Stop it/);
});

test.each([
  [['/usr/bin/xrayd', '-n', 'eu-west-1'], 'daemon'],
  [['node', '/app/dist/xrayd.cjs', '-b', '0.0.0.0:2000', 'local'], 'local'],
  [['node', 'server.js', 'xrayd'], undefined],
  [[], undefined],
])('%j is xrayd %s', (args, command) => {
  expect(xraydCommandOf(args)).toBe(command);
});
