import './browser-globals.ts';
import { expect, test } from 'vitest';
import { criticalPath } from '../../ui/src/trace/critical-path.ts';
import { framesOf, placedFrames } from '../../ui/src/trace/flame-tree.ts';
import { matching } from '../../ui/src/trace/find.ts';
import { grow, type TraceModel } from '../../ui/src/trace/model.ts';
import { collapsedBelow, isOfRow, revealed, rowsOf } from '../../ui/src/trace/rows.ts';
import { selfTimesOf } from '../../ui/src/trace/self-time.tsx';
import { idleGaps, ticksOf, TimeAxis } from '../../ui/src/trace/time-axis.ts';
import { checkout, large, randomOf, ShopTrace } from '../page/shop.ts';
import { modelFrom, NOW, traceOf as trace } from './models.ts';

const NOTHING = { collapsed: new Set<string>(), unfolded: new Set<string>() };

const shopModel = (): TraceModel => modelFrom(checkout(NOW, randomOf(7)).documents);
const names = (model: TraceModel): string[] =>
  rowsOf(model.roots, NOTHING).map(({ span, fold }) =>
    fold === undefined ? span.name : `${span.name} ×${fold.spans.length}`,
  );

test('a call and its segment share a row, repeats share a row, and inferred services have none', () => {
  expect(names(shopModel())).toEqual([
    'checkout',
    'verify session',
    'redis',
    'price items',
    'catalog ×24',
    'orders',
    'validate',
    'inventory',
    'DynamoDB',
    'SNS',
    'compensate',
    'payments',
  ]);
});

test('on request, services that do not report have a row below their call', () => {
  const rows = rowsOf(shopModel().roots, NOTHING, { hasInferred: true });
  expect(rows.filter(({ span }) => span.kind === 'inferred').map(({ span, depth }) => [span.name, depth])).toEqual([
    ['redis', 2],
    ['inventory', 3],
    ['orders', 3],
    ['order-created', 3],
  ]);
});

test('figures of the head', () => {
  const { services, errors, length, spans } = shopModel();
  expect({ services, errors: errors.map(({ name }) => name), spans: spans.length }).toEqual({
    services: 8,
    errors: ['checkout', 'orders', 'orders', 'DynamoDB', 'compensate'],
    spans: 65,
  });
  expect(length).toBeCloseTo(1.284, 5);
});

test('the critical path consists of what the root waited for, each child once, latest first', () => {
  const model = trace((made) => {
    const slow = made.sub('slow', NOW + 0.1, 0.8);
    made.segment('web', NOW, 1, {
      subsegments: [
        made.sub('early', NOW, 0.05),
        made.sub('beside', NOW + 0.2, 0.3),
        slow,
        made.sub('after', NOW + 0.95, 0.2),
      ],
    });
  });
  const path = criticalPath(model.roots[0]);
  const named = new Map(model.spans.map((span) => [span.name, path.get(span.id)]));
  expect([...named].filter(([, stretch]) => stretch !== undefined).map(([name]) => name)).toEqual([
    'web',
    'early',
    'slow',
    'after',
  ]);
  expect(named.get('slow')!.to).toBeCloseTo(0.9, 5);
  // It went on after its parent: what the parent waited for is what lies in it.
  expect(named.get('after')!.to).toBeCloseTo(1, 5);
});

test('self time excludes the time of children, with parallel children counted once', () => {
  const model = trace((made) => {
    made.segment('web', NOW, 1, {
      subsegments: [made.sub('a', NOW + 0.1, 0.5), made.sub('b', NOW + 0.3, 0.5), made.sub('late', NOW + 0.9, 5)],
    });
  });
  const line = selfTimesOf(model.spans).find(({ name }) => name === 'web')!;
  expect(line.self).toBeCloseTo(0.2, 5);
});

test('an open span grows until the trace is considered abandoned, and then ends at its last update', () => {
  const made = new ShopTrace(NOW, randomOf(3));
  made.segment('web', NOW, undefined);
  const live = modelFrom(made.documents, { received: NOW + 1, now: NOW + 5 });
  expect([live.isLive, live.spans[0]!.end]).toEqual([true, 5]);
  grow(live, NOW + 8);
  expect([live.spans[0]!.end, live.length]).toEqual([8, 8]);
  const old = modelFrom(made.documents, { received: NOW + 1, now: NOW + 3_600 });
  expect([old.isLive, old.spans[0]!.end]).toEqual([false, 1]);
});

test('shows and marks orphans, skewed clocks and cycles', () => {
  const model = trace((made) => {
    const call = made.sub('b', NOW + 0.1, 0.5, { namespace: 'remote' });
    made.segment('a', NOW, 1, { subsegments: [call] });
    made.segment('b', NOW + 0.05, 0.1, { parent_id: call['id'] });
    made.segment('orphan', NOW, 1, { parent_id: 'ffffffffffffffff' });
    const [x, y] = [made.segment('x', NOW, 1), made.segment('y', NOW + 0.01, 1)];
    x['parent_id'] = y['id'];
    y['parent_id'] = x['id'];
  });
  expect(model.spans.map(({ name, isOrphan, skew }) => [name, isOrphan, Math.round(skew * 1_000)])).toEqual([
    ['a', false, 0],
    ['b', false, 0],
    ['b', false, 50],
    ['orphan', true, 0],
    ['x', true, 0],
    ['y', false, 0],
  ]);
});

test('folds idle gaps, and converts between time and position', () => {
  const model = trace((made) => {
    made.segment('web', NOW, 1);
    made.segment('worker', NOW + 3_601, 1);
  });
  const gaps = idleGaps(model.spans);
  expect(gaps).toHaveLength(1);
  const axis = new TimeAxis(model.length, gaps);
  expect(axis.units).toBeCloseTo(2.06, 3);
  for (const seconds of [0, 0.5, 1, 1_800, 3_601, 3_601.7, 3_602])
    expect(axis.secondsAt(axis.unitsAt(seconds))).toBeCloseTo(seconds, 3);
  expect(new TimeAxis(10, []).unitsAt(7)).toBe(7);
});

test('does not fold short pauses', () => {
  const model = trace((made) => {
    made.segment('web', NOW, 1);
    made.segment('worker', NOW + 1.2, 1);
  });
  expect(idleGaps(model.spans)).toEqual([]);
});

test('ticks are round numbers', () => {
  expect(ticksOf(0, 1.284, 7)).toEqual([0, 0.2, 0.4, 0.6000000000000001, 0.8, 1, 1.2000000000000002]);
  expect(ticksOf(0, 0, 7)).toEqual([]);
});

test('hides collapsed rows, and a match opens the rows that hide it', () => {
  const model = shopModel();
  const collapsed = collapsedBelow(model.spans, 1);
  expect(rowsOf(model.roots, { collapsed, unfolded: new Set() }).map(({ depth }) => depth)).not.toContain(2);
  const [found] = matching(model.spans, 'PRICES/4423');
  const shown = revealed(found!, model.roots, { collapsed, unfolded: new Set() });
  expect(rowsOf(model.roots, shown).some((row) => isOfRow(row, found))).toBe(true);
});

test('finds in names, queries, annotations, metadata and exceptions', () => {
  const model = shopModel();
  for (const [text, name] of [
    ['for update', 'inventory'],
    ['c-1042', 'checkout'],
    ['provisionedthroughput', 'DynamoDB'],
  ] as const) {
    expect(matching(model.spans, text)[0]?.name).toBe(name);
  }
  expect(matching(model.spans, ' ')).toEqual([]);
});

test('the flame graph merges repeats, and children never exceed their parents', () => {
  const tops = framesOf(shopModel().roots);
  const placed = placedFrames(tops, undefined);
  const catalog = placed.find(({ frame }) => frame.name === 'catalog' && frame.parent?.name === 'price items')!;
  expect(catalog.frame.calls).toBe(24);
  for (const { frame, left, width } of placed) {
    const parent = placed.find((each) => each.frame === frame.parent);
    if (parent === undefined) continue;
    expect(left).toBeGreaterThanOrEqual(parent.left - 1e-9);
    expect(left + width).toBeLessThanOrEqual(parent.left + parent.width + 1e-9);
  }
  const alone = placedFrames(tops, catalog.frame);
  expect(alone.find(({ frame }) => frame === catalog.frame)).toMatchObject({ left: 0, width: 1, row: 2 });
});

test('in the flame graph, a call and its segment are one frame too, with the duration of the call and the worse outcome', () => {
  const model = trace((made) => {
    const call = made.sub('slow', NOW + 0.1, 0.5, { namespace: 'remote', fault: true });
    made.segment('web', NOW, 1, { subsegments: [call] });
    made.segment('slow', NOW + 0.2, 0.3, { parent_id: call['id'], subsegments: [made.sub('in', NOW + 0.3, 0.1)] });
  });
  const frames = placedFrames(framesOf(model.roots), undefined).map(({ frame: { name, outcome, total, depth } }) => [
    name,
    outcome,
    Number(total.toFixed(3)),
    depth,
  ]);
  expect(frames).toEqual([
    ['web', 'ok', 1, 0],
    ['slow', 'fault', 0.5, 1],
    ['in', 'ok', 0.1, 2],
  ]);
});

test('the error count of a name has the colour of its worst outcome', () => {
  const model = trace((made) => {
    made.segment('web', NOW, 1, {
      subsegments: [
        made.sub('a', NOW, 0.1, { error: true }),
        made.sub('a', NOW, 0.2, { throttle: true }),
        made.sub('b', NOW, 0.1),
      ],
    });
  });
  const worst = Object.fromEntries(selfTimesOf(model.spans).map((line) => [line.name, [line.errors, line.worst]]));
  expect(worst).toEqual({ web: [0, 'ok'], a: [2, 'throttle'], b: [0, 'ok'] });
});

test('handles a trace of many levels and one of many spans', () => {
  const made = new ShopTrace(NOW, randomOf(3));
  let inner = made.sub('deepest', NOW, 0.1);
  for (let i = 0; i < 3_000; i++) inner = made.sub(`level ${i}`, NOW, 0.1, { subsegments: [inner] });
  made.segment('deep', NOW, 0.1, { subsegments: [inner] });
  const deep = modelFrom(made.documents);
  expect(rowsOf(deep.roots, NOTHING)).toHaveLength(3_002);
  expect(criticalPath(deep.roots[0]).size).toBe(3_002);
  expect(placedFrames(framesOf(deep.roots), undefined)).toHaveLength(3_002);
  expect(modelFrom(large(NOW, randomOf(3), 10_000).documents).spans).toHaveLength(10_000);
});
