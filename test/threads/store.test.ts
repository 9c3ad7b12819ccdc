import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { FullOfPinnedError } from '../../src/store/pruner.ts';
import { Reader } from '../../src/store/reader.ts';
import { openToRead, openToWrite } from '../../src/store/schema.ts';
import { Writer } from '../../src/store/writer.ts';
import { Scope } from '../fakes/scope.ts';
import { termsIn, putTexts } from '../fakes/store.ts';
import { segmentJson, START, streamed } from '../fakes/traces.ts';

const scope = new Scope();
const RANGE = { type: 'TraceId', start: 0, end: 1e12 } as const;
const idOf = (i: number): string => `1-${START.toString(16)}-${i.toString(16).padStart(24, '0')}`;

interface Opened {
  readonly file: string;
  readonly writer: Writer;
  readonly reader: Reader;
}

function open(maxBytes = 1e9, file = join(scope.folder(), 'traces.db')): Opened {
  const writer = new Writer(openToWrite({ file, isTemporary: true, maxBytes }), { maxBytes });
  const reader = new Reader(openToRead(file));
  scope.add(() => writer.close());
  scope.add(() => reader.close());
  return { file, writer, reader };
}

const put = (writer: Writer, ...documents: readonly object[]): ReturnType<typeof putTexts> =>
  putTexts(
    writer,
    documents.map((document) => JSON.stringify(document)),
    START,
  );

test('the store’s file, and those beside it, are accessible to their owner only', () => {
  const { file, writer } = open();
  put(writer, segmentJson('web'));
  for (const path of [file, `${file}-wal`, `${file}-shm`])
    expect([path, statSync(path).mode & 0o777]).toEqual([path, 0o600]);
});

test('the first completed version of an entity stays; one in progress is replaced', () => {
  const { writer, reader } = open();
  const web = segmentJson('web');
  const { end_time: _, ...rest } = web as Record<string, unknown>;
  expect(put(writer, { ...rest, in_progress: true }).changed).toHaveLength(1);
  expect(reader.trace(web['trace_id'] as string)!.root!.isInProgress).toBe(true);
  put(writer, { ...rest, in_progress: true, annotations: { step: 2 } });
  expect(reader.trace(web['trace_id'] as string)!.annotations.get('step')).toEqual([2]);
  expect(put(writer, web).changed).toHaveLength(1);
  expect(put(writer, { ...web, fault: true }).changed).toEqual([]);
  expect(put(writer, { ...rest, in_progress: true }).changed).toEqual([]);
  const { root, trace } = reader.trace(web['trace_id'] as string)!;
  expect([root!.outcome.isFault, root!.isInProgress, trace.revision]).toEqual([false, false, 3]);
});

test('joins documents of one trace across many batches, with the time of the latest receipt', () => {
  const { writer, reader } = open();
  const web = segmentJson('web');
  putTexts(writer, [JSON.stringify(streamed('early', web.id))], 100);
  putTexts(writer, [JSON.stringify(web), JSON.stringify(streamed('late', web.id))], 200);
  const { trace } = reader.trace(web['trace_id'] as string)!;
  expect(trace.segments[0]!.children.map(({ name }) => name)).toEqual(['early', 'late']);
  expect([trace.revision, trace.receivedAt]).toEqual([2, 200]);
});

test('refuses a bad document by position, and stores the others of its batch', () => {
  const { writer, reader } = open();
  const { refused } = put(
    writer,
    segmentJson('a', { trace_id: idOf(1) }),
    { id: 'x' },
    segmentJson('b', { trace_id: idOf(2) }),
  );
  expect(refused.map(({ position, code }) => [position, code])).toEqual([[1, 'InvalidId']]);
  expect(reader.size()).toMatchObject({ traces: 2, segments: 2 });
});

test('pages continue where they stopped, by time and through the index, even while traces arrive', () => {
  const { writer, reader } = open();
  for (let i = 0; i < 300; i++) put(writer, segmentJson('web', { trace_id: idOf(i), from: i % 7, user: 'u' }));
  for (const conditions of [[], [[{ where: 'field = ? AND value = ?', params: ['user', 'u'], isEquality: true }]]]) {
    const seen: string[] = [];
    let cursor: { row: number; time: number } | undefined;
    for (;;) {
      const page = [...take(reader.scan(RANGE, conditions, cursor), 70)];
      if (page.length === 0) break;
      seen.push(...page.map(({ view }) => view.trace.id));
      cursor = page.at(-1)!.cursor;
      put(writer, segmentJson('web', { trace_id: idOf(1_000 + seen.length), from: 100, user: 'u' }));
    }
    const old = seen.filter((id) => id < idOf(1_000));
    expect(old).toHaveLength(300);
    expect(new Set(seen).size).toBe(seen.length);
  }
});

function* take<T>(source: Iterable<T>, count: number): Generator<T> {
  let taken = 0;
  for (const value of source) {
    yield value;
    if (++taken === count) return;
  }
}

test('deletes the oldest traces and their index at the size limit, and keeps pinned ones', () => {
  const maxBytes = 2e6;
  const { file, writer, reader } = open(maxBytes);
  const pad = 'x'.repeat(1_000);
  for (let i = 0; i < 8_000; i += 10) {
    const batch = Array.from({ length: 10 }, (_, j) =>
      segmentJson('web', { trace_id: idOf(i + j), annotations: { n: i + j, [`key${i + j}`]: 1 }, metadata: { pad } }),
    );
    put(writer, ...batch);
    if (i === 0) expect(writer.pin(idOf(3), true)).toBe(true);
  }
  const { traces, bytes } = reader.size();
  expect(bytes).toBeLessThan(maxBytes * 1.1);
  // In memory, SQLite's log counts towards the memory limit too.
  expect(statSync(`${file}-wal`).size).toBeLessThan(maxBytes);
  expect(traces).toBeGreaterThan(500);
  expect(reader.trace(idOf(3))).toBeDefined();
  expect(reader.trace(idOf(4))).toBeUndefined();
  expect(reader.trace(idOf(7_999))).toBeDefined();
  const database = new DatabaseSync(file, { readOnly: true });
  const terms = termsIn(database);
  const [{ fields } = {}] = database.prepare('SELECT count(*) AS fields FROM field').all();
  const [{ lost } = {}] = database
    .prepare('SELECT count(*) AS lost FROM document WHERE row / 1048576 NOT IN (SELECT row FROM trace)')
    .all();
  database.close();
  // Four terms a trace, one of them with a name of its own, and what is left of a generation that goes next.
  expect(terms).toBeLessThan(traces * 4 + 8_000);
  expect(Number(fields)).toBeLessThan(traces + 4_000);
  expect(lost).toBe(0);
});

test('never reuses a row, even after everything is deleted and a write fails, because index and pruning depend on it', () => {
  const { writer, reader } = open();
  for (let i = 0; i < 5; i++) put(writer, segmentJson('web', { trace_id: idOf(i) }));
  writer.clear();
  const rowOf = (id: string): number =>
    [...reader.scan(RANGE, [])].find(({ view }) => view.trace.id === id)!.cursor.row;
  expect(() =>
    writer.putAll([
      { format: 'xray', texts: [JSON.stringify(segmentJson('web', { trace_id: idOf(6) }))], receivedAt: {} as never },
    ]),
  ).toThrow();
  put(writer, segmentJson('web', { trace_id: idOf(7) }));
  expect(rowOf(idOf(7))).toBeGreaterThan(5);
});

test.each(['one is unpinned', 'the store is cleared'])(
  'a store full of pinned traces refuses new ones until %s',
  (until) => {
    const { writer, reader } = open(2e6);
    const pad = 'x'.repeat(10_000);
    let taken = 0;
    const putOne = (): unknown => put(writer, segmentJson('web', { trace_id: idOf(taken), metadata: { pad } }));
    expect(() => {
      for (; taken < 1_000; taken++) {
        putOne();
        writer.pin(idOf(taken), true);
      }
    }).toThrow(FullOfPinnedError);
    expect(reader.size()).toMatchObject({ traces: taken });
    expect(taken).toBeGreaterThan(80);
    expect(putOne).toThrow(FullOfPinnedError);
    for (let i = 0; i < 20; i++) writer.pin(idOf(i), false);
    if (until === 'the store is cleared') writer.clear();
    putOne();
    expect(reader.trace(idOf(taken))).toBeDefined();
    expect(reader.trace(idOf(taken - 1))).toBeDefined();
  },
);

test('keeps a trace that alone exceeds the size limit until another arrives', () => {
  const { writer, reader } = open(1e6);
  const pad = 'x'.repeat(60_000);
  for (const id of [idOf(1), idOf(2), idOf(3)]) {
    const documents = Array.from({ length: 40 }, () => segmentJson('web', { trace_id: id, metadata: { pad } }));
    expect(put(writer, ...documents).refused).toEqual([]);
    expect(reader.trace(id)).toBeDefined();
    expect(reader.size().segments).toBeOneOf([40, 80]);
  }
});

test('clear keeps pinned traces', () => {
  const { writer, reader } = open();
  for (let i = 0; i < 10; i++) put(writer, segmentJson('web', { trace_id: idOf(i) }));
  writer.pin(idOf(5), true);
  writer.clear();
  expect([...reader.scan(RANGE, [])].map(({ view }) => view.trace.id)).toEqual([idOf(5)]);
  expect(writer.pin(idOf(1), true)).toBe(false);
});

test('settings survive when the file is opened again', () => {
  const { file, writer } = open();
  writer.save({ groups: '[1]' });
  writer.save({ groups: '[2]' });
  const again = new Writer(openToWrite({ file, isTemporary: false }), { maxBytes: 1e9 });
  expect(again.settings()).toEqual({ groups: '[2]' });
  again.close();
});

test.each([
  [
    'a database of another program',
    (file: string) => new DatabaseSync(file).exec('CREATE TABLE x (a)'),
    /is a database of another program/,
  ],
  [
    'no database',
    (file: string) => writeFileSync(file, 'hello, I am a text of some length, but no database at all'),
    /cannot open .* as a trace store: .*not a database/,
  ],
  [
    'a newer form',
    (file: string) => {
      openToWrite({ file, isTemporary: false }).close();
      new DatabaseSync(file).exec('PRAGMA user_version = 99');
    },
    /was written by a newer xrayd \(format 99, this one supports 6\)/,
  ],
  [
    'an older form',
    (file: string) => {
      openToWrite({ file, isTemporary: false }).close();
      new DatabaseSync(file).exec('PRAGMA user_version = 3');
    },
    /was written by an older xrayd \(format 3, this one supports 6\)\. Use that version, or choose another file with --data$/,
  ],
])('refuses %s by name', (_, make, message) => {
  const file = join(scope.folder(), 'other.db');
  make(file);
  expect(() => openToWrite({ file, isTemporary: false })).toThrow(message);
});

test('a kill during a write loses nothing that was committed, and never the file', async () => {
  const file = join(scope.folder(), 'killed.db');
  const program = `
    import { writeSync } from 'node:fs';
    import { openToWrite } from '${new URL('../../src/store/schema.ts', import.meta.url).href}';
    import { Writer } from '${new URL('../../src/store/writer.ts', import.meta.url).href}';
    const writer = new Writer(openToWrite({ file: '${file}', isTemporary: false }), { maxBytes: 1e9 });
    for (let i = 1; i <= 1_000_000; i++) {
      const id = i.toString(16).padStart(16, '0');
      writer.putAll([{ format: 'xray', texts: [JSON.stringify({ id, trace_id: '1-6ab3b3f3-00000000' + id, name: 'web', start_time: 1, end_time: 2 })], receivedAt: i }]);
      if (i % 500 === 0) writeSync(1, i + '\\n');
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let committed = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    committed = Number(chunk.toString().trimEnd().split('\n').at(-1));
    if (committed >= 2_000) child.kill('SIGKILL');
  });
  await once(child, 'close');
  expect(child.signalCode).toBe('SIGKILL');
  const { reader } = open(1e9, file);
  expect(reader.size().traces).toBeGreaterThanOrEqual(committed);
});

test('reports a full disk, stores nothing in part, and continues when there is space', () => {
  const { writer, reader, file } = open();
  put(writer, segmentJson('web', { trace_id: idOf(0) }));
  const limit = new DatabaseSync(file);
  limit.close();
  const database = openToWrite({ file, isTemporary: true });
  const small = new Writer(database, { maxBytes: 1e9 });
  const [{ page_count: pages } = {}] = database.prepare('PRAGMA page_count').all();
  database.exec(`PRAGMA max_page_count = ${Number(pages) + 20}`);
  const big = (i: number): object => segmentJson('web', { trace_id: idOf(i), metadata: { pad: 'x'.repeat(20_000) } });
  let failure: unknown;
  let stored = 0;
  for (let i = 1; i < 100 && failure === undefined; i++) {
    try {
      put(small, big(i));
      stored = i;
    } catch (error) {
      failure = error;
    }
  }
  expect(failure).toMatchObject({ errcode: 13 });
  expect(reader.size().traces).toBe(stored + 1);
  database.exec('PRAGMA max_page_count = 100000');
  expect(put(small, big(200)).changed).toHaveLength(1);
  small.close();
});

test('a completed version with a later start moves the trace, in either order, in one batch or two', () => {
  const early = { ...segmentJson('web', { in_progress: true }), start_time: START - 1_000 };
  const closed = { ...segmentJson('web', { id: early.id }), start_time: START };
  for (const batches of [[[early, closed]], [[closed, early]], [[early], [closed]], [[closed], [early]]]) {
    const { writer, reader } = open();
    for (const batch of batches) put(writer, ...batch);
    const found = [...reader.scan({ type: 'TraceId', start: START - 10, end: START + 10 }, [])];
    expect(found.map(({ view }) => view.start)).toEqual([START]);
    expect([...reader.scan({ type: 'TraceId', start: START - 2_000, end: START - 10 }, [])]).toEqual([]);
  }
});
