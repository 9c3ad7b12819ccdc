import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort } from '../../src/compose/free-port.ts';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';
import { HEADER, segment } from '../fakes/fixtures.ts';
import { scrape } from '../fakes/metrics.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';
import { PROGRAM } from '../fakes/program.ts';

// `kubectl logs` that hangs, `xrayd local | less`, Ctrl-S: whoever reads the console stops reading.
const scope = new Scope();

interface FullPipe {
  readonly path: string;
  /** Everything that is in it now. */
  read(): string;
}

/** A full pipe, and a reader that does not read. */
function fullPipe(): FullPipe {
  const path = join(scope.folder(), 'pipe');
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  scope.add(() => closeSync(fd));
  const untilRefused = (step: () => number): void => {
    try {
      while (step() > 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  };
  untilRefused(() => writeSync(fd, ' '.repeat(4096)));
  untilRefused(() => writeSync(fd, ' '));
  const read = (): string => {
    const chunk = Buffer.alloc(65_536);
    let text = '';
    untilRefused(() => {
      const length = readSync(fd, chunk);
      text += chunk.toString('utf8', 0, length);
      return length;
    });
    return text;
  };
  return { path, read };
}

/** xrayd with both its outputs in `pipe`. */
async function start(
  pipe: FullPipe,
  args: readonly string[],
  env = {},
): Promise<{ process: DaemonProcess; port: number; http: string; send(text: string): Promise<void> }> {
  const [port, httpPort] = [await freePort(), await freePort()];
  const ports = [
    '--bind',
    `127.0.0.1:${port}`,
    '--bind-tcp',
    `127.0.0.1:${port}`,
    '--http-address',
    `127.0.0.1:${httpPort}`,
  ];
  const command = ['/bin/sh', '-c', 'exec "$@" >>"$0" 2>&1', pipe.path, ...PROGRAM, ...args, ...ports];
  const child = scope.spawn({ command, hasFreePorts: false, env });
  Object.defineProperty(child, 'udpPort', { value: port });
  const http = `http://127.0.0.1:${httpPort}`;
  const isReady = (): Promise<boolean> =>
    fetch(`${http}/readyz`, { signal: AbortSignal.timeout(500) }).then(
      (answer) => answer.ok,
      () => false,
    );
  await eventually(isReady, 15_000, 'it is not ready');
  return { process: child, port, http, send: (text) => child.send(text) };
}

test('the daemon delivers while nobody reads its log, reports the missed lines once somebody does, and ends in time', async () => {
  const pipe = fullPipe();
  const xray = await scope.start(new FakeXRay());
  const daemon = await start(pipe, ['-l', 'dev', '--endpoint', xray.url, '-n', 'us-east-1'], EXAMPLE_KEYS);
  for (let i = 0; i < 100; i++) await daemon.send(HEADER + segment(`s${i}`));
  await eventually(() => xray.documents.length === 100);
  await eventually(async () => (await scrape(daemon.http))['xrayd_segments_sent_total'] === 100);
  let text = '';
  await eventually(() => (text += pipe.read()).includes('xrayd is ready'));
  daemon.process.kill();
  await eventually(() => (text += pipe.read()).includes('xrayd stopped: 0 segments sent in the drain, 0 lost'));
  expect(await daemon.process.end()).toEqual({ code: 0, signal: null });
});

test('the daemon ends even if its last lines cannot be written', async () => {
  const daemon = await start(fullPipe(), ['--endpoint', 'http://127.0.0.1:1', '-n', 'us-east-1'], EXAMPLE_KEYS);
  expect(await daemon.process.stop()).toEqual({ code: 0, signal: null });
});

test.each(['json', 'pretty'])(
  'the local X-Ray stores and answers while nobody reads its lines (%s)',
  async (format) => {
    const pipe = fullPipe();
    const local = await start(pipe, ['local', '--log-format', format, '-l', 'dev']);
    const count = 200;
    for (let i = 0; i < count; i++) await local.send(HEADER + segment(`s${i}`));
    await eventually(async () => (await scrape(local.http))['xrayd_segments_sent_total'] === count);
    let text = '';
    await eventually(() => (text += pipe.read()).includes('Read traces:') && text.includes('s1 '));
    expect(await local.process.stop()).toEqual({ code: 0, signal: null });
  },
);
