import { expect, test } from 'vitest';
import { readAccessLog, isProblem } from '../../src/formats/access-log.ts';
import { storedDocument } from '../../src/formats/formats.ts';
import { assemble } from '../../src/trace/assemble.ts';
import { balancedCalls } from '../../src/trace/balancer-calls.ts';
import type { BalancerView } from '../../src/trace/balancer.ts';
import { mapOf, type TraceMap } from '../../src/trace/map.ts';
import { accessLogLine } from '../fakes/access-log.ts';

const ID = '1-6929d510-abcdef000000000000000001';
const START = 1_795_953_600;

function mapWith(...segments: readonly object[]): TraceMap {
  const documents = segments.map((segment, arrival) =>
    storedDocument({ format: 'xray', body: JSON.stringify({ trace_id: ID, ...segment }) }, arrival),
  );
  const facts = { id: ID, revision: 1, receivedAt: START, bytes: 0, isSampled: true };
  return mapOf(assemble(facts, documents));
}

function segment(name: string, id: string, url: string, at: number, more: object = {}): object {
  return {
    name,
    id,
    start_time: START + at,
    end_time: START + at + 0.5,
    http: { request: { method: 'POST', url } },
    ...more,
  };
}

function view(entry: Parameters<typeof accessLogLine>[0]): BalancerView {
  const read = readAccessLog(accessLogLine(entry));
  if (isProblem(read)) throw new Error(read.problem);
  return read;
}

const web = segment('web', '00000000000000a1', 'https://shop.example/checkout?x=1', 0, {
  subsegments: [
    { name: 'orders', id: '00000000000000b1', namespace: 'remote', start_time: START + 0.1, end_time: START + 0.3 },
  ],
});
const orders = segment('orders', '00000000000000a2', 'http://internal/orders', 0.15, { parent_id: '00000000000000b1' });

const through = (map: TraceMap, views: readonly BalancerView[]): string[] =>
  [...balancedCalls(map, views)].map(
    ([{ from, to }, of]) =>
      `${from.type === 'client' ? 'client' : from.name} → ${to.name}: ${of.map(({ balancer }) => balancer).join(', ')}`,
  );

test('a load balancer stands before the segment with its method and path', () => {
  const map = mapWith(web, orders);
  const outer = view({ balancer: 'app/outer/1' });
  const inner = view({ balancer: 'app/inner/1', request: 'POST http://internal:80/orders HTTP/1.1' });
  expect(through(map, [inner, outer])).toEqual(['web → orders: app/inner/1', 'client → web: app/outer/1']);
});

test('without a segment that fits, it stands before the entry of the trace', () => {
  expect(through(mapWith(web), [view({ request: 'GET https://shop.example:443/other HTTP/2.0' })])).toEqual([
    'client → web: app/shop/50dc6c495c0c9188',
  ]);
  expect(through(mapWith(web), [view({ request: '- http://a:80- -' })])).toHaveLength(1);
});

test('of several segments that fit, the nearest in time is its target', () => {
  const later = segment('orders', '00000000000000a3', 'http://internal/orders', 5, { parent_id: '00000000000000b1' });
  const found = balancedCalls(mapWith(web, orders, later), [
    view({ request: 'POST http://internal:80/orders HTTP/1.1', created: '2026-11-29T12:00:05.000000Z' }),
  ]);
  expect([...found.keys()].map(({ destination }) => destination?.id)).toEqual(['00000000000000a3']);
});
