import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { eventually } from '../fakes/eventually.ts';
import { HEADER, segment } from '../fakes/fixtures.ts';
import { PROGRAM } from '../fakes/program.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';

const scope = new Scope();
const noPrlimit = spawnSync('prlimit', ['--version']).status === 0 ? '' : ' (skipped: no prlimit)';

/**
 * Keeps `count` connections to `url` open, and replaces each that the server closes. Resolves when all have been open
 * once.
 */
async function hold(url: string, count: number): Promise<void> {
  const port = Number(new URL(url).port);
  let opened = 0;
  let isOver = false;
  const open = (): void => {
    if (isOver) return;
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.on('connect', () => void opened++).on('close', () => setTimeout(open, 200));
    scope.add(() => void socket.destroy());
  };
  scope.add(() => void (isOver = true));
  for (let i = 0; i < count; i++) open();
  await eventually(() => opened >= count, 30_000);
}

test.skipIf(noPrlimit !== '')(
  `connections of clients never take the file descriptors that delivery needs${noPrlimit}`,
  async () => {
    const xray = await scope.start(new FakeXRay());
    const command = ['prlimit', '--nofile=256:256', ...PROGRAM];
    const daemon = await scope.daemon({
      args: ['--endpoint', xray.url, '-n', 'us-east-1'],
      env: EXAMPLE_KEYS,
      command,
    });
    await Promise.all([hold(daemon.tcpUrl, 150), hold(daemon.httpUrl, 150)]);
    await daemon.send(HEADER + segment('a'));
    await eventually(() => xray.documents.length === 1, 30_000);
    expect(daemon.log.filter(({ reason }) => String(reason).includes('EMFILE'))).toEqual([]);
  },
);
