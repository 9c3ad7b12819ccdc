import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { encodeBatch, entryOf } from '../../../src/batcher/spool/format.ts';
import { momentNow } from '../../../src/batcher/spool/moment.ts';
import { Spool, type SpoolConfig } from '../../../src/batcher/spool/spool.ts';
import { Accounting, imbalanceOf } from '../../../src/pipeline/accounting.ts';
import { monotonicMs } from '../../../src/pipeline/clock.ts';
import { textsOf } from '../../fakes/exporter.ts';
import { MemoryLog } from '../../fakes/log.ts';
import { Scope } from '../../fakes/scope.ts';
import { numberedDocuments, segmentsOf } from '../../fakes/segments.ts';
import { withLastFormat } from '../../fakes/spool-file.ts';

const scope = new Scope();
/** What the smallest file takes of the disk. */
const BLOCK_BYTES = 4096;
/** tmpfs on Linux. */
const IN_MEMORY = '/dev/shm';
/** Reading its beginning fails with EIO. */
const ALWAYS_EIO = '/proc/self/mem';
const noErrors = existsSync(ALWAYS_EIO) ? '' : ` (skipped: there is no ${ALWAYS_EIO})`;
const noMemoryFolder = existsSync(IN_MEMORY) ? '' : ` (skipped: there is no ${IN_MEMORY})`;

async function open(
  folder: string,
  {
    maxBytes = 1e6,
    maxBytesInMemory = maxBytes,
    maxFiles = Infinity,
    lookEveryMs = 10_000,
    now = monotonicMs,
  }: Partial<SpoolConfig> & { now?: () => number } = {},
) {
  const accounting = new Accounting();
  const log = new MemoryLog();
  const config = { folder, maxBytes, maxBytesInMemory, maxFiles, lookEveryMs, isNewestFirst: false };
  const spool = await scope.start(new Spool(config, { accounting, log, now }));
  let given = 0;
  return {
    spool,
    log,
    accounting,
    write: async (...documents: string[]): Promise<boolean> => {
      const isWritten = await spool.write(segmentsOf(documents), () => (given += documents.length));
      return isWritten;
    },
    /** What was given to it is in it, or lost for a reason. */
    expectBalanced: () => expect(imbalanceOf(accounting.snapshot()) + given).toBe(0),
    takeAll: async (): Promise<string[][]> => {
      const all: string[][] = [];
      while (spool.hasNext) {
        const taken = await spool.take();
        if (taken === undefined) continue;
        all.push(textsOf(taken.segments));
        spool.checkOut(taken.entry);
        given -= taken.segments.length;
        await spool.finish(taken.entry);
      }
      return all;
    },
  };
}

/** By age; below the folders of the processes that wrote or adopted them. */
function batchesIn(folder: string): string[] {
  const names = readdirSync(folder, { encoding: 'utf8', recursive: true }).filter((name) => name.endsWith('.batch'));
  return names.toSorted((a, b) => (basename(a) < basename(b) ? -1 : 1));
}

test('batches survive in the order of arrival, with their segments counted from the file names', async () => {
  const folder = scope.folder();
  const first = await open(folder);
  expect(await first.write('a', 'b')).toBe(true);
  expect(await first.write('c')).toBe(true);
  first.expectBalanced();
  await first.spool.stop();
  const second = await open(folder);
  expect(second.accounting.snapshot()).toMatchObject({ restored: 3, spooled: 3 });
  expect(second.log.find(/segments in the spool/, 'info')).toHaveLength(1);
  second.expectBalanced();
  expect(await second.takeAll()).toEqual([['a', 'b'], ['c']]);
  expect(second.accounting.snapshot()).toMatchObject({ spooled: 0, spooledBytes: 0 });
  expect(batchesIn(folder)).toEqual([]);
});

test('an unsent batch keeps its file and its place', async () => {
  const { spool, write, accounting, takeAll } = await open(scope.folder());
  await write('a');
  await write('b');
  const taken = await spool.take();
  spool.checkOut(taken!.entry);
  expect(accounting.snapshot().spooled).toBe(1);
  spool.giveBack(taken!.entry);
  expect(accounting.snapshot().spooled).toBe(2);
  expect(await takeAll()).toEqual([['a'], ['b']]);
});

test('counts and sets aside a changed, a truncated and a missing file, and reads the rest', async () => {
  const folder = scope.folder();
  const before = await open(folder);
  for (const document of ['changed', 'cut', 'missing', 'whole']) await before.write(document, 'x'.repeat(100));
  await before.spool.stop();
  const [changed, cut, missing] = batchesIn(folder);
  const bytes = readFileSync(join(folder, changed!));
  bytes[bytes.length - 1] = 0;
  writeFileSync(join(folder, changed!), bytes);
  writeFileSync(join(folder, cut!), bytes.subarray(0, 30));
  const { takeAll, accounting, log, expectBalanced } = await open(folder);
  rmSync(
    join(
      folder,
      batchesIn(folder).find((name) => basename(name) === basename(missing!))!,
    ),
  );
  expect((await takeAll()).map(([first]) => first)).toEqual(['whole']);
  expect(accounting.dropped.spool_unreadable).toBe(6);
  expect(log.find(/renamed to .unreadable/, 'error').map(({ fields }) => fields['reason'])).toEqual([
    'its checksum is wrong',
    'its checksum is wrong',
  ]);
  expect(log.find(/is missing: it was deleted or moved/, 'error').map(({ fields }) => fields['file'])).toEqual([
    basename(missing!),
  ]);
  expect(readdirSync(folder)).toContain(`${basename(changed!)}.unreadable`);
  expectBalanced();
  const later = await open(folder);
  expect(later.accounting.restored).toBe(0);
});

test('a file of a newer xrayd, with a format that this one does not know, is kept, counted and explained', async () => {
  const folder = scope.folder();
  const before = await open(folder);
  await before.write('one', 'two');
  await before.write('three');
  await before.spool.stop();
  const [newer] = batchesIn(folder);
  writeFileSync(join(folder, newer!), withLastFormat(readFileSync(join(folder, newer!)), 2, 200));
  const { takeAll, accounting, log, expectBalanced } = await open(folder);
  expect(await takeAll()).toEqual([['three']]);
  expect(accounting).toMatchObject({ restored: 3, dropped: { spool_unreadable: 2 } });
  expectBalanced();
  expect(readdirSync(folder)).toContain(`${basename(newer!)}.unreadable`);
  const [said] = log.find(/^a spool file cannot be read; renamed to .unreadable. A newer xrayd wrote it/, 'error');
  expect(said?.fields).toMatchObject({
    segments: 2,
    reason: 'it has documents of format 200, which this version does not know',
  });
});

test('treats a pipe instead of a file as unreadable, without waiting for it', async () => {
  const folder = scope.folder();
  const { write, takeAll, accounting, expectBalanced } = await open(folder);
  await write('pipe');
  await write('file');
  const path = join(folder, batchesIn(folder)[0]!);
  rmSync(path);
  execFileSync('mkfifo', [path]);
  expect(await takeAll()).toEqual([['file']]);
  expect(accounting.dropped.spool_unreadable).toBe(1);
  expectBalanced();
});

test('leaves foreign files alone, and deletes unfinished ones', async () => {
  const folder = scope.folder();
  mkdirSync(join(folder, 'lost+found'));
  writeFileSync(join(folder, 'notes.txt'), 'mine');
  const entry = entryOf(segmentsOf(['half']), 0, '00000000');
  writeFileSync(join(folder, `${entry.name}.part`), Buffer.concat(encodeBatch(segmentsOf(['half']), momentNow())));
  const { accounting, log, takeAll } = await open(folder);
  expect(accounting.restored).toBe(0);
  expect(await takeAll()).toEqual([]);
  expect(log.find(/did not write/, 'warn').map(({ fields }) => fields['files'])).toEqual([2]);
  expect(readFileSync(join(folder, 'notes.txt'), 'utf8')).toBe('mine');
  await expect.poll(() => existsSync(join(folder, `${entry.name}.part`))).toBe(false);
});

test('leaves foreign files in the folder of an ended process alone, and reports them once, with the folder', async () => {
  const folder = scope.folder();
  const left = join(folder, 'xrayd-0123456789abcdef');
  mkdirSync(left);
  for (const name of ['owner.lock', 'core.17', '1.batch']) writeFileSync(join(left, name), '');
  const { log } = await open(folder);
  expect(readdirSync(left).toSorted()).toEqual(['1.batch', 'core.17', 'owner.lock']);
  const said = (): unknown[] =>
    log.find(/did not write/, 'warn').map(({ fields }) => [fields['folder'], fields['files']]);
  expect(said()).toEqual([[left, 2]]);
  await open(folder);
  expect(said()).toEqual([[left, 2]]);
});

test.skipIf(!existsSync(ALWAYS_EIO))(
  `keeps files while the disk refuses to read and to rename them, and sends all others meanwhile${noErrors}`,
  async () => {
    const folder = scope.folder();
    let nowMs = 0;
    const { spool, write, takeAll, accounting, log } = await open(folder, { now: () => nowMs });
    for (const document of ['a', 'b', 'c']) await write(document);
    const [path = ''] = batchesIn(folder).map((name) => join(folder, name));
    const inTheWay = join(folder, `${basename(path)}.unreadable`, 'x');
    const contents = readFileSync(path);
    rmSync(path);
    symlinkSync(ALWAYS_EIO, path);
    mkdirSync(inTheWay, { recursive: true });
    expect(await spool.take()).toBeUndefined();
    expect(spool.state).toMatchObject({ state: 'degraded', reason: expect.stringMatching(/^EIO/) });
    expect(spool.nextAtMs).toBe(10_000);
    expect(accounting.dropped.spool_unreadable).toBe(0);
    for (const expected of ['b', 'c']) {
      const { entry, segments } = (await spool.take())!;
      expect(textsOf(segments)).toEqual([expected]);
      spool.checkOut(entry);
      await spool.finish(entry);
    }
    rmSync(path);
    writeFileSync(path, contents);
    nowMs = 10_000;
    expect(await takeAll()).toEqual([['a']]);
    expect(spool.state.state).toBe('ok');
    expect(log.find(/its files stay/, 'error')).toHaveLength(1);
    expect(accounting.snapshot()).toMatchObject({ spooled: 0, dropped: { spool_unreadable: 0 } });
  },
);

test('names a folder whose lock file is damaged, with a remedy that fits, and sends the others', async () => {
  const folder = scope.folder();
  const before = await open(folder);
  await before.write('a');
  await before.spool.stop();
  const damaged = join(folder, 'xrayd-0000000000000001');
  mkdirSync(damaged);
  writeFileSync(join(damaged, 'owner.lock'), 'no database'.repeat(500));
  const { takeAll, log } = await open(folder);
  expect(await takeAll()).toEqual([['a']]);
  const [line, ...more] = log.find(/cannot read a spool folder/, 'warn');
  expect(more).toEqual([]);
  expect(line).toMatchObject({ message: expect.stringMatching(/owner\.lock/), fields: { folder: damaged } });
});

test('treats a folder instead of a file as unreadable, without further effect', async () => {
  const folder = scope.folder();
  mkdirSync(join(folder, entryOf(segmentsOf(['x']), 0, '00000000').name));
  const { accounting, takeAll, expectBalanced } = await open(folder);
  expect(await takeAll()).toEqual([]);
  expect(accounting).toMatchObject({ restored: 1, dropped: { spool_unreadable: 1 } });
  expectBalanced();
});

test('drops and counts the oldest batches when it is full', async () => {
  const { write, accounting, takeAll, expectBalanced, log } = await open(scope.folder(), { maxBytes: 3 * BLOCK_BYTES });
  for (const document of ['a', 'b', 'c', 'd', 'e']) expect(await write(document.repeat(100))).toBe(true);
  expect(accounting.snapshot()).toMatchObject({ spooled: 3, dropped: { spool_full: 2 } });
  expect(log.find(/--spool-size/, 'error').length).toBeGreaterThan(0);
  expectBalanced();
  expect((await takeAll()).map(([first]) => first![0])).toEqual(['c', 'd', 'e']);
  expect(await write('x'.repeat(3 * BLOCK_BYTES))).toBe(false);
});

test.skipIf(!existsSync(IN_MEMORY))(
  `a spool in memory, which counts towards the memory limit, has a limit of its own, and says so${noMemoryFolder}`,
  async () => {
    const limits = { maxBytes: 100 * BLOCK_BYTES, maxBytesInMemory: 2 * BLOCK_BYTES };
    const onDisk = await open(scope.folder(), limits);
    expect(onDisk.log.find(/in memory/)).toEqual([]);
    const folder = mkdtempSync(join(IN_MEMORY, 'xrayd-spool-'));
    scope.add(() => rmSync(folder, { recursive: true }));
    const { write, accounting, expectBalanced, log } = await open(folder, limits);
    expect(log.find(/the spool is in memory/, 'warn')).toHaveLength(1);
    for (const document of ['a', 'b', 'c', 'd', 'e']) expect(await write(document)).toBe(true);
    expect(accounting.snapshot()).toMatchObject({ spooled: 2, dropped: { spool_full: 3 } });
    expectBalanced();
  },
);

test('leaves files of an ended process where they are while it has as many as it may, and adopts them later', async () => {
  const folder = scope.folder();
  const before = await open(folder, { maxBytes: 1e9 });
  for (let i = 0; i < 13; i++) await Promise.all(numberedDocuments(100).map((document) => before.write(document)));
  await before.spool.stop();
  const limits = { maxBytes: 1e9, maxFiles: 100, lookEveryMs: 20 };
  const { spool, accounting, takeAll, expectBalanced } = await open(folder, limits);
  expect(accounting.restored).toBe(100);
  expect(spool.isUsable).toBe(true);
  for (let taken = 0; taken < 1_300; taken += (await takeAll()).length)
    await expect.poll(() => spool.hasNext).toBe(true);
  expect(accounting).toMatchObject({ restored: 1_300, dropped: { spool_full: 0 } });
  expectBalanced();
});

test('refuses to own more files than it may, which takes memory', async () => {
  const { spool, write, accounting, log } = await open(scope.folder(), { maxFiles: 2 });
  for (const document of ['a', 'b', 'c']) expect(await write(document)).toBe(true);
  expect(accounting.snapshot()).toMatchObject({ spooled: 2, dropped: { spool_full: 1 } });
  const all = { isWanted: () => true, onTaken: () => {} };
  expect(await spool.writeAll([segmentsOf(['d'])], all)).toBe(false);
  expect(log.find(/dropped the oldest segments .*memory limit/, 'error')).toHaveLength(1);
  expect(log.find(/requests are refused.*memory limit/, 'error')).toHaveLength(1);
  expect(log.find(/--spool-size/)).toHaveLength(0);
});

test('adopts many files at a time, not one for each that was sent', async () => {
  const folder = scope.folder();
  const before = await open(folder);
  await Promise.all(numberedDocuments(100).map((document) => before.write(document)));
  await before.spool.stop();
  const { spool, accounting } = await open(folder, { maxFiles: 64, lookEveryMs: 5 });
  const counts = new Set<number>();
  expect(accounting.restored).toBe(64);
  const sendOne = async (): Promise<void> => {
    const taken = await spool.take();
    if (taken === undefined) return;
    spool.checkOut(taken.entry);
    await spool.finish(taken.entry);
  };
  while (accounting.restored < 100) {
    await sendOne();
    counts.add(accounting.restored);
    // Files are looked for meanwhile.
    await new Promise((next) => setTimeout(next, 10));
  }
  // 64 at the start, then at least 4 at a time.
  expect(counts.size).toBeLessThanOrEqual(1 + 36 / 4);
});

test('drops the oldest batches if the limit was lowered between two starts', async () => {
  const folder = scope.folder();
  const before = await open(folder);
  for (const document of ['a', 'b', 'c']) await before.write(document.repeat(100));
  await before.spool.stop();
  const { accounting, takeAll, expectBalanced } = await open(folder, { maxBytes: BLOCK_BYTES });
  expect(accounting).toMatchObject({ restored: 3, dropped: { spool_full: 2 } });
  expectBalanced();
  expect((await takeAll()).map(([first]) => first![0])).toEqual(['c']);
});

test('leaves a failing disk alone for 10 s, reports it once, and uses it again when it works', async () => {
  const folder = join(scope.folder(), 'spool');
  let nowMs = 0;
  const { spool, write, log, takeAll, expectBalanced } = await open(folder, { now: () => nowMs });
  rmSync(folder, { recursive: true });
  expect(await write('a')).toBe(false);
  expect(spool.state).toMatchObject({ state: 'degraded', reason: expect.stringMatching(/ENOENT/) });
  mkdirSync(folder);
  expect(spool.isUsable).toBe(false);
  expect(await write('b')).toBe(false);
  expect(log.find(/in memory only/, 'error')).toHaveLength(1);
  nowMs = 10_000;
  expect(spool.isUsable).toBe(true);
  expect(await write('c')).toBe(true);
  expect(spool.state.state).toBe('ok');
  expectBalanced();
  expect(await takeAll()).toEqual([['c']]);
});

test('starts even if the folder cannot be created, and tries again', async () => {
  const parent = scope.folder();
  const folder = join(parent, 'taken', 'spool');
  writeFileSync(join(parent, 'taken'), 'a file, no folder');
  let nowMs = 0;
  const { spool, write, log } = await open(folder, { now: () => nowMs });
  expect(spool.isUsable).toBe(false);
  const [line, ...more] = log.find(/in memory only/, 'error');
  expect(more).toEqual([]);
  expect(line!.fields).toMatchObject({
    folder,
    uid: process.getuid?.(),
    remedy: expect.stringMatching(/a file exists where the folder .* should be: .*--spool/),
  });
  rmSync(join(parent, 'taken'));
  nowMs = 10_000;
  expect(await write('a')).toBe(true);
});

test('concurrent writes respect the limit together, and lose nothing', async () => {
  const { write, accounting, takeAll, expectBalanced } = await open(scope.folder(), { maxBytes: 10 * BLOCK_BYTES });
  const written = await Promise.all(numberedDocuments(40).map((document) => write(document.padEnd(100, 'x'))));
  const { spooled, spooledBytes, dropped } = accounting.snapshot();
  expect(spooledBytes).toBeLessThanOrEqual(10 * BLOCK_BYTES);
  expect(spooled + dropped.spool_full).toBe(written.filter((isWritten) => isWritten).length);
  expectBalanced();
  expect(await takeAll()).toHaveLength(spooled);
});
