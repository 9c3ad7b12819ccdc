import './browser-globals.ts';
import { expect, test } from 'vitest';
import { pathTo } from '../../ui/src/trace/breadcrumb.tsx';
import { shapeOf } from '../../ui/src/trace/folds.ts';
import {
  foldWith,
  isOfRow,
  oncePerRow,
  revealed,
  rowsOf,
  collapsedBelow,
  type TimelineRow,
} from '../../ui/src/trace/rows.ts';
import { labelOf, titleOf } from '../../ui/src/trace/row-text.ts';
import { checkout, large, randomOf, type ShopTrace } from '../page/shop.ts';
import { modelFrom, NOW, traceOf } from './models.ts';

const NOTHING = { collapsed: new Set<string>(), unfolded: new Set<string>() };
const rowNamed = (rows: readonly TimelineRow[], name: string): TimelineRow =>
  rows.find(({ span }) => span.name === name)!;

/** `count` calls in a row, of which some fail. */
function repeats(
  made: ShopTrace,
  { count, step, seconds, failing = [] }: { count: number; step: number; seconds: number; failing?: readonly number[] },
): void {
  const calls = Array.from({ length: count }, (_, i) =>
    made.call('catalog', NOW + 0.1 + i * step, seconds, {
      path: `/items/${i}`,
      status: failing.includes(i) ? 503 : 200,
    }),
  );
  made.segment('web', NOW, 10, { subsegments: calls });
}

test('a collapsed row shows the worst outcome that it hides, and its count; an open one shows nothing', () => {
  const model = modelFrom(checkout(NOW, randomOf(7)).documents);
  const closed = rowsOf(model.roots, { collapsed: collapsedBelow(model.spans, 0), unfolded: new Set() });
  expect(closed.map(titleOf)).toEqual(['checkout, POST /checkout, fault, 1.28 s, 500, 2 faults, 1 throttle inside']);
  expect(rowsOf(model.roots, NOTHING).filter(({ hidden }) => Object.keys(hidden).length > 0)).toEqual([]);
});

test('a fold shows its failed calls and the failures below them', () => {
  const model = traceOf((made) => repeats(made, { count: 8, step: 0.2, seconds: 0.1, failing: [2, 5] }));
  const [, fold] = rowsOf(model.roots, NOTHING);
  expect(titleOf(fold!)).toBe('catalog ×8, GET /items/2, fault, 800 ms, N+1: 8 alike, 800 ms in all, 2 faults inside');
});

test('for any trace and state, the failures that rows show and hide add up to all failures', () => {
  const model = modelFrom(large(NOW, randomOf(5), 3_000).documents);
  const failed = oncePerRow(model.errors).length;
  for (let level = 0; level < 5; level++) {
    const rows = rowsOf(model.roots, { collapsed: collapsedBelow(model.spans, level), unfolded: new Set() });
    const shown = rows.filter(({ outcome, fold }) => fold === undefined && outcome !== 'ok').length;
    const hidden = rows.reduce((sum, { hidden: { fault = 0 } }) => sum + fault, 0);
    expect([level, shown + hidden]).toEqual([level, failed]);
  }
});

test('an open fold keeps its sum and label, and its rows are one level deeper', () => {
  const model = traceOf((made) => repeats(made, { count: 5, step: 0.2, seconds: 0.1 }));
  const [, closed] = rowsOf(model.roots, NOTHING);
  const rows = rowsOf(model.roots, { collapsed: new Set(), unfolded: new Set([closed!.fold!.key]) });
  expect(rows[1]).toMatchObject({ isOpen: true, fold: { seconds: closed!.fold!.seconds } });
  expect(labelOf(rows[1]!)).toBe(labelOf(closed!));
  expect(rows.slice(2).map(({ depth, span }) => [depth, span.kind])).toEqual(
    Array.from({ length: 5 }, () => [2, 'segment']),
  );
});

test('a fold knows whether its spans waited for each other', () => {
  const atOnce = (step: number): number => {
    const model = traceOf((made) => repeats(made, { count: 6, step, seconds: 0.1 }));
    return rowsOf(model.roots, NOTHING)[1]!.fold!.atOnce;
  };
  expect([atOnce(0.2), atOnce(0.1), atOnce(0.05), atOnce(0)]).toEqual([1, 1, 2, 6]);
});

test('two series of the same calls under one parent are two folds', () => {
  const model = traceOf((made) => {
    const run = (from: number) => Array.from({ length: 4 }, (_, i) => made.sub('get', NOW + from + i * 0.01, 0.01));
    made.segment('web', NOW, 1, { subsegments: [...run(0.1), made.sub('other', NOW + 0.3, 0.1), ...run(0.5)] });
  });
  const folds = rowsOf(model.roots, NOTHING).flatMap(({ fold }) => (fold === undefined ? [] : [fold]));
  expect(new Set(folds.map(({ key }) => key)).size).toBe(2);
  expect(folds.map((fold) => foldWith(fold.spans[2]!, model.roots)!.key)).toEqual(folds.map(({ key }) => key));
});

test('a call and its callee share one row with the worse outcome; a search for either finds and opens it', () => {
  const model = traceOf((made) => {
    const call = made.sub('slow', NOW + 0.1, 0.5, {
      namespace: 'remote',
      fault: true,
      http: { response: { status: 504 } },
    });
    made.segment('web', NOW, 1, { subsegments: [call] });
    made.segment('slow', NOW + 0.2, 0.3, {
      parent_id: call['id'],
      http: { response: { status: 200 } },
      subsegments: [made.sub('in', NOW + 0.3, 0.1)],
    });
  });
  const rows = rowsOf(model.roots, NOTHING);
  expect(rows.map(({ span, depth }) => [span.name, span.kind, depth])).toEqual([
    ['web', 'segment', 0],
    ['slow', 'segment', 1],
    ['in', 'subsegment', 2],
  ]);
  expect(titleOf(rows[1]!)).toBe('slow, fault, 500 ms, 300 ms as served, 504');
  for (const span of model.spans.filter(({ name }) => name === 'slow')) {
    const shown = revealed(span, model.roots, { collapsed: collapsedBelow(model.spans, 0), unfolded: new Set() });
    expect(rowsOf(model.roots, shown).some((row) => isOfRow(row, span))).toBe(true);
  }
  expect(pathTo(rows[2]!.span).map(({ name, kind }) => [name, kind])).toEqual([
    ['web', 'segment'],
    ['slow', 'segment'],
  ]);
});

test('a message received later, and a call with two callees, do not share a row with what they cause', () => {
  const model = traceOf((made) => {
    const send = made.sub('queue', NOW + 0.1, 0.1, { namespace: 'remote' });
    const both = made.sub('fan-out', NOW + 0.3, 0.4, { namespace: 'remote' });
    made.segment('web', NOW, 1, { subsegments: [send, both] });
    made.segment('worker', NOW + 5, 1, { parent_id: send['id'] });
    made.segment('a', NOW + 0.3, 0.1, { parent_id: both['id'] });
    made.segment('b', NOW + 0.3, 0.1, { parent_id: both['id'] });
  });
  expect(rowsOf(model.roots, NOTHING).map(({ span, depth }) => [span.name, depth])).toEqual([
    ['web', 0],
    ['queue', 1],
    ['worker', 2],
    ['fan-out', 1],
    ['a', 2],
    ['b', 2],
  ]);
});

test('the label explains a span that ends before it starts', () => {
  const model = traceOf((made) => {
    made.segment('web', NOW, 2, { subsegments: [made.sub('back', NOW + 1, -0.5)] });
  });
  expect(titleOf(rowNamed(rowsOf(model.roots, NOTHING), 'back'))).toBe('back, 0 ms, Ends 500 ms before it starts');
});

test('the shape of a request has # in place of numbers and IDs', () => {
  expect(shapeOf('GET /a/12/b/0123456789abcdef0123/c?x=7')).toBe('GET /a/#/b/#/c?x=#');
  expect(shapeOf('GET /u/3f2504e0-4f89-11d3-9a0c-0305e82c3301')).toBe('GET /u/#');
});
