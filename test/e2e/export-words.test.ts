import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { LocalXRay } from '../fakes/local-xray.ts';
import { Scope } from '../fakes/scope.ts';
import { BUNDLE } from '../fakes/program.ts';

const scope = new Scope();

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function exported(local: LocalXRay, ...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [BUNDLE, 'export', '--api', local.api, ...args], {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' },
  });
  child.stdin.end();
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}

const idsIn = ({ stdout }: Ended): string[] =>
  (JSON.parse(stdout) as { Traces: { Id: string }[] }).Traces.map(({ Id }) => Id);

test('export --text writes the traces that contain the words, also with a filter and --wait', async () => {
  const local = await LocalXRay.of(scope);
  const id = await local.putTrace({ user: 'user-7731', fault: true });
  await local.putTrace({ user: 'user-8', fault: true });
  const plain = await exported(local, '--text', 'USER-7731 getitem');
  expect([plain.code, plain.stderr, idsIn(plain)]).toEqual([0, 'exported 1 trace\n', [id]]);
  const both = await exported(local, '--text', 'user-8', '--filter', 'ok', '--wait', '1');
  expect([both.code, both.stdout]).toEqual([1, '']);
  const none = await exported(local, '--text', 'nothing');
  expect([none.code, idsIn(none)]).toEqual([0, []]);
});

test('export --trace-id takes IDs in any notation, and a log line', async () => {
  const local = await LocalXRay.of(scope);
  const [id, other] = [await local.putTrace(), await local.putTrace()];
  const hex = (of: string): string => of.slice(2).replace('-', '');
  const line = `REPORT RequestId: ${hex(other)}\tDuration: 3.2 ms\tXRAY TraceId: ${id}\tSegmentId: 53995c3f42cd8ad8`;
  const { code, stderr, stdout } = await exported(local, '--trace-id', line);
  expect([code, stderr]).toEqual([0, 'exported 1 trace\n']);
  expect(idsIn({ code, stderr, stdout })).toEqual([id]);
  const both = await exported(local, '--trace-id', `Root=${id};Sampled=1,${hex(other).toUpperCase()}`);
  expect(idsIn(both).sort()).toEqual([id, other].sort());
});

test('a mistake in a query writes nothing to standard output', async () => {
  const local = await LocalXRay.of(scope);
  const id = await local.putTrace();
  for (const args of [
    ['--filter', 'service('],
    ['--filter', 'service(', '--text', 'web'],
    ['--trace-id', 'x'],
  ]) {
    const { code, stdout, stderr } = await exported(local, ...args);
    expect([args, code, stdout]).toEqual([args, 1, '']);
    expect(stderr).toMatch(/^xrayd: .*InvalidRequestException.*\n$/);
  }
  for (const list of [',', ' ', ' , ,']) {
    const { code, stdout, stderr } = await exported(local, '--trace-id', list);
    expect([list, code, stdout]).toEqual([list, 1, '']);
    expect(stderr).toContain('an empty list');
  }
  const unknown = '1-00000000-000000000000000000000000';
  const some = await exported(local, '--trace-id', `${id},${unknown}`);
  expect([some.code, some.stderr, idsIn(some)]).toEqual([
    1,
    `exported 1 trace\nxrayd: trace ${unknown} does not exist\n`,
    [id],
  ]);
});
