import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { imbalanceOf } from '../../../src/pipeline/accounting.ts';
import { Scope } from '../../fakes/scope.ts';
import { numberedDocuments } from '../../fakes/segments.ts';
import { canUnshare, SpoolProcess, type SpoolProcessOptions } from '../../fakes/spool-process.ts';

const scope = new Scope();
const start = (folder: string, options: SpoolProcessOptions = {}): Promise<SpoolProcess> =>
  SpoolProcess.startIn(scope, folder, options);

function namesIn(folder: string): string[] {
  return readdirSync(folder, { encoding: 'utf8', recursive: true });
}

async function spooled(one: SpoolProcess): Promise<number> {
  const { snapshot, imbalance } = await one.look();
  expect(imbalance).toBe(0);
  return snapshot.spooled;
}

const OTHER_UID = 12_345;
const isRoot = process.getuid?.() === 0;
const noUsers = isRoot ? '' : ' (skipped: only root can start a process as another user)';
const noNamespaces = canUnshare ? '' : ' (skipped: this process may not make PID namespaces)';

test('a running process keeps its files, and each process sends its own', async () => {
  const folder = scope.folder();
  const [first, second] = [await start(folder), await start(folder)];
  await first.write('first');
  await second.write('second');
  const third = await start(folder);
  expect((await third.look()).snapshot).toMatchObject({ restored: 0, spooled: 0 });
  expect([await spooled(first), await spooled(second)]).toEqual([1, 1]);
  expect([await first.send(), await second.send(), await third.send()]).toEqual([['first'], ['second'], []]);
});

test('a running process finds what a killed one left, and exactly one of many counts it', async () => {
  const folder = scope.folder();
  const dead = await start(folder);
  const documents = numberedDocuments(400);
  for (const document of documents) await dead.write(document);
  const heirs = await Promise.all(Array.from({ length: 5 }, () => start(folder)));
  await dead.kill();
  const sum = async (): Promise<number> =>
    (await Promise.all(heirs.map((heir) => heir.look()))).reduce((all, { snapshot }) => all + snapshot.restored, 0);
  await expect.poll(sum).toBe(400);
  const sent = (await Promise.all(heirs.map((heir) => heir.send()))).flat();
  expect(sent.toSorted()).toEqual(documents.toSorted());
  expect(await sum()).toBe(400);
});

test('finds what a stopped process left at the next scan, and deletes empty folders', async () => {
  const folder = scope.folder();
  const [first, second] = [await start(folder), await start(folder)];
  await first.write('left');
  const { snapshot } = await first.stop();
  expect(snapshot.spooled).toBe(1);
  expect(imbalanceOf(snapshot)).toBe(-1);
  await expect.poll(() => spooled(second)).toBe(1);
  expect(await second.send()).toEqual(['left']);
  await expect.poll(() => readdirSync(folder)).toHaveLength(1);
  await second.stop();
  expect(namesIn(folder)).toEqual([]);
});

test('a process that is killed at any point of an adoption loses nothing and counts nothing twice', async () => {
  const folder = scope.folder();
  const dead = await start(folder);
  const documents = numberedDocuments(1_500);
  await Promise.all(documents.map((document) => dead.write(document)));
  await dead.kill();
  for (let i = 0; i < 6; i++) {
    const adopter = SpoolProcess.start(folder);
    await new Promise((next) => setTimeout(next, 150 + 40 * i));
    const started = await Promise.race([adopter, new Promise<undefined>((next) => setTimeout(next, 1, undefined))]);
    if (started === undefined) void adopter.then((late) => late.kill());
    else await started.kill();
  }
  await new Promise((next) => setTimeout(next, 500));
  const last = await start(folder);
  await expect.poll(() => spooled(last)).toBe(1_500);
  expect((await last.send()).toSorted()).toEqual(documents.toSorted());
});

test('a suspended process is not treated as dead', async () => {
  const folder = scope.folder();
  const frozen = await start(folder);
  await frozen.write('mine');
  frozen.signal('SIGSTOP');
  const other = await start(folder);
  await new Promise((next) => setTimeout(next, 300));
  expect(await spooled(other)).toBe(0);
  frozen.signal('SIGCONT');
  expect(await frozen.send()).toEqual(['mine']);
});

test.skipIf(!canUnshare)(`does not rely on process IDs: two PID namespaces share a spool${noNamespaces}`, async () => {
  const folder = scope.folder();
  const [first, second] = [await start(folder, { isNamespaced: true }), await start(folder, { isNamespaced: true })];
  await first.write('first');
  expect(await spooled(second)).toBe(0);
  await first.kill();
  await expect.poll(() => spooled(second)).toBe(1);
});

test.skipIf(!isRoot)(`names what another user left once, with a remedy, and leaves it${noUsers}`, async () => {
  const folder = scope.folder();
  chmodSync(folder, 0o777);
  const root = await start(folder);
  await root.write('left by root');
  await root.kill();
  const other = await start(folder, { uid: OTHER_UID });
  expect(await other.write('mine')).toBe(true);
  await new Promise((next) => setTimeout(next, 200));
  const { log, snapshot } = await other.look();
  expect(snapshot).toMatchObject({ restored: 0, spooled: 1 });
  const warnings = log.filter(({ level }) => level === 'warn');
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatchObject({
    message: expect.stringMatching(/chown/),
    fields: { uid: 0, ownUid: OTHER_UID, reason: expect.stringMatching(/EACCES/) },
  });
  const again = await start(folder);
  await expect.poll(() => spooled(again)).toBe(1);
});

test.skipIf(!isRoot)(`names a spool of another user, with this process's user and the remedy${noUsers}`, async () => {
  const folder = scope.folder();
  chmodSync(folder, 0o755);
  const { log } = await (await start(folder, { uid: OTHER_UID })).look();
  const fields = {
    folder,
    uid: OTHER_UID,
    reason: expect.stringMatching(/EACCES/),
    remedy: expect.stringMatching(`chown ${OTHER_UID} ${folder}`),
  };
  expect(log.find(({ level }) => level === 'error')).toMatchObject({ fields });
});

test.skipIf(!isRoot)(
  `where no folder can be created, as on a full disk, a process sends what another one left, from its folder${noUsers}`,
  async () => {
    const folder = scope.folder();
    chmodSync(folder, 0o777);
    const dead = await start(folder, { uid: OTHER_UID });
    await dead.write('left');
    await dead.kill();
    chmodSync(folder, 0o555);
    const [heir, late] = [await start(folder, { uid: OTHER_UID }), await start(folder, { uid: OTHER_UID })];
    expect([await spooled(heir), await spooled(late)]).toEqual([1, 0]);
    expect([await heir.send(), await late.send()]).toEqual([['left'], []]);
    await heir.kill();
    chmodSync(folder, 0o777);
    await expect.poll(() => late.write('mine')).toBe(true);
  },
);

test('the size limit applies to all processes that share the folder: refuses a write beside a running process’s files', async () => {
  const folder = scope.folder();
  const document = 'x'.repeat(1_000);
  const [first, second] = [await start(folder, { maxBytes: 9 * 4_096 }), await start(folder, { maxBytes: 9 * 4_096 })];
  for (let i = 0; i < 6; i++) expect(await first.write(document)).toBe(true);
  await expect
    .poll(async () => [await second.write(document), (await second.look()).snapshot.dropped.spool_full])
    .toEqual([true, 1]);
  expect((await second.look()).imbalance).toBe(0);
  // Its owner sends them, which frees space.
  await first.send();
  await new Promise((next) => setTimeout(next, 150));
  const { spool_full: before } = (await second.look()).snapshot.dropped;
  for (let i = 0; i < 5; i++) expect(await second.write(document)).toBe(true);
  expect((await second.look()).snapshot.dropped.spool_full).toBe(before);
});

test('does not count adopted files of a full spool twice', async () => {
  const folder = scope.folder();
  const [first, second] = [await start(folder, { maxBytes: 9 * 4_096 }), await start(folder, { maxBytes: 9 * 4_096 })];
  for (let i = 0; i < 8; i++) await first.write('x'.repeat(1_000));
  await new Promise((next) => setTimeout(next, 200));
  await first.kill();
  await expect.poll(() => spooled(second)).toBe(8);
  expect((await second.look()).snapshot.dropped.spool_full).toBe(0);
});

test('replaces a folder that is deleted while in use, and counts what was in it', async () => {
  const folder = scope.folder();
  const one = await start(folder);
  await one.write('deleted');
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  expect(await one.write('while it is gone')).toBe(false);
  const heir = await start(folder);
  expect(await one.send()).toEqual([]);
  const { snapshot, imbalance } = await one.look();
  expect(snapshot).toMatchObject({ spooled: 0, dropped: { spool_unreadable: 1 } });
  expect(imbalance).toBe(0);
  expect(await spooled(heir)).toBe(0);
});

test('recreates a deleted lock file, and the running process keeps its files', async () => {
  const folder = scope.folder();
  const one = await start(folder);
  await one.write('mine');
  const lock = namesIn(folder).find((name) => basename(name) === 'owner.lock')!;
  rmSync(join(folder, lock));
  await expect.poll(() => existsSync(join(folder, lock))).toBe(true);
  const other = await start(folder);
  expect(await spooled(other)).toBe(0);
  await one.kill();
  await expect.poll(() => spooled(other)).toBe(1);
});

test('a lock file that is deleted just before another process’s scan does not give away a running process’s files', async () => {
  const folder = scope.folder();
  const one = await start(folder, { lookEveryMs: 1_000 });
  await one.write('mine');
  const lock = namesIn(folder).find((name) => basename(name) === 'owner.lock')!;
  rmSync(join(folder, lock));
  const other = await start(folder, { lookEveryMs: 1_000 });
  expect((await other.look()).snapshot).toMatchObject({ restored: 0 });
  await expect.poll(() => existsSync(join(folder, lock))).toBe(true);
  expect([await one.send(), await other.send()]).toEqual([['mine'], []]);
  expect((await one.look()).snapshot.dropped.spool_unreadable).toBe(0);
});

test('adopts the files of an ended process a little later if its lock file was deleted', async () => {
  const folder = scope.folder();
  const dead = await start(folder);
  await dead.write('left');
  await dead.kill();
  rmSync(
    join(
      folder,
      namesIn(folder).find((name) => basename(name) === 'owner.lock')!,
    ),
  );
  const heir = await start(folder);
  await expect.poll(() => spooled(heir)).toBe(1);
});

test.skipIf(!isRoot)(`keeps a file that temporarily cannot be read, and sends it later${noUsers}`, async () => {
  const folder = scope.folder();
  chmodSync(folder, 0o777);
  const one = await start(folder, { uid: OTHER_UID });
  await one.write('kept');
  const file = join(
    folder,
    namesIn(folder).find((name) => name.endsWith('.batch'))!,
  );
  chmodSync(file, 0o000);
  expect(await one.send(1)).toEqual([]);
  const { snapshot, imbalance, log } = await one.look();
  expect(snapshot).toMatchObject({ spooled: 1, dropped: { spool_unreadable: 0 } });
  expect(imbalance).toBe(0);
  expect(log.map(({ message }) => message)).toContainEqual(expect.stringMatching(/cannot read the spool/));
  chmodSync(file, 0o600);
  expect(await one.send()).toEqual(['kept']);
});

test('recreates a spool that is moved away while in use, and writes to it', async () => {
  const folder = join(scope.folder(), 'spool');
  const one = await start(folder);
  await one.write('away');
  renameSync(folder, `${folder}.old`);
  await expect.poll(() => existsSync(folder), { timeout: 15_000 }).toBe(true);
  await expect.poll(() => one.write('here'), { timeout: 15_000 }).toBe(true);
  expect(namesIn(folder).filter((name) => name.endsWith('.batch'))).toHaveLength(1);
  expect((await one.look()).imbalance).toBe(0);
});

test('one process adopts files of the old layout, in the spool itself, if no old daemon listens there', async () => {
  const folder = scope.folder();
  const writer = await start(folder);
  const documents = numberedDocuments(100);
  for (const document of documents) await writer.write(document);
  await writer.kill();
  for (const name of namesIn(folder).filter((each) => each.endsWith('.batch')))
    renameSync(join(folder, name), join(folder, basename(name)));
  const old = createServer((socket) => socket.destroy()).listen(join(folder, 'owner.sock'));
  const heirs = await Promise.all(Array.from({ length: 4 }, () => start(folder)));
  const restored = async (): Promise<number[]> =>
    Promise.all(heirs.map(async (heir) => (await heir.look()).snapshot.restored));
  await new Promise((next) => setTimeout(next, 200));
  expect(await restored()).toEqual([0, 0, 0, 0]);
  await new Promise((done) => old.close(done));
  await expect.poll(async () => (await restored()).reduce((sum, each) => sum + each, 0)).toBe(100);
  const sent = (await Promise.all(heirs.map((heir) => heir.send()))).flat();
  expect(sent.toSorted()).toEqual(documents.toSorted());
});

test('deletes the empty folder of a process that was killed while creating it, and leaves unknown folders', async () => {
  const folder = scope.folder();
  mkdirSync(join(folder, 'xrayd-0123456789abcdef'));
  mkdirSync(join(folder, 'somebodys'));
  const one = await start(folder);
  expect(readdirSync(folder)).not.toContain('xrayd-0123456789abcdef');
  expect(readdirSync(folder)).toContain('somebodys');
  await one.stop();
  expect(readdirSync(folder)).toEqual(['somebodys']);
});
