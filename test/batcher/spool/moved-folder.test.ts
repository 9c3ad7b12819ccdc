import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Scope } from '../../fakes/scope.ts';
import { SpoolProcess, type SpoolProcessOptions } from '../../fakes/spool-process.ts';

const scope = new Scope();
const start = (folder: string, options: SpoolProcessOptions = {}): Promise<SpoolProcess> =>
  SpoolProcess.startIn(scope, folder, options);

/** Where a spool is, and where it may be moved to. */
function places(): { folder: string; away: string } {
  const parent = scope.folder();
  return { folder: join(parent, 'spool'), away: join(parent, 'away') };
}

function batchesIn(folder: string): string[] {
  return existsSync(folder)
    ? readdirSync(folder, { encoding: 'utf8', recursive: true }).filter((name) => name.endsWith('.batch'))
    : [];
}

/** The process makes its folder anew when it finds it gone, in the middle of this too. */
function replace(folder: string, put: () => void): void {
  for (;;) {
    try {
      return put();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  }
}

/** Some looks of a process that looks every 50 ms. */
const looks = (): Promise<unknown> => sleep(300);

/** Sends what is left; nothing was lost on the way, and nothing is sent or counted a second time. */
async function expectEachOnce(
  one: SpoolProcess,
  documents: readonly string[],
  before: readonly string[] = [],
): Promise<void> {
  const sent = [...before, ...(await one.send())];
  expect(sent.toSorted()).toEqual(documents.toSorted());
  const { snapshot, imbalance } = await one.look();
  expect(snapshot).toMatchObject({
    restored: 0,
    spooled: 0,
    spooledBytes: 0,
    dropped: { spool_unreadable: 0, spool_full: 0 },
  });
  expect(imbalance).toBe(0);
}

const isLinux = process.platform === 'linux';
const noDescriptors = isLinux ? '' : ' (skipped: only Linux finds the files of a folder that was moved)';

test.skipIf(!isLinux)(
  `does not count a spool twice that is moved away and back, and loses nothing${noDescriptors}`,
  async () => {
    const { folder, away } = places();
    const one = await start(folder);
    for (const document of ['a', 'b', 'c']) expect(await one.write(document)).toBe(true);
    renameSync(folder, away);
    await looks();
    renameSync(folder, `${folder}.new`);
    renameSync(away, folder);
    await looks();
    expect(await one.write('d')).toBe(true);
    await expectEachOnce(one, ['a', 'b', 'c', 'd']);
  },
);

test.skipIf(!isLinux).each([
  ['nothing', () => {}],
  ['an empty folder', (folder: string) => mkdirSync(folder)],
  ['a file', (folder: string) => writeFileSync(folder, '', { flag: 'wx' })],
  ['a link to where it is now', (folder: string, away: string) => symlinkSync(away, folder)],
  ['a link to an empty folder', (folder: string) => symlinkSync(mkdtempSync(`${folder}-`), folder)],
  ['a link to nothing', (folder: string) => symlinkSync(`${folder}.none`, folder)],
])(
  `sends segments of a moved spool folder from its new location, whatever replaced it: %s${noDescriptors}`,
  async (_what, put) => {
    const { folder, away } = places();
    const one = await start(folder);
    for (const document of ['a', 'b', 'c']) await one.write(document);
    renameSync(folder, away);
    replace(folder, () => put(folder, away));
    const sent = [...(await one.send(1))];
    await looks();
    const isWritten = await one.write('d');
    sent.push(...(await one.send(1)));
    await looks();
    await expectEachOnce(one, isWritten ? ['a', 'b', 'c', 'd'] : ['a', 'b', 'c'], sent);
    expect(batchesIn(away)).toEqual([]);
  },
);

test.skipIf(!isLinux)(`the same for a process's folder that is moved out of the spool${noDescriptors}`, async () => {
  const { folder, away } = places();
  const one = await start(folder);
  await one.write('a');
  const own = readdirSync(folder)[0]!;
  renameSync(join(folder, own), away);
  await looks();
  expect(await one.write('b')).toBe(true);
  expect(readdirSync(folder)).toHaveLength(1);
  await expectEachOnce(one, ['a', 'b']);
});

test.skipIf(!isLinux)(
  `a process whose spool contains another process's moved folder leaves it alone until that process ends${noDescriptors}`,
  async () => {
    const { folder, away } = places();
    const first = await start(folder);
    for (const document of ['a', 'b', 'c']) await first.write(document);
    renameSync(folder, away);
    await looks();
    await first.write('d');
    const second = await start(away);
    await looks();
    expect((await second.look()).snapshot).toMatchObject({ restored: 0, spooled: 0 });
    expect(await first.send(1)).toEqual(['a']);
    await first.stop();
    await expect.poll(async () => (await second.look()).snapshot.restored).toBe(2);
    expect(await second.send()).toEqual(['b', 'c']);
    const third = await start(folder);
    expect(await third.send()).toEqual(['d']);
  },
);

test.skipIf(!isLinux)(`sends each batch of a spool and its copy once${noDescriptors}`, async () => {
  const { folder, away } = places();
  const one = await start(folder);
  for (const document of ['a', 'b', 'c']) await one.write(document);
  cpSync(folder, `${folder}.copy`, { recursive: true });
  renameSync(folder, away);
  renameSync(`${folder}.copy`, folder);
  await looks();
  await expectEachOnce(one, ['a', 'b', 'c']);
  await looks();
  expect(batchesIn(folder)).toEqual([]);
});

test('counts the contents of a deleted spool as lost, but not what is written later', async () => {
  const { folder } = places();
  const one = await start(folder);
  for (const document of ['a', 'b']) await one.write(document);
  rmSync(folder, { recursive: true });
  await looks();
  expect(await one.write('c')).toBe(true);
  expect(await one.send()).toEqual(['c']);
  const { snapshot, imbalance } = await one.look();
  expect(snapshot).toMatchObject({ restored: 0, spooled: 0, dropped: { spool_unreadable: 2 } });
  expect(imbalance).toBe(0);
});

const isRoot = process.getuid?.() === 0;
const USER = 12_345;
const noUsers = isRoot ? '' : ' (skipped: only root can start a process as another user)';

test.skipIf(!isRoot)(
  `the next process does not resend what was sent from a read-only folder once it is writable${noUsers}`,
  async () => {
    const { folder } = places();
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    chmodSync(join(folder, '..'), 0o777);
    const one = await start(folder, { uid: USER });
    for (const document of ['a', 'b', 'c']) await one.write(document);
    const own = join(folder, readdirSync(folder)[0]!);
    chmodSync(own, 0o500);
    expect(await one.send(2)).toEqual(['a', 'b']);
    expect(await one.write('d')).toBe(false);
    expect((await one.look()).snapshot).toMatchObject({ spooled: 1, dropped: { spool_unreadable: 0 } });
    chmodSync(own, 0o700);
    await expect.poll(() => batchesIn(folder).length).toBe(1);
    await one.stop();
    const next = await start(folder, { uid: USER });
    expect(await next.send()).toEqual(['c']);
  },
);

/** A file system of 64 KB, unmounted at the end; undefined where this process may not mount. */
function smallDisk(): string | undefined {
  const folder = scope.folder();
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]).status !== 0) return undefined;
  scope.add(() => spawnSync('umount', ['-l', folder]));
  return folder;
}

test('a disk that fills up keeps what was written completely, and returns the rest to the caller', async (context) => {
  const folder = smallDisk();
  if (folder === undefined) return context.skip('this process may not mount a file system');
  const one = await start(join(folder, 'spool'));
  const taken: string[] = [];
  for (let i = 0; i < 20; i++) {
    const document = `${i}`.padEnd(7_000, 'x');
    if (await one.write(document)) taken.push(document);
  }
  expect(taken.length).toBeGreaterThan(3);
  expect(taken.length).toBeLessThan(10);
  const { snapshot, imbalance } = await one.look();
  expect({ spooled: snapshot.spooled, imbalance }).toEqual({ spooled: taken.length, imbalance: 0 });
  expect(
    readdirSync(join(folder, 'spool'), { encoding: 'utf8', recursive: true }).filter((name) => name.endsWith('.part')),
  ).toEqual([]);
  await one.kill();
  // A full disk cannot hold a new lock file either. What is on it is still sent.
  const next = await start(join(folder, 'spool'));
  expect(await next.send()).toEqual(taken);
});
