import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { serviceManager } from '../../src/cli/service-manager.ts';
import { nativeModule } from '../../src/pipeline/native.ts';
import { NotifySocket } from '../fakes/notify-socket.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();
const hasFfi = process.platform === 'linux' && typeof nativeModule()?.dlopen === 'function';

test.skipIf(!hasFfi).each(['a path', 'an abstract name'])(
  `systemd hears when the daemon is ready, alive and stopping, at %s${hasFfi ? '' : ' (skipped: no node:ffi)'}`,
  async (kind) => {
    const path = join(scope.folder(), 'notify');
    const socket = new NotifySocket(kind === 'a path' ? path : `@${path}`);
    scope.add(() => socket.close());
    const daemon = scope.spawn({
      args: ['-n', 'us-east-1', '-o'],
      // The watchdog is the main thread's; its process is not known before it starts, so the shell tells.
      command: ['/bin/sh', '-c', 'WATCHDOG_PID=$$ exec "$0" "$@"', process.execPath, 'src/main.ts'],
      env: { NOTIFY_SOCKET: kind === 'a path' ? path : `@${path}`, WATCHDOG_USEC: '100000' },
    });
    await daemon.ready();
    await expect.poll(() => socket.states.slice(0, 3)).toEqual(['READY=1', 'WATCHDOG=1', 'WATCHDOG=1']);
    // The kernel keeps ten unread datagrams.
    const stopped = daemon.stop();
    await expect.poll(() => socket.states).toContain('STOPPING=1');
    await stopped;
  },
);

test('without node:ffi, systemd-notify tells it', async () => {
  const folder = scope.folder();
  const program = join(folder, 'systemd-notify');
  const heard = join(folder, 'heard');
  writeFileSync(program, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >>${heard}\n`);
  chmodSync(program, 0o755);
  const missing = vi.spyOn(process, 'getBuiltinModule').mockImplementationOnce(() => {
    throw new Error('no such module');
  });
  scope.add(() => missing.mockRestore());
  const manager = serviceManager({ NOTIFY_SOCKET: '/run/notify', PATH: `${folder}:/usr/bin:/bin` });
  manager.ready();
  await expect
    .poll(() => existsSync(heard) && readFileSync(heard, 'utf8'))
    .toBe(`/run/notify --pid=${process.pid} READY=1\n`);
});

test('neither a missing socket nor a missing program is an error', () => {
  for (const address of [undefined, '', 'tcp:1', '/nowhere/notify', `@${'x'.repeat(200)}`]) {
    const manager = serviceManager({ NOTIFY_SOCKET: address, PATH: '/nowhere' });
    manager.ready();
    manager.stopping();
  }
});
