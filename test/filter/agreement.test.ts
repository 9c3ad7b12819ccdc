import { join } from 'node:path';
import fc, { cases } from '../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import type { Expression } from '../../src/filter/expression.ts';
import { matches } from '../../src/filter/predicate.ts';
import { parseFilter } from '../../src/filter/parse.ts';
import { printFilter } from '../../src/filter/print.ts';
import { conditionsOf } from '../../src/filter/sql.ts';
import { Reader } from '../../src/store/reader.ts';
import { openToRead, openToWrite } from '../../src/store/schema.ts';
import { Writer } from '../../src/store/writer.ts';
import { comparisons, expressions } from '../fakes/filters.ts';
import { Scope } from '../fakes/scope.ts';
import { Random } from '../fakes/random.ts';
import { randomTraces, withVersions } from '../fakes/random-traces.ts';
import { START } from '../fakes/traces.ts';
import { putTexts } from '../fakes/store.ts';

const scope = new Scope();

test(
  'the index finds every trace that the predicate matches, for any expression, and the laws of logic hold',
  { timeout: 180_000 },
  () => {
    const file = join(scope.folder(), 'traces.db');
    // So small that the index has several generations, and large enough that nothing is pruned.
    const database = openToWrite({ file, isTemporary: true });
    const writer = new Writer(database, { maxBytes: 1.6e6 });
    scope.add(() => writer.close());
    const random = new Random(3);
    for (const [i, once] of randomTraces(160, 7).entries()) {
      const documents = i % 3 === 0 ? withVersions(once, () => random.next()) : once;
      // Some come in two batches, so that documents in progress are replaced.
      const half = i % 2 === 0 ? documents.length : Math.ceil(documents.length / 2);
      for (const part of [documents.slice(0, half), documents.slice(half)]) {
        const { refused } = putTexts(
          writer,
          part.map((document) => JSON.stringify(document)),
          START + i,
        );
        expect(refused).toEqual([]);
      }
    }
    expect(database.prepare('SELECT count(*) AS generations FROM generation').get()!['generations']).toBeGreaterThan(2);
    const reader = new Reader(openToRead(file));
    scope.add(() => reader.close());
    const range = { type: 'TraceId', start: 0, end: 1e12 } as const;
    const everything = [...reader.scan(range, [])].map(({ view }) => view);
    expect(everything).toHaveLength(160);
    let found = 0;
    const agree = (expression: Expression): void => {
      const expected = everything
        .filter((view) => matches(expression, view))
        .map(({ trace }) => trace.id)
        .sort();
      const candidates = [...reader.scan(range, conditionsOf(expression))].map(({ view }) => view);
      const actual = candidates
        .filter((view) => matches(expression, view))
        .map(({ trace }) => trace.id)
        .sort();
      // Thousands of times: compared as texts, and shown by `expect` if they differ.
      if (actual.join() !== expected.join()) expect(actual, printFilter(expression)).toEqual(expected);
      if (expected.length > 0 && candidates.length < everything.length) found++;
    };
    for (const comparison of comparisons()) agree(comparison);
    fc.assert(fc.property(expressions, agree), { numRuns: cases(150) });
    const says = (expression: Expression): string =>
      everything.map((view) => (matches(expression, view) ? 'x' : '.')).join('');
    const not = (of: Expression): Expression => ({ kind: 'not', of });
    const same = (a: Expression, b: Expression): void =>
      expect(says(a), `${printFilter(a)} and ${printFilter(b)}`).toBe(says(b));
    fc.assert(
      fc.property(expressions, expressions, (a, b) => {
        same(not(not(a)), a);
        same(not({ kind: 'and', of: [a, b] }), { kind: 'or', of: [not(a), not(b)] });
        same(not({ kind: 'or', of: [a, b] }), { kind: 'and', of: [not(a), not(b)] });
        same({ kind: 'and', of: [a, b] }, { kind: 'and', of: [b, a] });
        same(parseFilter(printFilter(a)), a);
      }),
      { numRuns: cases(10) },
    );
    // Otherwise the index would not have been tried.
    expect(found).toBeGreaterThan(100);
  },
);
