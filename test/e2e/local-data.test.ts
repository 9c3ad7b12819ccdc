import { spawnSync } from 'node:child_process';
import { copyFileSync, linkSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { eventually } from '../fakes/eventually.ts';
import { LocalXRay } from '../fakes/local-xray.ts';
import { Scope } from '../fakes/scope.ts';
import { canUnshare } from '../fakes/spool-process.ts';
import { PROGRAM } from '../fakes/program.ts';
import { segmentJson } from '../fakes/traces.ts';
import { openToWrite } from '../../src/store/schema.ts';

const scope = new Scope();

async function startWith(file: string): Promise<LocalXRay> {
  const local = await LocalXRay.start('--data', file);
  scope.add(() => local.stop());
  return local;
}

async function startLocal(TMPDIR: string): Promise<LocalXRay> {
  const local = await LocalXRay.startIn({ TMPDIR });
  scope.add(() => local.stop('SIGTERM'));
  return local;
}

async function traceIds(local: LocalXRay): Promise<string[]> {
  const lines = (await (await fetch(`${local.daemon.tcpUrl}/traces.ndjson`)).text()).split('\n');
  return lines.filter((line) => line !== '').map((line) => (JSON.parse(line) as { Id: string }).Id);
}

test('--data keeps traces, groups and sampling rules across kill -9: everything that was readable a second before', async () => {
  const file = join(scope.folder(), 'traces.db');
  const first = await startWith(file);
  const ids: string[] = [];
  for (let i = 0; i < 50; i++) ids.push(await first.putTrace());
  const post = (path: string, body: object): Promise<Response> =>
    fetch(first.daemon.tcpUrl + path, { method: 'POST', body: JSON.stringify(body) });
  expect((await post('/CreateGroup', { GroupName: 'kept', FilterExpression: 'fault' })).status).toBe(200);
  await first.daemon.stop('SIGKILL');
  const second = await startWith(file);
  expect((await traceIds(second)).toSorted()).toEqual(ids.toSorted());
  expect(await (await fetch(`${second.daemon.tcpUrl}/Groups`, { method: 'POST' })).text()).toContain(
    '"GroupName":"kept"',
  );
});

test('another program’s file ends the start with one line that says what to do', async () => {
  const file = join(scope.folder(), 'notes.txt');
  writeFileSync(file, 'these are my notes, and they are longer than the header of a database would be. '.repeat(10));
  const daemon = scope.spawn({ args: ['local', '--data', file] });
  expect((await daemon.end()).code).toBe(1);
  expect(daemon.stderr).toMatch(
    /xrayd: cannot open .*notes\.txt as a trace store: .*not a database.* Choose another file with --data\n/,
  );
});

/** How a second local X-Ray with this file ends. */
async function refusal(file: string): Promise<string> {
  const second = scope.spawn({ args: ['local', '--data', file] });
  expect((await second.end()).code).toBe(1);
  return second.stderr;
}

test('refuses a second process with the same file, under a hard link or without the lock file too, until the first has ended, however it ended', async () => {
  const file = join(scope.folder(), 'shared.db');
  const first = await startWith(file);
  expect(await refusal(file)).toMatch(
    /xrayd: .*shared\.db is in use by another xrayd( \(pid \d+\))?\. Stop it, or choose another file with --data\n/,
  );
  // Another process could open it under that name.
  linkSync(file, `${file}.link`);
  expect(await refusal(`${file}.link`)).toMatch(
    /shared\.db\.link as a trace store: it has 2 names \(hard links\).*Delete the others, or make a copy/,
  );
  rmSync(`${file}.link`);
  rmSync(`${file}-lock`);
  await eventually(() => readdirSync(join(file, '..')).includes('shared.db-lock'));
  expect(await refusal(file)).toMatch(/shared\.db is in use by another xrayd/);
  await first.putTrace();
  await first.daemon.stop('SIGKILL');
  await startWith(file);
});

test('two processes with one temporary folder, in two PID namespaces, keep their traces', async (context) => {
  if (!canUnshare) context.skip('this process may not make PID namespaces');
  const TMPDIR = scope.folder();
  const first = await startLocal(TMPDIR);
  const id = await first.putTrace();
  const command = ['unshare', '--pid', '--fork', '--kill-child', ...PROGRAM];
  const second = scope.spawn({ args: ['local', '--region', 'eu-west-1'], env: { TMPDIR }, command });
  await second.ready();
  expect(readdirSync(TMPDIR)).toHaveLength(2);
  expect(await traceIds(first)).toEqual([id]);
  await second.stop('SIGKILL');
  await startLocal(TMPDIR);
  expect(readdirSync(TMPDIR)).toHaveLength(2);
});

test('without a writable temporary folder, as in a read-only container, traces are stored in memory', async () => {
  const local = await startLocal(join(scope.folder(), 'none'));
  const id = await local.putTrace();
  expect(await traceIds(local)).toEqual([id]);
  expect(await (await fetch(`${local.daemon.httpUrl}/readyz`)).text()).toContain('/dev/shm/xrayd-local-');
});

test('the first process reports a second one that started before the lock file was recreated, until the second has ended', async () => {
  const file = join(scope.folder(), 'traces.db');
  const first = await startWith(file);
  const readyz = async (): Promise<string> => (await fetch(`${first.daemon.httpUrl}/readyz`)).text();
  // It starts in less time than a second, or else finds the lock taken again.
  first.daemon.kill('SIGSTOP');
  rmSync(`${file}-lock`);
  const second = await startWith(file);
  first.daemon.kill('SIGCONT');
  await eventually(
    () =>
      first.daemon.find(/another xrayd uses .*traces\.db too, because the lock file .*-lock was deleted\. Stop one/) !==
      undefined,
  );
  expect(await readyz()).toContain('"degraded","reason":"another xrayd uses');
  await second.stop('SIGTERM');
  await eventually(async () => !(await readyz()).includes('degraded'));
});

test.each([
  [
    'deleted',
    (file: string) => rmSync(file),
    /was deleted or moved while it was in use: .* Save the traces \(xrayd export\), then restart/,
  ],
  ['moved', (file: string) => renameSync(file, `${file}.old`), /was deleted or moved while it was in use/],
  [
    'replaced',
    (file: string) => (copyFileSync(file, `${file}.new`), renameSync(`${file}.new`, file)),
    /was replaced by another file while it was in use/,
  ],
  [
    'missing its log',
    (file: string) => rmSync(`${file}-wal`),
    /traces\.db-wal was deleted or moved while it was in use: traces are lost if xrayd is killed\. Restart it/,
  ],
])(
  'reports a --data file that is %s while in use in the log and in /readyz, and still stores and reads traces',
  async (_how, change, words) => {
    const file = join(scope.folder(), 'traces.db');
    const local = await startWith(file);
    const ids = [await local.putTrace()];
    change(file);
    await eventually(() => local.daemon.find(words)?.level === 'error');
    const ready = await fetch(`${local.daemon.httpUrl}/readyz`);
    expect([ready.status, await ready.text()]).toEqual([200, expect.stringMatching(words)]);
    ids.push(await local.putTrace());
    expect((await traceIds(local)).toSorted()).toEqual(ids.toSorted());
  },
);

test('reports a --data file that is truncated while in use as damaged: in the log, in /readyz and to clients', async () => {
  const file = join(scope.folder(), 'traces.db');
  const local = await startWith(file);
  for (let i = 0; i < 100; i++) await local.putTrace({ metadata: { text: 'x'.repeat(2_000) } });
  truncateSync(`${file}-wal`, 0);
  // The headers are there; the list must not end as if there were no traces.
  await expect(fetch(`${local.daemon.tcpUrl}/traces.ndjson`).then((list) => list.text())).rejects.toThrow(/terminated/);
  // The thread that writes has its own pages, and what it writes next brings the end of the file back.
  await local.putTrace();
  await eventually(async () => {
    await local.ask('GetTraceSummaries', { StartTime: local.now - 600, EndTime: local.now + 600 });
    return local.daemon.find(/traces\.db is damaged \(.*Save the readable ones/)?.level === 'error';
  });
  const answer = await local.ask('GetTraceSummaries', { StartTime: local.now - 600, EndTime: local.now + 600 });
  expect([answer.status, answer.text]).toEqual([503, expect.stringMatching(/is damaged/)]);
  const ready = await fetch(`${local.daemon.httpUrl}/readyz`);
  expect([ready.status, await ready.text()]).toEqual([
    200,
    expect.stringMatching(/"degraded","reason":"[^"]*traces\.db is damaged/),
  ]);
  expect(local.daemon.find(/please report/)).toBeUndefined();
});

/** As another program would. */
function change(file: string, sql: string): void {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  database.exec(sql);
  database.close();
}

test('a --data file that another program has locked is neither damaged nor a bug: changes are refused, and work again afterwards', async () => {
  const file = join(scope.folder(), 'traces.db');
  const local = await startWith(file);
  const other = new DatabaseSync(file);
  scope.add(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  const group = { GroupName: 'faults', FilterExpression: 'fault' };
  const refused = await local.ask('CreateGroup', group);
  expect([refused.status, refused.text]).toEqual([429, expect.stringMatching(/another program has locked the file/)]);
  expect(local.daemon.find(/please report|damaged/)).toBeUndefined();
  other.exec('ROLLBACK');
  expect((await local.ask('CreateGroup', group)).status).toBe(200);
});

test('reports a --data file with a changed document as damaged, and still stores documents of its trace', async () => {
  const file = join(scope.folder(), 'traces.db');
  const local = await startWith(file);
  const trace_id = local.nextTraceId();
  const segment = segmentJson('web', { trace_id, start_time: local.now, end_time: local.now + 1 });
  const { end_time: _, ...begun } = segment as Record<string, unknown>;
  const put = (document: object): Promise<Response> =>
    fetch(`${local.daemon.tcpUrl}/TraceSegments`, {
      method: 'POST',
      body: JSON.stringify({ TraceSegmentDocuments: [JSON.stringify(document)] }),
    });
  await put({ ...begun, in_progress: true });
  await put(segmentJson('orders', { trace_id, start_time: local.now, end_time: local.now + 1 }));
  change(file, "UPDATE document SET body = 'secret'");
  const answer = await local.ask('BatchGetTraces', { TraceIds: [trace_id] });
  expect([answer.status, answer.text]).toEqual([503, expect.stringMatching(/is damaged/)]);
  await eventually(() => local.daemon.find(/traces\.db is damaged \(.*Save the readable ones/)?.level === 'error');
  expect(local.daemon.find(/please report|secret/)).toBeUndefined();
  expect(await (await fetch(`${local.daemon.httpUrl}/readyz`)).text()).toMatch(/"degraded"/);
  expect((await put({ ...segment, start_time: local.now - 1 })).status).toBe(200);
});

test.each([
  ['a setting that is not JSON', "INSERT INTO setting VALUES ('groups', '{')"],
  ['no table of settings', 'DROP TABLE setting'],
  ['no table of generations', 'DROP TABLE generation'],
  ['no generation', 'DELETE FROM generation'],
  ['no table of an index', 'DROP TABLE text_0'],
])('a --data file with %s ends the start with one line that says what to do', async (_, sql) => {
  const file = join(scope.folder(), 'traces.db');
  const writer = openToWrite({ file, isTemporary: true });
  writer.exec(sql);
  writer.close();
  const daemon = scope.spawn({ args: ['local', '--data', file] });
  expect((await daemon.end()).code).toBe(1);
  expect(daemon.stderr).toMatch(
    /^xrayd: cannot use .*traces\.db.* Move (it|the file) away, or choose another (file|one) with --data\n$/m,
  );
  expect(daemon.stderr).not.toMatch(/\n +at /);
});

test('refuses a --data file that is mounted individually, because its lock and its log would be in another folder', (context) => {
  if (spawnSync('unshare', ['--mount', 'true']).status !== 0) context.skip('needs mount namespaces');
  const folder = scope.folder();
  const [file, mounted] = [join(folder, 'traces.db'), join(folder, 'mounted file.db')];
  for (const path of [file, mounted]) writeFileSync(path, '');
  const script = `mount --bind '${file}' '${mounted}' && exec timeout 10 "$@"`;
  const command = [
    ...PROGRAM,
    'local',
    '-b',
    '127.0.0.1:0',
    '-t',
    '127.0.0.1:0',
    '--http-address',
    'off',
    '--data',
    mounted,
  ];
  const { status, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', script, 'sh', ...command], {
    encoding: 'utf8',
  });
  expect(stderr).toMatch(
    /cannot use .*mounted file\.db as a trace store: it is mounted individually.*Mount its folder/,
  );
  expect(status).toBe(1);
});
