import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addressIn } from '../../src/cli/quick-healthcheck.ts';
import { SPECS } from '../../src/config/schema.ts';
import { xraydHere } from '../fakes/command.ts';
import { BUNDLE, ENVIRONMENT } from '../fakes/program.ts';
import { Scope } from '../fakes/scope.ts';
import { FakeServer, json, type Behaviour } from '../fakes/server.ts';

const scope = new Scope();

class Ready extends FakeServer {
  protected override answer(): Behaviour {
    return json({ status: 'ok', parts: [] });
  }
}

test.each<[args: string[], env: Record<string, string>, address: string | undefined]>([
  [['healthcheck'], {}, '127.0.0.1:2001'],
  [['healthcheck', '--http-address', '[::]:2101'], {}, ':::2101'],
  [['-http-address=h:1', 'healthcheck', '-t', '0.0.0.0:2000'], {}, 'h:1'],
  [['healthcheck'], { XRAYD_HTTP_ADDRESS: '0.0.0.0:3001', XRAYD_BIND_TCP: 'off' }, '0.0.0.0:3001'],
  [['healthcheck'], { XRAYD_HTTP_ADDRESS: '', XRAYD_BIND_TCP: '0.0.0.0:2000' }, '127.0.0.1:2001'],
  [['healthcheck', '--http-address', 'h:1'], { XRAYD_HTTP_ADDRESS: 'h:2' }, 'h:1'],
  // For healthcheck.ts: what needs an explanation, or a rule.
  [['healthcheck', '-t', '127.0.0.1:2001'], {}, undefined],
  [['healthcheck', '--http-address', 'off'], {}, undefined],
  [['healthcheck', '--http-address', '2001'], {}, undefined],
  [['healthcheck', '--http-address'], {}, undefined],
  [['healthcheck', '--http-address', ':2001'], {}, undefined],
  [['healthcheck', '--help'], {}, undefined],
  [['healthcheck', 'healthcheck'], {}, undefined],
  [['run', '--', 'healthcheck'], {}, undefined],
  [['-b', 'healthcheck'], {}, undefined],
  [['--http-address', 'healthcheck'], {}, undefined],
])('%j with %j is asked at %s', (args, env, address) => {
  const found = addressIn(args, env);
  expect(found === undefined ? undefined : `${found.host}:${found.port}`).toBe(address);
});

test('its variables, flags and default are those of the options', () => {
  expect(SPECS.httpAddress).toMatchObject({ flag: 'http-address', default: { host: '127.0.0.1', port: 2001 } });
  expect(SPECS.bindTcp).toMatchObject({ flag: 'bind-tcp', short: 't', default: { host: '127.0.0.1', port: 2000 } });
});

test('answers as healthcheck.ts does, without unpacking a program', async () => {
  const server = await scope.start(new Ready());
  const preload = join(scope.folder(), 'preload.cjs');
  writeFileSync(
    preload,
    `const zlib = require('node:zlib');
const { brotliDecompressSync } = zlib;
zlib.brotliDecompressSync = (packed) => (require('node:fs').writeSync(2, 'unpacked'), brotliDecompressSync(packed));`,
  );
  for (const [port, code, out, problem] of [
    [server.port, 0, 'ready\n', ''],
    [9, 1, '', 'xrayd: not ready at 127.0.0.1:9: connect ECONNREFUSED 127.0.0.1:9\n'],
  ] as const) {
    const args = ['healthcheck', '--http-address', `127.0.0.1:${port}`];
    const child = spawn(process.execPath, ['--require', preload, BUNDLE, ...args], { env: ENVIRONMENT });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    expect([child.exitCode, stdout, stderr]).toEqual([code, out, problem]);
    expect(await xraydHere(args)).toEqual({ code, stdout: out, stderr: problem });
  }
  const { stdout, stderr } = spawnSync(process.execPath, ['--require', preload, BUNDLE, 'healthcheck', '--help'], {
    encoding: 'utf8',
  });
  expect([stdout.slice(0, 6), stderr]).toEqual(['Usage:', 'unpacked']);
});
