import './browser-globals.ts';
import fc from '../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { mapOf, type GraphService, type Statistics } from '../../ui/src/map/graph.ts';
import { labelsOf, type Label, type Labelled } from '../../ui/src/map/labels.ts';
import { frameOf } from '../../ui/src/map/viewport.ts';

function statistics(count: number): Statistics {
  return {
    OkCount: count - 1,
    ErrorStatistics: { ThrottleCount: 0, OtherCount: 0, TotalCount: 0 },
    FaultStatistics: { TotalCount: 1 },
    TotalCount: count,
    TotalResponseTime: count,
  };
}

function service(
  id: number,
  name: string,
  type: string | null,
  callees: readonly (readonly [number, number])[] = [],
): GraphService {
  return {
    ReferenceId: id,
    Name: name,
    Type: type,
    AccountId: null,
    Root: null,
    SummaryStatistics: type === 'client' ? null : statistics(10),
    ResponseTimeHistogram: type === 'client' ? null : [],
    Edges: callees.map(([to, count]) => ({
      ReferenceId: to,
      SummaryStatistics: statistics(count),
      ResponseTimeHistogram: [{ Value: count, Count: count }],
      EdgeType: null,
    })),
    StartTime: null,
    EndTime: null,
  };
}

test('one client represents the clients of all entry points, with the sums of their calls', () => {
  const { nodes, edges } = mapOf({
    Services: [
      service(0, 'orders', null),
      service(1, 'web', 'client', [[2, 5]]),
      service(2, 'web', null, [[0, 4]]),
      service(3, 'shop', 'client', [[0, 7]]),
    ],
  });
  expect(nodes.map(({ name }) => name)).toEqual(['Client', 'orders', 'web']);
  expect(nodes[0]!.statistics).toEqual({ ...statistics(12), OkCount: 10, FaultStatistics: { TotalCount: 2 } });
  expect(nodes[0]!.histogram).toEqual([
    { Value: 5, Count: 5 },
    { Value: 7, Count: 7 },
  ]);
  expect(edges.map(({ from, to, caller }) => `${from.name} ${to.name} ${caller.Name}`)).toEqual([
    'Client web web',
    'web orders web',
    'Client orders shop',
  ]);
});

test('handles an empty map, one without clients, and a call to an unknown service', () => {
  expect(mapOf({ Services: [] })).toEqual({ nodes: [], edges: [] });
  const { nodes, edges } = mapOf({ Services: [service(0, 'a', null, [[7, 1]])] });
  expect(nodes).toHaveLength(1);
  expect(edges).toEqual([]);
});

interface Rect {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** As map-parts.tsx draws them, with letters of half their height in width. */
function drawn(
  { x, y, radius }: Labelled,
  { name, place, nameSize, under, underSize, number, numberPlace }: Label,
): Rect[] {
  const line = (text: string, size: number, top: number): Rect[] => {
    const half = (text.length * size) / 4;
    return text === '' ? [] : [{ left: x - half, right: x + half, top, bottom: top + size }];
  };
  const beside = {
    left: x + radius + 3,
    right: x + radius + 3 + (name.length * nameSize) / 2,
    top: y - nameSize / 2,
    bottom: y + nameSize / 2,
  };
  return [
    ...(place === 'below' ? line(name, nameSize, y + radius + 2) : name === '' ? [] : [beside]),
    ...line(under, underSize, y + radius + 2 + nameSize * 1.25),
    ...(numberPlace === 'above' ? line(number, 11, y - radius - 15) : []),
  ];
}

const isOn = (a: Rect, b: Rect): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

test('labels of a map cover neither each other nor a circle, have at least 11 px, and stay within the map', () => {
  const node = fc.record({
    x: fc.integer({ min: 20, max: 780 }),
    y: fc.integer({ min: 20, max: 580 }),
    radius: fc.integer({ min: 4, max: 40 }),
    name: fc.string({ minLength: 1, maxLength: 40 }),
    under: fc.string({ maxLength: 40 }),
    number: fc.constantFrom('1', '12', '9,999k'),
  });
  fc.assert(
    fc.property(fc.array(node, { maxLength: 60 }), fc.double({ min: 0.01, max: 2, noNaN: true }), (places, room) => {
      const nodes = places.map((place, id) => ({ ...place, id }));
      const labels = labelsOf(nodes, room, { width: 800, height: 600 });
      expect(labels.size).toBe(nodes.length);
      const rects = nodes.flatMap((each) => drawn(each, labels.get(each.id)!).map((rect) => ({ rect, id: each.id })));
      for (const { nameSize, underSize } of labels.values())
        expect(Math.min(nameSize, underSize)).toBeGreaterThanOrEqual(11);
      for (const [i, { rect, id }] of rects.entries()) {
        expect(Math.min(rect.left, rect.top, 800 - rect.right, 600 - rect.bottom)).toBeGreaterThanOrEqual(0);
        for (const other of rects.slice(i + 1)) expect(isOn(rect, other.rect)).toBe(false);
        for (const { x, y, radius, id: circle } of nodes) {
          if (circle !== id)
            expect(isOn(rect, { left: x - radius, right: x + radius, top: y - radius, bottom: y + radius })).toBe(
              false,
            );
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('a layout of any size fits its box, and the nodes of a crowded column do not overlap', () => {
  const nodes = fc.array(fc.record({ x: fc.constantFrom(99, 339, 579), y: fc.integer({ min: 30, max: 20_000 }) }), {
    minLength: 1,
    maxLength: 300,
  });
  fc.assert(
    fc.property(
      nodes,
      fc.integer({ min: 300, max: 2_000 }),
      fc.integer({ min: 250, max: 1_200 }),
      (found, width, height) => {
        const { places } = frameOf(
          { places: Object.fromEntries(found.entries()), width: 678, height: 20_100 },
          { width, height },
        );
        const at = [...places.values()];
        expect(at).toHaveLength(found.length);
        for (const { x, y } of at) {
          expect(Math.min(x, width - x)).toBeGreaterThan(0);
          expect(Math.min(y, height - y)).toBeGreaterThan(0);
        }
        for (const [i, a] of at.entries())
          for (const b of at.slice(i + 1)) expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(2);
      },
    ),
    { numRuns: 50 },
  );
});
