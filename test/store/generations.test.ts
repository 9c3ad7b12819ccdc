import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { Reader } from '../../src/store/reader.ts';
import { createTextTable, GENERATIONS, openToRead, openToWrite, termTable } from '../../src/store/schema.ts';
import { Writer } from '../../src/store/writer.ts';
import { Scope } from '../fakes/scope.ts';
import { countOf, termsIn, putTexts } from '../fakes/store.ts';
import { segmentJson, START, streamed } from '../fakes/traces.ts';

const scope = new Scope();
const RANGE = { type: 'TraceId', start: 0, end: 1e12 } as const;
const PAD = 'x'.repeat(1_000);
/** The cap at which a generation has 100 KB of documents: about 75 traces of these. */
const MAX_BYTES = 4.8e6;
const idOf = (i: number): string => `1-${START.toString(16)}-${i.toString(16).padStart(24, '0')}`;

class Store {
  readonly database: DatabaseSync;
  readonly reader: Reader;
  writer: Writer;

  constructor(file = join(scope.folder(), 'traces.db')) {
    this.database = openToWrite({ file, isTemporary: true });
    this.writer = new Writer(this.database, { maxBytes: MAX_BYTES });
    this.reader = new Reader(openToRead(file));
    scope.add(() => this.database.close());
    scope.add(() => this.reader.close());
  }

  /** As after a restart. */
  reopen(): void {
    this.writer = new Writer(this.database, { maxBytes: MAX_BYTES });
  }

  put(...documents: readonly object[]): void {
    putTexts(
      this.writer,
      documents.map((document) => JSON.stringify(document)),
      START,
    );
  }

  /** Traces `from` to `to`, each with its number, whether it is even, and a name of its own as annotations. */
  fill(from: number, to: number): void {
    const documents = Array.from({ length: to - from }, (_, n) => {
      const i = from + n;
      const annotations = { n: i, even: i % 2 === 0 ? 'yes' : 'no', [`key${i}`]: 1 };
      return segmentJson('web', { trace_id: idOf(i), from: i % 60, annotations, metadata: { pad: PAD } });
    });
    // As from the receiver, in batches: a transaction for each takes most of the time.
    for (let i = 0; i < documents.length; i += 5) this.put(...documents.slice(i, i + 5));
  }

  /** What the index has, newest first; by an annotation, or by several. */
  found(...annotations: readonly [name: string, value: string | number][]): string[] {
    const conditions = annotations.map(([name, value]) => [
      { where: 'field = ? AND value = ?', params: [`annotation.${name}`, value], isEquality: true },
    ]);
    return [...this.reader.scan(RANGE, conditions)].map(({ view }) => view.trace.id);
  }

  count(table: string): number {
    return countOf(this.database, table);
  }
}

test('searches the generations newest first, page by page, alone and with another condition', () => {
  const store = new Store();
  store.fill(0, 500);
  expect(store.count('generation')).toBeGreaterThan(4);
  const even = Array.from({ length: 250 }, (_, i) => idOf(498 - 2 * i));
  expect(store.found(['even', 'yes'])).toEqual(even);
  for (const n of [0, 1, 77, 250, 499]) expect(store.found(['n', n])).toEqual([idOf(n)]);
  expect(store.found(['even', 'yes'], ['n', 78])).toEqual([idOf(78)]);
  expect(store.found(['even', 'no'], ['n', 78])).toEqual([]);
});

test('finds any of several values, few or more than a statement can hold', () => {
  const store = new Store();
  store.fill(0, 300);
  const found = (count: number): number => {
    const values = Array.from({ length: count }, (_, i) => ({
      where: 'field = ? AND value = ?',
      params: ['annotation.n', i],
      isEquality: true,
    }));
    return [...store.reader.scan(RANGE, [values])].length;
  };
  expect(found(2)).toBe(2);
  expect(found(100)).toBe(100);
  // Not narrowed any more: the predicate decides.
  expect(found(1_200)).toBe(300);
});

test('finds late documents with their trace, in their own generation', () => {
  const store = new Store();
  store.fill(0, 300);
  const late = {
    ...streamed('late', segmentJson('web').id),
    trace_id: idOf(5),
    id: 'a'.repeat(16),
    annotations: { state: 'late' },
  };
  store.put(late);
  expect(store.found(['state', 'late'])).toEqual([idOf(5)]);
  expect(store.found(['state', 'late'], ['n', 5])).toEqual([idOf(5)]);
  store.reopen();
  store.put({ ...late, id: 'b'.repeat(16), annotations: { state: 'later' } });
  expect(store.found(['state', 'later'], ['n', 5])).toEqual([idOf(5)]);
});

test('lists the values of a field from all generations, each once', () => {
  const store = new Store();
  store.fill(0, 300);
  expect(store.reader.values('annotation.even', '')).toEqual(['no', 'yes']);
  expect(store.reader.values('annotation.even', 'y')).toEqual(['yes']);
  expect(store.reader.values('annotation.n', '').slice(0, 3)).toEqual([0, 1, 2]);
  expect(store.reader.values('annotation.none', '')).toEqual([]);
});

test('finds a pinned trace after its generation is gone, and deletes it once it is unpinned', () => {
  const store = new Store();
  store.fill(0, 20);
  store.writer.pin(idOf(7), true);
  store.fill(20, 8_000);
  expect(store.reader.trace(idOf(8))).toBeUndefined();
  expect(store.found(['n', 7])).toEqual([idOf(7)]);
  const names = store.database.prepare('SELECT name FROM field').all();
  expect(names).toContainEqual({ name: 'annotation.key7' });
  expect(names).not.toContainEqual({ name: 'annotation.key8' });
  store.writer.pin(idOf(7), false);
  store.fill(8_000, 9_000);
  expect(store.found(['n', 7])).toEqual([]);
  expect(store.reader.trace(idOf(7))).toBeUndefined();
});

test('keeps a name that a newer generation has when an older generation with it is deleted', () => {
  const store = new Store();
  const rare = (i: number): void =>
    store.put(segmentJson('web', { trace_id: idOf(100_000 + i), annotations: { rare: i } }));
  rare(0);
  store.fill(0, 1_000);
  rare(1);
  store.fill(1_000, 3_000);
  expect(store.found(['rare', 0])).toEqual([]);
  expect(store.found(['rare', 1])).toEqual([idOf(100_001)]);
});

test('reuses tables, which hold at most the existing traces and those of one generation', () => {
  const store = new Store();
  store.fill(0, 12_000);
  const { traces, bytes } = store.reader.size();
  expect(bytes).toBeLessThan(MAX_BYTES * 1.1);
  expect(termsIn(store.database)).toBeLessThan((traces + 150) * 6);
  expect(store.count('generation')).toBeLessThan(GENERATIONS);
  const [{ first } = {}] = store.database.prepare('SELECT max(first) AS first FROM generation').all();
  expect(Number(first)).toBeGreaterThan(11_800);
  expect(store.found(['even', 'yes'])).toHaveLength(Math.floor(traces / 2));
  const used = new Set(
    store.database
      .prepare('SELECT slot FROM generation')
      .all()
      .map(({ slot }) => slot as number),
  );
  const unused = Array.from({ length: GENERATIONS }, (_, slot) => slot).filter((slot) => !used.has(slot));
  expect(unused.map((slot) => store.count(termTable(slot)))).toEqual(unused.map(() => 0));
});

test('clear keeps the index of pinned traces, and new rows begin above them', () => {
  const store = new Store();
  store.fill(0, 300);
  store.writer.pin(idOf(3), true);
  store.writer.clear();
  expect(store.count('generation')).toBe(1);
  expect(store.found(['n', 3])).toEqual([idOf(3)]);
  expect(store.reader.annotationKeys().sort()).toEqual(['even', 'key3', 'n']);
  store.reopen();
  store.fill(1_000, 1_200);
  expect(store.found(['n', 1_000])).toEqual([idOf(1_000)]);
  expect(store.found(['even', 'no'])).toContain(idOf(3));
  expect(store.count('generation')).toBeGreaterThan(1);
});

test('the newest generation keeps growing if no table is free', () => {
  const store = new Store();
  for (let slot = 1; slot < GENERATIONS; slot++) {
    store.database.prepare('INSERT INTO generation (slot, first) VALUES (?, ?)').run(slot, slot);
    store.database.exec(createTextTable(slot));
  }
  store.reopen();
  store.fill(0, 300);
  expect(store.count('generation')).toBe(GENERATIONS);
  expect(store.found(['n', 0])).toEqual([idOf(0)]);
  expect(store.found(['n', 299])).toEqual([idOf(299)]);
});
