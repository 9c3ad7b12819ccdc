import './browser-globals.ts';
import { expect, test } from 'vitest';
import type { TraceModel } from '../../ui/src/trace/model.ts';
import { randomOf, ShopTrace } from '../page/shop.ts';
import { modelFrom, NOW } from './models.ts';

const answered = { http: { request: { method: 'GET', url: 'http://x.example/' }, response: { status: 200 } } };

/** web calls inventory, which calls stock. `off`: seconds that the clocks of the two are ahead. */
function chain(off: { inventory: number; stock: number }): ShopTrace {
  const made = new ShopTrace(NOW, randomOf(3));
  const call = made.sub('inventory', NOW + 0.1, 0.3, { namespace: 'remote', ...answered });
  const inner = made.sub('stock', NOW + 0.2 + off.inventory, 0.1, { namespace: 'remote', ...answered });
  made.segment('web', NOW, 0.5, { ...answered, subsegments: [call] });
  made.segment('inventory', NOW + 0.15 + off.inventory, 0.2, {
    parent_id: call['id'],
    ...answered,
    subsegments: [inner],
  });
  made.segment('stock', NOW + 0.22 + off.stock, 0.06, { parent_id: inner['id'], ...answered });
  return made;
}

const starts = (model: TraceModel): Record<string, number> =>
  Object.fromEntries(
    model.spans.filter(({ kind }) => kind === 'segment').map(({ name, start }) => [name, Number(start.toFixed(3))]),
  );

for (const [what, off] of [
  ['behind', { inventory: -2.6, stock: 0 }],
  ['behind, with all that runs on that machine', { inventory: -2.6, stock: -2.6 }],
  ['ahead', { inventory: 2.6, stock: 0 }],
  ['ahead, with all that runs on that machine', { inventory: 2.6, stock: 2.6 }],
  ['behind, and another ahead', { inventory: -2.6, stock: 4 }],
  ['right', { inventory: 0, stock: 0 }],
] as const) {
  test(`a clock that is ${what}: every segment lies in the call that caused it, and the trace is as long as its entry`, () => {
    const { documents } = chain(off);
    const model = modelFrom(documents);
    expect(model.length).toBeCloseTo(0.5, 5);
    expect(starts(model)).toEqual({ web: 0, inventory: 0.15, stock: 0.22 });
    for (const span of model.spans) {
      if (span.parent === undefined) continue;
      expect(span.start).toBeGreaterThanOrEqual(span.parent.start - 1e-6);
      expect(span.end).toBeLessThanOrEqual(span.parent.end + 1e-6);
    }
    expect(model.skew > 0).toBe(off.inventory !== 0);
  });
}

test('"as recorded" shows the times of the documents, and reports the difference', () => {
  const model = modelFrom(chain({ inventory: -2.6, stock: -2.6 }).documents, { isAdjusted: false });
  expect(starts(model)).toEqual({ web: 2.45, inventory: 0, stock: 0.07 });
  expect(model.skew).toBeCloseTo(2.55, 5);
  expect(model.spans.every(({ shift }) => shift === 0)).toBe(true);
});

test('a message received later does not prove a clock difference', () => {
  const made = new ShopTrace(NOW, randomOf(3));
  const send = made.sub('queue', NOW + 0.1, 0.1, {
    namespace: 'aws',
    aws: { operation: 'SendMessage' },
    http: { response: { status: 200 } },
  });
  made.segment('web', NOW, 0.5, { subsegments: [send] });
  made.segment('worker', NOW + 60, 1, { parent_id: send['id'] });
  const model = modelFrom(made.documents);
  expect([model.skew, model.length]).toEqual([0, 61]);
});
