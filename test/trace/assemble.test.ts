import { expect, test } from 'vitest';
import fc from '../fakes/fast-check.ts';
import { traceMembers } from '../../src/query/documents.ts';
import { Graph } from '../../src/query/graph.ts';
import { rowOf } from '../../src/query/row.ts';
import { summaryOf } from '../../src/query/summary.ts';
import type { TraceView } from '../../src/trace/trace-view.ts';
import type { Json } from '../../src/json/json.ts';
import { randomTraces, withVersions } from '../fakes/random-traces.ts';
import { TRACE_ID, call, plain, segmentJson, streamed, sub, viewOf } from '../fakes/traces.ts';
import type { Span } from '../../src/trace/model.ts';

const shape = ({ name, children }: Span): unknown => (children.length === 0 ? name : [name, ...children.map(shape)]);

test('nests streamed subsegments in their parents, in any order of arrival', () => {
  const inner = sub('inner');
  const web = segmentJson('web', { subsegments: [inner] });
  const child = streamed('child', web.id);
  const grandchild = streamed('grandchild', child.id);
  const underInner = streamed('under inner', inner.id);
  fc.assert(
    fc.property(fc.shuffledSubarray([web, child, grandchild, underInner], { minLength: 4 }), (documents) => {
      const { trace } = viewOf(...documents);
      expect(trace.segments.map(shape)).toEqual([['web', ['inner', 'under inner'], ['child', 'grandchild']]]);
      expect(trace.orphans).toEqual([]);
    }),
  );
});

test('keeps a subsegment whose parent has not arrived, with its children', () => {
  const child = streamed('child', 'ffffffffffffffff');
  const { trace } = viewOf(streamed('grandchild', child.id), child);
  expect(trace.segments).toEqual([]);
  expect(trace.orphans.map(shape)).toEqual([['child', 'grandchild']]);
});

test('counts a subsegment once that is both streamed and inside its parent', () => {
  const inner = sub('inner');
  const web = segmentJson('web', { subsegments: [inner] });
  const { trace } = viewOf(web, { ...inner, type: 'subsegment', trace_id: TRACE_ID, parent_id: web.id });
  expect(trace.segments.map(shape)).toEqual([['web', 'inner']]);
});

test('uses a completed separate subsegment instead of the one in progress inside its parent', () => {
  const open = { ...sub('inner', { in_progress: true }), start_time: 1 };
  const web = segmentJson('web', { subsegments: [open] });
  const { trace } = viewOf(web, streamed('inner', web.id, { id: open.id, fault: true }));
  expect(trace.find(open.id)).toMatchObject({ isInProgress: false, outcome: { isFault: true } });
});

/** What the answers say of a trace: ids and all. */
const answersOf = (view: TraceView): unknown => {
  const graph = new Graph();
  graph.add(view);
  return plain([
    traceMembers(view),
    summaryOf(view, { eventTime: undefined, service: undefined, edge: undefined }),
    [...graph.services(false)],
    rowOf(view),
  ]);
};

test('gives the same result for any versions of documents, in any order', () => {
  const traces = randomTraces(200, 11);
  fc.assert(
    fc.property(
      fc.constantFrom(...traces),
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      (documents, random) => {
        const all = withVersions(documents, () => random.next().value);
        const shuffled = all.map((document) => ({ document, at: random.next().value })).sort((a, b) => a.at - b.at);
        expect(answersOf(viewOf(...shuffled.map(({ document }) => document)))).toEqual(answersOf(viewOf(...all)));
      },
    ),
    { numRuns: 500 },
  );
});

test('a completed version adds its subsegments, and those of the version in progress stay', () => {
  const [early, late] = [sub('early'), sub('late')];
  const open = sub('inner', { in_progress: true, name: 'opened', subsegments: [early] });
  const web = segmentJson('web', { subsegments: [open] });
  const closed = streamed('closed', web.id, { id: open.id, subsegments: [late] });
  for (const documents of [
    [web, closed],
    [closed, web],
  ]) {
    expect(viewOf(...documents).trace.segments.map(shape)).toEqual([['web', ['closed', 'early', 'late']]]);
  }
});

// What AWS answered in September 2026. Source: the recording in github.com/radkawar/stackd,
// testdata/aws/xray/segments_and_policies.json at 9dc356f.
test.each<[string, string, readonly ('inside' | 'inside open' | 'alone' | 'alone open')[]]>([
  ['alone', 'alone', ['alone', 'inside']],
  ['inside', 'inside', ['inside', 'alone']],
  ['inside what is in progress', 'inside open', ['inside open', 'alone', 'inside']],
  ['inside, after one in progress alone', 'inside', ['alone open', 'inside']],
])('uses the first completed version of a subsegment to arrive: %s', (_, expected, order) => {
  const id = 'a'.repeat(16);
  const web = segmentJson('web');
  const documents = order.map((version): Json => {
    if (version === 'alone') return streamed(version, web.id, { id });
    if (version === 'alone open') return streamed(version, web.id, { id, in_progress: true });
    return segmentJson('web', {
      id: web.id,
      ...(version === 'inside open' ? { in_progress: true } : {}),
      subsegments: [sub(version, { id })],
    });
  });
  expect(viewOf(...documents).trace.segments.map(shape)).toEqual([['web', expected]]);
});

test('a segment and a subsegment with the same ID are two entities', () => {
  const inner = sub('inner');
  const { trace } = viewOf(
    segmentJson('web', { subsegments: [inner] }),
    segmentJson('orders', { id: inner.id, parent_id: inner.id }),
  );
  expect([...trace.spans()].map(({ name }) => name).sort()).toEqual(['inner', 'orders', 'web']);
});

test('cuts documents that are nested in each other endlessly, without a stack overflow', () => {
  const ids = Array.from({ length: 5_000 }, (_, i) => (0x10_0000 + i).toString(16).padStart(16, 'b'));
  const link = (i: number): Json =>
    streamed(`s${i}`, ids[0]!, { id: ids[i]!, subsegments: [sub(`s${i + 1}`, { id: ids[i + 1]! })] });
  const forwards = ids.slice(0, -1).map((_, i) => link(i));
  for (const documents of [forwards, forwards.toReversed()]) {
    const { trace } = viewOf(segmentJson('web', { id: 'ffffffffffffffff' }), ...documents);
    expect([...trace.spans()]).toHaveLength(5_001);
  }
});

test('treats circular parents as orphans, without an endless loop', () => {
  const [a, b] = [
    streamed('a', 'aaaaaaaaaaaaaaaa', { id: 'bbbbbbbbbbbbbbbb' }),
    streamed('b', 'bbbbbbbbbbbbbbbb', { id: 'aaaaaaaaaaaaaaaa' }),
  ];
  const self = streamed('self', 'cccccccccccccccc', { id: 'cccccccccccccccc' });
  const { trace } = viewOf(a, b, self);
  expect(trace.orphans.map(({ name }) => name).sort()).toEqual(['b', 'self']);
});

test('a chain of 5,000 streamed subsegments causes no stack overflow', () => {
  const web = segmentJson('web');
  const chain = [web];
  for (let i = 0; i < 5_000; i++) chain.push(streamed(`s${i}`, chain.at(-1)!.id));
  const view = viewOf(...chain);
  expect(view.map.visits).toHaveLength(1);
  expect(view.duration).toBe(1);
});

test('the root is the earliest segment that nobody called', () => {
  const caller = call('orders');
  const web = segmentJson('web', { from: 1, subsegments: [caller] });
  expect(
    viewOf(segmentJson('late', { from: 2 }), segmentJson('orders', { parent_id: caller.id, from: 0.5 }), web).root
      ?.name,
  ).toBe('web');
  expect(viewOf(segmentJson('orders', { parent_id: caller.id })).root).toBeUndefined();
});
