import './browser-globals.ts';
import { expect, test } from 'vitest';
import { criticalPath } from '../../ui/src/trace/critical-path.ts';
import type { TraceModel } from '../../ui/src/trace/model.ts';
import { slowestOf } from '../../ui/src/trace/slowest.ts';
import { NOW, traceOf } from './models.ts';

const slowestIn = (model: TraceModel) => slowestOf(model, criticalPath(model.roots[0]));

test('names what the entry waited for longest, with all spans of that name, but not what ran in parallel', () => {
  const model = traceOf((made) => {
    made.segment('web', NOW, 1, {
      subsegments: [
        made.sub('beside', NOW, 0.7),
        made.sub('query', NOW, 0.3),
        made.sub('query', NOW + 0.3, 0.5),
        made.sub('end', NOW + 0.8, 0.2),
      ],
    });
  });
  const most = slowestIn(model)!;
  expect([most.span.name, most.spans, Number(most.seconds.toFixed(6)), Number(most.share.toFixed(6))]).toEqual([
    'query',
    2,
    0.8,
    0.8,
  ]);
  expect(most.span.start).toBeCloseTo(0.3, 6);
});

test('the time of a span excludes the time of its calls', () => {
  const model = traceOf((made) => {
    made.segment('web', NOW, 1, {
      subsegments: [made.sub('outer', NOW, 0.9, { subsegments: [made.sub('inner', NOW + 0.1, 0.2)] })],
    });
  });
  const most = slowestIn(model)!;
  expect([most.span.name, Number(most.seconds.toFixed(6))]).toEqual(['outer', 0.7]);
});

test('says nothing if the time is spread, or if there is one span, work in progress, or an entry without duration', () => {
  const parts = (count: number) =>
    traceOf((made) => {
      made.segment('web', NOW, 1, {
        subsegments: Array.from({ length: count }, (_, i) => made.sub(`part ${i}`, NOW + i / count, 1 / count)),
      });
    });
  expect(slowestIn(parts(4))).toBeUndefined();
  expect(slowestIn(parts(3))?.span.name).toMatch(/^part/);
  expect(slowestIn(traceOf((made) => void made.segment('web', NOW, 1)))).toBeUndefined();
  expect(
    slowestIn(traceOf((made) => void made.segment('web', NOW, undefined, { subsegments: [made.sub('part', NOW, 1)] }))),
  ).toBeUndefined();
  expect(
    slowestIn(traceOf((made) => void made.segment('web', NOW, 0, { subsegments: [made.sub('part', NOW, 1)] }))),
  ).toBeUndefined();
});
