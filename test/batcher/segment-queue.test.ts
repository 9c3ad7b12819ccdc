import fc from '../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { costOf, SEGMENT_OVERHEAD_BYTES, SegmentQueue, totalCostOf } from '../../src/batcher/segment-queue.ts';
import type { DocumentFormat, Segment } from '../../src/pipeline/segment.ts';

const CHUNK = Buffer.alloc(64);
/** Runs of each format, so that a format at a wrong place shows. */
const formatOf = (n: number): DocumentFormat => (n % 7 < 4 ? 'xray' : 'otlp');

/** A queue that does the same with an array of objects. */
class Model {
  segments: Segment[] = [];

  take(maxSegments: number, maxBytes: number, isNewest: boolean): Segment[] {
    const order = isNewest ? this.segments.toReversed() : this.segments;
    let bytes = 0;
    let count = 0;
    for (const { start, end } of order.slice(0, maxSegments)) {
      if (count > 0 && bytes + end - start > maxBytes) break;
      bytes += end - start;
      count++;
    }
    return isNewest ? this.segments.splice(this.segments.length - count, count) : this.segments.splice(0, count);
  }
}

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('push' as const),
      count: fc.integer({ min: 1, max: 1500 }),
      bytes: fc.integer({ min: 0, max: 64 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      isNewest: fc.boolean(),
      maxSegments: fc.integer({ min: 0, max: 1200 }),
      maxBytes: fc.integer({ min: 0, max: 40_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('shift' as const) }) },
);

test('the ring returns the same segments as an array, while it grows, wraps and shrinks', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const queue = new SegmentQueue();
      const model = new Model();
      let arrivedAtMs = 0;
      for (const one of steps) {
        if (one.kind === 'push') {
          for (let i = 0; i < one.count; i++) {
            arrivedAtMs++;
            const format = formatOf(arrivedAtMs);
            queue.push(CHUNK, i % 8, (i % 8) + (one.bytes % 57), arrivedAtMs, format);
            model.segments.push({ chunk: CHUNK, start: i % 8, end: (i % 8) + (one.bytes % 57), arrivedAtMs, format });
          }
        } else if (one.kind === 'shift') expect(queue.shift()).toEqual(model.segments.shift());
        else
          expect(queue.take(one.maxSegments, one.maxBytes, one.isNewest)).toEqual(
            model.take(one.maxSegments, one.maxBytes, one.isNewest),
          );
        expect([queue.length, queue.bytes, queue.oldestMs]).toEqual([
          model.segments.length,
          totalCostOf(model.segments),
          model.segments[0]?.arrivedAtMs,
        ]);
      }
    }),
    { numRuns: 200 },
  );
});

test('the cost of a segment is its bytes plus the overhead', () => {
  expect(costOf({ chunk: CHUNK, start: 3, end: 13, arrivedAtMs: 1, format: 'xray' })).toBe(10 + SEGMENT_OVERHEAD_BYTES);
});
