import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isFound } from '../../src/filter/search.ts';
import { textSearch } from '../../src/filter/text.ts';
import type { Reader } from '../../src/store/reader.ts';
import type { Writer } from '../../src/store/writer.ts';
import { Scope } from '../fakes/scope.ts';
import { segmentJson, START, streamed } from '../fakes/traces.ts';
import { openStore, putTexts } from '../fakes/store.ts';

const scope = new Scope();
const RANGE = { type: 'TraceId', start: 0, end: 1e12 } as const;
const PAD = 'x'.repeat(1_000);
const idOf = (i: number): string => `1-${START.toString(16)}-${i.toString(16).padStart(24, '0')}`;

function open(file: string, maxBytes: number): { writer: Writer; reader: Reader; tables: () => unknown[] } {
  const { database, writer, reader } = openStore(scope, { file, maxBytes });
  const statement = database.prepare(
    "SELECT name FROM sqlite_master WHERE name GLOB 'text_[0-9]*' AND sql LIKE 'CREATE VIRTUAL%'",
  );
  return { writer, reader, tables: () => statement.all() };
}

function put(writer: Writer, ...documents: readonly object[]): void {
  putTexts(
    writer,
    documents.map((document) => JSON.stringify(document)),
    START,
  );
}

function fill(writer: Writer, from: number, to: number): void {
  const segment = (i: number): object =>
    segmentJson('web', { trace_id: idOf(i), user: `user-${i}`, metadata: { pad: PAD, rest: PAD } });
  for (let i = from; i < to; i += 50)
    put(writer, ...Array.from({ length: Math.min(50, to - i) }, (_, k) => segment(i + k)));
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
