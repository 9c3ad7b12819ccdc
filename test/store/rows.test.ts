import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { onlyRow, prepareRows } from '../../src/store/rows.ts';
import { Statements } from '../../src/store/statements.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();

function databaseOf(tables: string): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  scope.add(() => database.close());
  database.exec(tables);
  return database;
}

const TABLE = "CREATE TABLE trace (row INTEGER PRIMARY KEY, id TEXT NOT NULL); INSERT INTO trace VALUES (7, 'a')";

test('a statement returns rows with the columns of its type', () => {
  const statement = prepareRows(databaseOf(TABLE), { row: 'number', id: 'text' }, 'SELECT row, id FROM trace');
  expect({ ...statement.get() }).toEqual({ row: 7, id: 'a' });
});

test.for([
  ['lacks a column', 'SELECT row FROM trace'],
  ['has one more', 'SELECT row, id, id AS other FROM trace'],
  ['has them under another name', 'SELECT row, id AS name FROM trace'],
  ['has them with another type', 'SELECT row, row AS id FROM trace'],
])('a statement that %s is refused when it is prepared', ([, sql]) => {
  const database = databaseOf(TABLE);
  const columns = { row: 'number', id: 'text' } as const;
  expect(() => prepareRows(database, columns, sql!)).toThrow('a statement returns the columns');
  expect(() => new Statements(database).rows(columns, sql!)).toThrow('a statement returns the columns');
});

test('a statement whose rows are arrays is checked by position', () => {
  const statements = new Statements(databaseOf(TABLE));
  expect(statements.lists(['number', 'text'], 'SELECT row, id AS name FROM trace').all()).toEqual([[7, 'a']]);
  expect(() => statements.lists(['text', 'number'], 'SELECT row, id FROM trace')).toThrow('row INTEGER, id TEXT');
});

test('a statement that must return a row says so if it returns none', () => {
  expect(() => onlyRow(undefined)).toThrow('SQLite returned no row');
});
