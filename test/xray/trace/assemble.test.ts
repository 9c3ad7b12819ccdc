import { expect, test } from 'vitest';
import fc from 'fast-check';
import { TRACE_ID, call, segmentJson, streamed, sub, viewOf } from '../../fakes/traces.ts';
import type { Entity } from '../../../src/xray/trace/entity.ts';

const shape = ({ name, children }: Entity): unknown => (children.length === 0 ? name : [name, ...children.map(shape)]);

test('streamed subsegments are folded into their parents, in whatever order they come', () => {
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

test('a subsegment whose parent has not come is kept, with what lies in it', () => {
  const child = streamed('child', 'ffffffffffffffff');
  const { trace } = viewOf(streamed('grandchild', child.id), child);
  expect(trace.segments).toEqual([]);
  expect(trace.orphans.map(shape)).toEqual([['child', 'grandchild']]);
});

test('a streamed subsegment that its parent holds as well is one', () => {
  const inner = sub('inner');
  const web = segmentJson('web', { subsegments: [inner] });
  const { trace } = viewOf(web, { ...inner, type: 'subsegment', trace_id: TRACE_ID, parent_id: web.id });
  expect(trace.segments.map(shape)).toEqual([['web', 'inner']]);
});

test('of a subsegment in progress inside and the same completed alone, the completed one counts', () => {
  const open = { ...sub('inner', { in_progress: true }), start_time: 1 };
  const web = segmentJson('web', { subsegments: [open] });
  const { trace } = viewOf(web, streamed('inner', web.id, { id: open.id, fault: true }));
  expect(trace.find(open.id)).toMatchObject({ isInProgress: false, outcome: { isFault: true } });
});

test('parents in a circle are orphans, not an endless loop', () => {
  const [a, b] = [streamed('a', 'aaaaaaaaaaaaaaaa', { id: 'bbbbbbbbbbbbbbbb' }), streamed('b', 'bbbbbbbbbbbbbbbb', { id: 'aaaaaaaaaaaaaaaa' })];
  const self = streamed('self', 'cccccccccccccccc', { id: 'cccccccccccccccc' });
  const { trace } = viewOf(a, b, self);
  expect(trace.orphans.map(({ name }) => name).sort()).toEqual(['b', 'self']);
});

test('a chain of 5,000 streamed subsegments is no stack overflow', () => {
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
  expect(viewOf(segmentJson('late', { from: 2 }), segmentJson('orders', { parent_id: caller.id, from: 0.5 }), web).root?.name).toBe('web');
  expect(viewOf(segmentJson('orders', { parent_id: caller.id })).root).toBeUndefined();
});

test('a cause that is an id names the exception of another entity; Node writes it as an object', () => {
  const exception = { id: 'eeeeeeeeeeeeeeee', type: 'Boom', message: 'bang' };
  const inner = sub('inner', { fault: true, cause: { exceptions: [exception] } });
  for (const cause of ['eeeeeeeeeeeeeeee', { id: 'eeeeeeeeeeeeeeee' }]) {
    const web = segmentJson('web', { fault: true, cause, subsegments: [inner] });
    const { trace } = viewOf(web);
    expect(trace.exceptionsOf(trace.root!)).toEqual([exception]);
  }
});
