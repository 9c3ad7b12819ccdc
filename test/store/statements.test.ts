import { join } from 'node:path';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { parseFilter } from '../../src/filter/parse.ts';
import { Reader } from '../../src/store/reader.ts';
import { openToRead, openToWrite } from '../../src/store/schema.ts';
import { closeStatement, KEPT_SQL_LENGTH } from '../../src/store/statements.ts';
import { Writer } from '../../src/store/writer.ts';
import { Scope } from '../fakes/scope.ts';
import { segmentJson, START } from '../fakes/traces.ts';
import { putTexts } from '../fakes/store.ts';

const scope = new Scope();
/** The cap at which a generation has 64 KB of documents. */
const MAX_BYTES = 2e6;
const RANGE = { type: 'TraceId', start: 0, end: 1e12 } as const;
const idOf = (i: number): string => `1-${START.toString(16)}-${i.toString(16).padStart(24, '0')}`;

/** Node.js 26 and later; before, a statement's memory goes back when it is collected. */
const CAN_CLOSE = 'close' in StatementSync.prototype;

/**
 * The texts of a database's statements that are neither closed nor, where they cannot be closed, collected. What those
 * take is SQLite's: V8 sees none of it, and may collect them in an hour or never.
 */
function openStatements(database: DatabaseSync): {
  readonly count: number;
  readonly length: number;
  readonly longest: number;
} {
  const open = new Map<object, string>();
  const collected = new FinalizationRegistry<object>((key) => open.delete(key));
  const prepare = database.prepare.bind(database);
  database.prepare = (sql) => {
    const statement = prepare(sql) as StatementSync & { close?: () => void };
    if (!CAN_CLOSE) {
      const key = {};
      open.set(key, sql);
      collected.register(statement, key);
      return statement;
    }
    const close = statement.close!.bind(statement);
    statement.close = () => {
      open.delete(statement);
      close();
    };
    open.set(statement, sql);
    return statement;
  };
  const lengths = (): number[] => [...open.values()].map(({ length }) => length);
  return {
    get count() {
      return open.size;
    },
    get length() {
      return lengths().reduce((sum, length) => sum + length, 0);
    },
    get longest() {
      return Math.max(...lengths());
    },
  };
}

function storeOf(traces: number): {
  file: string;
  database: DatabaseSync;
  writer: Writer;
  open: ReturnType<typeof openStatements>;
} {
  const file = join(scope.folder(), 'traces.db');
  const database = openToWrite({ file, isTemporary: true });
  scope.add(() => database.close());
  const open = openStatements(database);
  const writer = new Writer(database, { maxBytes: MAX_BYTES });
  fill(writer, 0, traces);
  return { file, database, writer, open };
}

function fill(writer: Writer, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    putTexts(
      writer,
      [
        JSON.stringify(
          segmentJson('web', { trace_id: idOf(i), annotations: { n: i }, metadata: { pad: 'x'.repeat(1_000) } }),
        ),
      ],
      START,
    );
  }
}

test('filters of ever new forms, with hundreds of branches, use a bounded amount of memory', async () => {
  const { file } = storeOf(1_200);
  const database = openToRead(file);
  const open = openStatements(database);
  const reader = new Reader(database);
  scope.add(() => reader.close());
  for (let form = 1; form <= 30; form++) {
    const branches = Array.from({ length: form }, (_, i) => `annotation.a${i} = ${i}`).join(' OR ');
    const filter = parseFilter(Array.from({ length: 20 }, () => `(${branches})`).join(' AND '));
    expect(reader.candidates(RANGE, { filter, text: undefined }).next().done).toBe(true);
    // Node.js says between turns what has been collected.
    await setImmediate();
    expect(open.longest).toBeLessThan(200_000);
    expect(open.length).toBeLessThan(CAN_CLOSE ? 300_000 : 600_000);
  }
});

test('a writer of settings, pins and new generations keeps no used statement', async () => {
  const { writer, open } = storeOf(2_500);
  const { count, length } = open;
  for (let i = 0; i < 300; i++) {
    writer.save({ groups: JSON.stringify(i) });
    writer.pin(idOf(2_400), i % 2 === 0);
    writer.settings();
    fill(writer, 2_500 + 8 * i, 2_508 + 8 * i);
    if (i % 100 === 99) writer.clear();
  }
  await setImmediate();
  if (CAN_CLOSE) expect(open.count).toBeLessThan(count + 40);
  else expect(open.length).toBeLessThan(length + 300_000);
});

test('asking for the size of the store keeps no statement', () => {
  const { file } = storeOf(10);
  const database = openToRead(file);
  const open = openStatements(database);
  const reader = new Reader(database);
  scope.add(() => reader.close());
  reader.size();
  const { count } = open;
  for (let i = 0; i < 100; i++) reader.size();
  expect(open.count).toBe(count);
});

test('if statements cannot be closed (Node.js before 26), collects them once they add up to 128 KB', async () => {
  const database = new DatabaseSync(':memory:');
  scope.add(() => database.close());
  let collected = 0;
  const registry = new FinalizationRegistry(() => void collected++);
  const forget = (sqlLength: number): void => {
    const statement = database.prepare('SELECT 1');
    registry.register(statement, undefined);
    closeStatement(Object.defineProperty(statement, 'close', { value: undefined }), sqlLength);
  };
  forget(KEPT_SQL_LENGTH);
  forget(KEPT_SQL_LENGTH);
  for (let turn = 0; turn < 10; turn++) await setImmediate();
  expect(collected).toBeGreaterThan(0);
});
