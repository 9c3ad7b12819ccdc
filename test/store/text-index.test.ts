import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { isFound } from '../../src/filter/search.ts';
import { textSearch } from '../../src/filter/text.ts';
import { Reader } from '../../src/store/reader.ts';
import { openToRead, openToWrite } from '../../src/store/schema.ts';
import { Store } from '../../src/threads/store.ts';
import { Writer } from '../../src/store/writer.ts';
import { eventually } from '../fakes/eventually.ts';
import { Scope } from '../fakes/scope.ts';
import { segmentJson, START, streamed } from '../fakes/traces.ts';

const scope = new Scope();
const RANGE = { type: 'TraceId', start: 0, end: 1e12 } as const;
const PAD = 'x'.repeat(1_000);
const idOf = (i: number): string => `1-${START.toString(16)}-${i.toString(16).padStart(24, '0')}`;

function open(file: string, maxBytes: number): { writer: Writer; reader: Reader; tables: () => unknown[] } {
  const database = openToWrite({ file, isTemporary: true });
  const writer = new Writer(database, { maxBytes });
  const reader = new Reader(openToRead(file));
  scope.add(() => writer.close());
  scope.add(() => reader.close());
  const statement = database.prepare("SELECT name FROM sqlite_master WHERE name GLOB 'text_[0-9]*' AND sql LIKE 'CREATE VIRTUAL%'");
  return { writer, reader, tables: () => statement.all() };
}

function put(writer: Writer, ...documents: readonly object[]): void {
  writer.put(
    documents.map((document) => JSON.stringify(document)),
    START,
  );
}

function fill(writer: Writer, from: number, to: number): void {
  const segment = (i: number): object => segmentJson('web', { trace_id: idOf(i), user: `user-${i}`, metadata: { pad: PAD, rest: PAD } });
  for (let i = from; i < to; i += 50) put(writer, ...Array.from({ length: Math.min(50, to - i) }, (_, k) => segment(i + k)));
}

/** As the form before had it: without texts and heads. */
function makeOld(database: DatabaseSync): void {
  for (const { slot } of database.prepare('SELECT slot FROM generation').all()) database.exec(`DROP TABLE text_${String(slot)}`);
  for (const column of ['head_kind', 'head_start', 'is_open', 'name', 'status']) database.exec(`ALTER TABLE trace DROP COLUMN ${column}`);
  database.exec('DROP TABLE backlog; PRAGMA user_version = 2');
}

/** Which traces the index leads to; that they have the words is checked too. */
function found(reader: Reader, text: string): string[] {
  const search = { filter: undefined, text: textSearch(text) };
  const views = [...reader.candidates(RANGE, search)].flatMap(({ view }) => view ?? []);
  return views.filter((view) => isFound(search, view)).map(({ trace }) => trace.id);
}

test('finds words together that arrive in different documents, at different times', () => {
  const { writer, reader } = open(join(scope.folder(), 'traces.db'), 1e9);
  const web = segmentJson('checkout', { trace_id: idOf(1) });
  put(writer, web);
  put(writer, segmentJson('other', { trace_id: idOf(2) }));
  put(writer, streamed('charge card', web.id, { trace_id: idOf(1) }));
  put(writer, streamed('send receipt', web.id, { trace_id: idOf(1) }));
  expect(found(reader, 'checkout card receipt')).toEqual([idOf(1)]);
  expect(found(reader, 'checkout other')).toEqual([]);
});

test('deletes texts with their traces, keeps those of pinned ones, and leaves no more tables than generations', () => {
  const { writer, reader, tables } = open(join(scope.folder(), 'traces.db'), 10e6);
  fill(writer, 0, 500);
  writer.pin(idOf(7), true);
  fill(writer, 500, 12_000);
  expect(reader.trace(idOf(8))).toBeUndefined();
  expect(found(reader, 'user-7')).toContain(idOf(7));
  expect(found(reader, 'user-8 ')).not.toContain(idOf(8));
  expect(found(reader, 'user-11999')).toEqual([idOf(11_999)]);
  expect(tables().length).toBeLessThan(64);
  writer.clear();
  expect(found(reader, 'user')).toEqual([idOf(7)]);
  expect(tables()).toHaveLength(1);
  fill(writer, 20_000, 20_050);
  expect(found(reader, 'user-20049')).toEqual([idOf(20_049)]);
});

test('opens a file of an earlier version at once, and finds its texts once they are indexed, newest first', () => {
  const file = join(scope.folder(), 'traces.db');
  // Before there were words: form 2.
  {
    const database = openToWrite({ file, isTemporary: true });
    const writer = new Writer(database, { maxBytes: 100e6 });
    fill(writer, 0, 2_500);
    writer.pin(idOf(3), true);
    makeOld(database);
    writer.close();
  }
  const { writer, reader } = open(file, 100e6);
  expect(reader.size()).toMatchObject({ traces: 2_500, withoutText: 2_500 });
  fill(writer, 3_000, 3_001);
  expect(found(reader, 'user-3000')).toEqual([idOf(3_000)]);
  expect(writer.workOffBacklog()).toBe(true);
  expect(found(reader, 'user-2499')).toEqual([idOf(2_499)]);
  expect(found(reader, 'user-1 ')).not.toContain(idOf(1));
  let turns = 1;
  while (writer.workOffBacklog()) turns++;
  expect(turns).toBeGreaterThan(5);
  expect(reader.size().withoutText).toBe(0);
  for (const i of [0, 3, 1_234, 2_499]) expect(found(reader, `user-${i}`)).toContain(idOf(i));
  expect(new DatabaseSync(file, { readOnly: true }).prepare('PRAGMA user_version').get()).toEqual({ user_version: 3 });
});

test('the store indexes a file of an earlier version in the background', async () => {
  const file = join(scope.folder(), 'traces.db');
  {
    const database = openToWrite({ file, isTemporary: true });
    const writer = new Writer(database, { maxBytes: 100e6 });
    fill(writer, 0, 700);
    makeOld(database);
    writer.close();
  }
  const store = new Store({ file, maxBytes: 100e6 });
  await store.start();
  scope.add(() => store.stop());
  await eventually(async () => (await store.read('size', {})).withoutText === 0);
  const { rows } = await store.read('rows', { start: 0, end: 1e12, filter: undefined, text: textSearch('user-77'), after: undefined, limit: 10 });
  expect((JSON.parse(rows) as { id: string }[]).map(({ id }) => id)).toEqual([idOf(77)]);
});
