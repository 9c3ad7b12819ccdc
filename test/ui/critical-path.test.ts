import './browser-globals.ts';
import { expect, test } from 'vitest';
import { criticalPath } from '../../ui/src/trace/critical-path.ts';
import { selfSecondsOf, type Span, type TraceModel } from '../../ui/src/trace/model.ts';
import { randomOf, ShopTrace, type Json } from '../page/shop.ts';
import { modelFrom, NOW, traceOf } from './models.ts';

const EPSILON = 1e-9;

/**
 * A tree of calls one after the other and beside each other; some end with their parent, some go on after it. `noise`
 * seconds on every end.
 */
function randomTrace(seed: number, noise: () => number = () => 0): TraceModel {
  const random = randomOf(seed);
  const made = new ShopTrace(NOW, random);
  const below = (start: number, seconds: number, level: number): Json[] => {
    if (level === 0) return [];
    const children: Json[] = [];
    const parts = 1 + Math.floor(random() * 4);
    for (let i = 0; i < parts; i++) {
      const from = start + (seconds * i) / parts;
      const luck = random();
      const length = luck < 0.4 ? seconds / parts : luck < 0.5 ? seconds * 1.5 : (random() * seconds) / parts;
      children.push(
        made.sub(`s${level}-${i}`, from, length + noise(), { subsegments: below(from, length, level - 1) }),
      );
    }
    return children;
  };
  made.segment('web', NOW, 1, { subsegments: below(NOW, 1, 4) });
  return modelFrom(made.documents);
}

test('spans that end together are all on the critical path, despite rounding of their ends', () => {
  const made = new ShopTrace(NOW, randomOf(3));
  let inner: Json | undefined;
  for (let i = 299; i > 0; i--) {
    const start = NOW + i * 0.001;
    // Each length is rounded by itself, as SDKs do: the sums differ in the last digits.
    inner = made.sub(
      `level ${i}`,
      start,
      Number((0.5 - i * 0.001).toFixed(6)) + (i % 3) * 3e-7,
      inner === undefined ? {} : { subsegments: [inner] },
    );
  }
  made.segment('deep', NOW, 0.5, { subsegments: [inner] });
  const { roots } = modelFrom(made.documents);
  expect(criticalPath(roots[0]).size).toBe(300);
});

test('for any trace, each stretch is within its parent’s, siblings do not overlap, and exclusive times add up to the duration of the root', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const { roots, spans } = randomTrace(seed);
    const root = roots[0]!;
    const path = criticalPath(root);
    let exclusive = 0;
    for (const span of spans) {
      const stretch = path.get(span.id);
      if (stretch === undefined) continue;
      expect(stretch.to).toBeGreaterThan(stretch.from);
      const inside = span.children
        .filter((child) => path.has(child.id))
        .map((child: Span) => path.get(child.id)!)
        .toSorted((a, b) => a.from - b.from);
      exclusive += stretch.to - stretch.from;
      for (const [i, { from, to }] of inside.entries()) {
        expect(from).toBeGreaterThanOrEqual(stretch.from - EPSILON);
        expect(to).toBeLessThanOrEqual(stretch.to + EPSILON);
        if (i > 0) expect(from).toBeGreaterThanOrEqual(inside[i - 1]!.to - EPSILON);
        exclusive -= to - from;
      }
      // Whatever ended last is on it.
      if (span.children.some(({ start }) => start < stretch.to - 1e-6)) expect(inside.length).toBeGreaterThan(0);
    }
    expect(exclusive).toBeCloseTo(root.end - root.start, 6);
  }
});

test('for any trace, noise of less than a microsecond on the ends changes nothing', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = randomOf(seed + 1_000);
    const namesOn = (model: TraceModel): string[] => {
      const path = criticalPath(model.roots[0]);
      return model.spans
        .filter(({ id, start, end }) => path.has(id) && end - start > 1e-4)
        .map(({ name, depth }) => `${depth} ${name}`);
    };
    expect(namesOn(randomTrace(seed, () => random() * 4e-7))).toEqual(namesOn(randomTrace(seed)));
  }
});

test('the initialization of a function, recorded from before its segment began, is what the request waited for', () => {
  const model = traceOf((made) => {
    const lambda = made.segment('lambda', NOW, 0.8);
    made.segment('function', NOW + 0.5, 0.29, {
      parent_id: lambda['id'],
      subsegments: [made.sub('Initialization', NOW + 0.1, 0.39), made.sub('Invocation', NOW + 0.51, 0.24)],
    });
  });
  const root = model.roots[0]!;
  const path = criticalPath(root);
  expect(model.spans.filter(({ id }) => path.has(id)).map(({ name }) => name)).toEqual([
    'lambda',
    'function',
    'Initialization',
    'Invocation',
  ]);
  expect(selfSecondsOf(root)).toBeCloseTo(0.12, 6);
});
