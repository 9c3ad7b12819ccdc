import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { dataPlace, type StorePlace } from '../../src/store/data-place.ts';
import { temporaryPlace } from '../../src/store/temporary-place.ts';
import { Store } from '../../src/threads/store.ts';
import { MemoryLog } from '../fakes/log.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();
const OTHER_UID = 12_345;
const isRoot = process.getuid?.() === 0;
/** tmpfs on Linux. */
const IN_MEMORY = '/dev/shm';
const noMemoryFolder = existsSync(IN_MEMORY) ? '' : ` (skipped: there is no ${IN_MEMORY})`;
const noUsers = isRoot ? '' : ' (skipped: only root can start a process as another user)';

function hold(place: StorePlace): StorePlace {
  scope.add(() => place.release());
  return place;
}

const moduleOf = (name: string): string => fileURLToPath(new URL(`../../src/store/${name}.ts`, import.meta.url));

/** Runs a line of code in another process; resolves with what it prints, or its error's message. */
function elsewhere(line: string, how: object = {}): string {
  const script = `import { dataPlace } from '${moduleOf('data-place')}'; import { temporaryPlace } from '${moduleOf('temporary-place')}'; console.log(${line});`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    ...how,
  });
  return stdout.trim() || (/^XraydError: (.*)/m.exec(stderr)?.[1] ?? stderr);
}

test('a temporary folder is accessible to this user only, and is deleted when released', () => {
  const parent = scope.folder();
  const place = temporaryPlace([parent]);
  const folder = dirname(place.file);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  place.release();
  expect(readdirSync(parent)).toEqual([]);
});

test.skipIf(!existsSync(IN_MEMORY))(
  `a store in memory, which counts towards the memory limit, has a limit of its own, and says so${noMemoryFolder}`,
  async () => {
    const folder = mkdtempSync(join(IN_MEMORY, 'xrayd-store-'));
    scope.add(() => rmSync(folder, { recursive: true }));
    const started = async (file: string): Promise<[number, MemoryLog]> => {
      const log = new MemoryLog();
      const store = await scope.start(new Store({ file, maxBytes: 9e6, maxBytesInMemory: 8e6, log }));
      return [store.maxBytes, log];
    };
    const [onDisk, diskLog] = await started(join(scope.folder(), 'traces.db'));
    const [inMemory, memoryLog] = await started(join(folder, 'traces.db'));
    expect([onDisk, inMemory]).toEqual([9e6, 8e6]);
    expect(diskLog.find(/in memory/)).toEqual([]);
    expect(memoryLog.find(/the store is in memory/, 'warn')).toHaveLength(1);
    const temporary = hold(temporaryPlace([folder, scope.folder()]));
    expect(temporary.isInMemory).toBe(true);
  },
);

test('a running store keeps its folder; the folder of a killed one is deleted', async () => {
  const parent = scope.folder();
  const { file } = hold(temporaryPlace([parent]));
  const script = `import { temporaryPlace } from '${moduleOf('temporary-place')}'; console.log(temporaryPlace(['${parent}']).file); setTimeout(() => {}, 60_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  scope.add(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const theirs = line.toString().trim();
  writeFileSync(theirs, 'traces');
  hold(temporaryPlace([parent]));
  expect([existsSync(dirname(file)), existsSync(theirs)]).toEqual([true, true]);
  child.kill('SIGKILL');
  await once(child, 'exit');
  hold(temporaryPlace([parent]));
  expect([existsSync(dirname(file)), existsSync(theirs)]).toEqual([true, false]);
});

test('leaves links, files and folders of others with the same name alone, and is not hindered by them', () => {
  const [parent, target] = [scope.folder(), scope.folder()];
  writeFileSync(join(target, 'precious'), 'data');
  writeFileSync(join(target, 'owner.lock'), '');
  symlinkSync(target, join(parent, 'xrayd-local-link01'));
  writeFileSync(join(parent, 'xrayd-local-file01'), '');
  mkdirSync(join(parent, 'xrayd-local-full01'));
  writeFileSync(join(parent, 'xrayd-local-full01', 'theirs'), 'data');
  hold(temporaryPlace([parent]));
  expect(readdirSync(parent)).toEqual(
    expect.arrayContaining(['xrayd-local-link01', 'xrayd-local-file01', 'xrayd-local-full01']),
  );
  expect(readdirSync(target)).toEqual(['owner.lock', 'precious']);
});

test.skipIf(!isRoot)(`is not hindered by a leftover of another user, and root does not remove it${noUsers}`, () => {
  const parent = scope.folder();
  chmodSync(parent, 0o1777);
  const theirs = join(parent, 'xrayd-local-theirs');
  mkdirSync(theirs, { mode: 0o700 });
  writeFileSync(join(theirs, 'owner.lock'), '');
  const asOther = elsewhere(`temporaryPlace(['${parent}']).file`, { uid: OTHER_UID, gid: OTHER_UID });
  expect(asOther).toMatch(/xrayd-local-\w{6}.traces\.db$/);
  chownSync(theirs, OTHER_UID, OTHER_UID);
  hold(temporaryPlace([parent]));
  expect(readdirSync(theirs)).toEqual(['owner.lock']);
});

test('if no folder can be created, the error names each one, with the remedy', () => {
  const file = join(scope.folder(), 'file');
  writeFileSync(file, '');
  expect(() => temporaryPlace([file, `${file}-not-there`])).toThrow(
    /ENOTDIR.*file.*; ENOENT.*not-there.*Set TMPDIR.*--data/,
  );
});

test('the second process with one --data file gets one line that names the first, under any of the file’s names', () => {
  const folder = scope.folder();
  const file = join(folder, 'traces.db');
  writeFileSync(file, '');
  symlinkSync(file, join(folder, 'link.db'));
  symlinkSync(folder, join(folder, 'linked-folder'));
  const place = hold(dataPlace(join(folder, 'link.db')));
  expect(place.file).toBe(file);
  for (const name of ['traces.db', 'link.db', 'linked-folder/traces.db', './x/../traces.db']) {
    const pid = process.platform === 'linux' ? ` \\(pid ${process.pid}\\)` : '';
    expect(elsewhere(`dataPlace('${name}').file`, { cwd: folder })).toMatch(
      new RegExp(`^${file} is in use by another xrayd${pid}\\. Stop it, or choose another file with --data$`),
    );
  }
  place.release();
  expect(elsewhere(`dataPlace('traces.db').file`, { cwd: folder })).toBe(file);
});

test('a name that is special to SQLite is a file', () => {
  const folder = scope.folder();
  for (const name of [':memory:', 'file:x.db?mode=memory', '100%.db'])
    expect(elsewhere(`dataPlace('${name}').file`, { cwd: folder })).toBe(join(folder, name));
});

test.each([
  ['a folder', (path: string) => mkdirSync(path), /it is a folder\. Name a file in it: --data .*traces\.db/],
  ['a pipe', (path: string) => void execFileSync('mkfifo', [path]), /it is not a regular file/],
  [
    'a link to nothing',
    (path: string) => symlinkSync(`${path}-not-there`, path),
    /it is a link to something that does not exist/,
  ],
])('refuses %s instead of a --data file in one line', (_, make, message) => {
  const path = join(scope.folder(), 'data');
  make(path);
  expect(() => dataPlace(path)).toThrow(message);
  expect(() => dataPlace(path)).toThrow(/^cannot use .* as a trace store: [^\n]* with --data$/);
});

test('a name that ends with / is a folder, even one that does not exist', () => {
  const folder = scope.folder();
  expect(() => dataPlace(`${folder}/traces/`)).toThrow(/traces as a trace store: it is a folder\. Name a file in it/);
});

test('names a folder that does not exist, and one that is a file', () => {
  const folder = scope.folder();
  writeFileSync(join(folder, 'file'), '');
  expect(() => dataPlace(join(folder, 'no/traces.db'))).toThrow(
    /its folder does not exist\. Create it\. Or choose another file with --data/,
  );
  expect(() => dataPlace(join(folder, 'file/traces.db'))).toThrow(/ENOTDIR/);
});

test.skipIf(!isRoot)(
  `names another user's file, or SQLite's files beside it, with both users and the remedy${noUsers}`,
  () => {
    const folder = scope.folder();
    const file = join(folder, 'traces.db');
    const asOther = (): string => elsewhere(`dataPlace('${file}').file`, { uid: OTHER_UID, gid: OTHER_UID });
    chmodSync(folder, 0o755);
    expect(asOther()).toMatch(
      new RegExp(
        `${folder} belongs to uid 0 \\(mode 0755\\), and xrayd runs as uid ${OTHER_UID}, which may not write there\\. Run xrayd as uid 0, or .*folder \\(chown\\)`,
      ),
    );
    chmodSync(folder, 0o777);
    writeFileSync(file, '', { mode: 0o644 });
    expect(asOther()).toMatch(new RegExp(`it belongs to uid 0 \\(mode 0644\\), and xrayd runs as uid ${OTHER_UID}`));
    chownSync(file, OTHER_UID, OTHER_UID);
    writeFileSync(`${file}-wal`, '', { mode: 0o600 });
    expect(asOther()).toMatch(/traces\.db-wal belongs to uid 0 \(mode 0600\)/);
  },
);

test.skipIf(!isRoot)(`does not suggest running xrayd as the file's owner when it already does${noUsers}`, () => {
  const folder = scope.folder();
  const file = join(folder, 'traces.db');
  chmodSync(folder, 0o777);
  writeFileSync(file, '');
  chownSync(file, OTHER_UID, OTHER_UID);
  chmodSync(file, 0o400);
  expect(elsewhere(`dataPlace('${file}').file`, { uid: OTHER_UID, gid: OTHER_UID })).toMatch(
    new RegExp(`cannot write it, although it runs as its owner \\(uid ${OTHER_UID}, mode 0400\\)\\. Check the mode`),
  );
});

test('a lock file that is a broken link is not taken for another xrayd', () => {
  const folder = scope.folder();
  symlinkSync(join(folder, 'nowhere'), join(folder, 'traces.db-lock'));
  expect(() => dataPlace(join(folder, 'traces.db'))).toThrow(
    /traces\.db-lock is a link to something that does not exist\. Delete it/,
  );
});

test('names a read-only file system', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'xrayd-ro-'));
  scope.add(() => rmdirSync(folder));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=1m', 'tmpfs', folder]).status !== 0)
    context.skip('a file system cannot be mounted here');
  try {
    expect(() => dataPlace(join(folder, 'traces.db'))).toThrow(/its file system is read-only\. Mount it writable/);
  } finally {
    spawnSync('umount', [folder]);
  }
});
