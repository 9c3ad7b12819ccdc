import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sharedLocal } from '../fakes/shared-local.ts';
import { xraydHere } from '../fakes/command.ts';
import type { Ended } from '../fakes/program.ts';
import { Scope } from '../fakes/scope.ts';

const local = await sharedLocal();
const scope = new Scope();

const exported = (...args: string[]): Promise<Ended> => xraydHere(['export', '--api', local.api, ...args]);

const idsIn = ({ stdout }: Ended): string[] =>
  (JSON.parse(stdout) as { Traces: { Id: string }[] }).Traces.map(({ Id }) => Id);

test('export --text writes the traces that contain the words, also with a filter and --wait', async () => {
  const id = await local.putTrace({ user: 'user-7731', fault: true });
  await local.putTrace({ user: 'user-8', fault: true });
  const plain = await exported('--text', 'USER-7731 getitem');
  expect([plain.code, plain.stderr, idsIn(plain)]).toEqual([0, 'exported 1 trace\n', [id]]);
  const both = await exported('--text', 'user-8', '--filter', 'ok', '--wait', '1');
  expect([both.code, both.stdout]).toEqual([1, '']);
  const none = await exported('--text', 'nothing');
  expect([none.code, idsIn(none)]).toEqual([0, []]);
});

test('export --trace-id takes IDs in any notation, and a log line', async () => {
  const [id, other] = [await local.putTrace(), await local.putTrace()];
  const hex = (of: string): string => of.slice(2).replace('-', '');
  const line = `REPORT RequestId: ${hex(other)}\tDuration: 3.2 ms\tXRAY TraceId: ${id}\tSegmentId: 53995c3f42cd8ad8`;
  const { code, stderr, stdout } = await exported('--trace-id', line);
  expect([code, stderr]).toEqual([0, 'exported 1 trace\n']);
  expect(idsIn({ code, stderr, stdout })).toEqual([id]);
  const both = await exported('--trace-id', `Root=${id};Sampled=1,${hex(other).toUpperCase()}`);
  expect(idsIn(both).sort()).toEqual([id, other].sort());
});

test('a mistake in a query writes nothing to standard output', async () => {
  const id = await local.putTrace();
  for (const args of [
    ['--filter', 'service('],
    ['--filter', 'service(', '--text', 'web'],
    ['--trace-id', 'x'],
  ]) {
    const { code, stdout, stderr } = await exported(...args);
    expect([args, code, stdout]).toEqual([args, 1, '']);
    expect(stderr).toMatch(/^xrayd: .*InvalidRequestException.*\n$/);
  }
  for (const list of [',', ' ', ' , ,']) {
    const { code, stdout, stderr } = await exported('--trace-id', list);
    expect([list, code, stdout]).toEqual([list, 1, '']);
    expect(stderr).toContain('an empty list');
  }
  const unknown = '1-00000000-000000000000000000000000';
  const some = await exported('--trace-id', `${id},${unknown}`);
  expect([some.code, some.stderr, idsIn(some)]).toEqual([
    1,
    `exported 1 trace\nxrayd: trace ${unknown} does not exist\n`,
    [id],
  ]);
});

test('export --save writes the file as a whole: a mistake in the filter leaves none, or the one that was there', async () => {
  const folder = scope.folder();
  const file = join(folder, 'traces.json');
  const id = await local.putTrace();
  expect((await exported('--filter', 'service(', '--save', file)).code).toBe(1);
  expect(readdirSync(folder)).toEqual([]);
  const saved = await exported('--trace-id', id, '--save', file);
  expect(saved).toEqual({ code: 0, stdout: '', stderr: 'exported 1 trace\n' });
  const text = readFileSync(file, 'utf8');
  expect(idsIn({ ...saved, stdout: text })).toEqual([id]);
  expect((await exported('--filter', 'service(', '--save', file)).code).toBe(1);
  expect([readdirSync(folder), readFileSync(file, 'utf8')]).toEqual([['traces.json'], text]);
  const nowhere = await exported('--trace-id', id, '--save', join(folder, 'no', 'x.json'));
  expect(nowhere).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^xrayd: cannot write the traces: ENOENT/) as string,
  });
  expect(existsSync(join(folder, 'no'))).toBe(false);
});

test('an address of all interfaces is never shown as a link', async () => {
  for (const [api, shown] of [
    ['0.0.0.0:9', '127.0.0.1:9'],
    ['[::]:9', 'localhost:9'],
  ] as const)
    expect((await xraydHere(['export', '--api', api])).stderr).toContain(`no local X-Ray answers at http://${shown}`);
});
