import { expect, test } from 'vitest';
import { Counter } from '../../src/pipeline/counters.ts';

test('a counter counts each combination of label values apart, in whatever order the labels are given', () => {
  const requests = new Counter('requests', 'Requests.', ['path', 'status']);
  requests.inc({ path: '/a', status: '200' });
  requests.inc({ status: '200', path: '/a' });
  requests.inc({ path: '/a', status: '500' });
  expect(requests.samples()).toEqual([
    [{ path: '/a', status: '200' }, 2],
    [{ path: '/a', status: '500' }, 1],
  ]);
});

test('a counter without labels is shown before its first event', () => {
  const events = new Counter<never>('events', 'Events.', []);
  expect(events.samples()).toEqual([[{}, 0]]);
  events.inc();
  expect(events.samples()).toEqual([[{}, 1]]);
});
