import './browser-globals.ts';
import { expect, test } from 'vitest';
import { causeOf, firstError } from '../../ui/src/trace/cause.ts';
import { checkout, randomOf, type Json } from '../page/shop.ts';
import { modelFrom, NOW, traceOf } from './models.ts';

const thrown = (type: string, members: Json = {}): Json => ({
  cause: { exceptions: [{ id: `${type}0000000000000000`.slice(0, 16), type, message: 'm', ...members }] },
});
const status = (code: number): Json => ({
  http: { request: { method: 'GET', url: 'http://x.example/y' }, response: { status: code } },
});

test('the cause of a failed checkout is the throttled table, with the exception and the line of the application that made the call', () => {
  expect(causeOf(modelFrom(checkout(NOW, randomOf(7)).documents))).toMatchObject({
    what: 'DynamoDB PutItem orders was throttled',
    thrown: 'ProvisionedThroughputExceeded, repository.py:88',
    message: 'The level of configured provisioned throughput for the table was exceeded.',
  });
});

test('a trace that did not fail has no cause, even if a span failed; the first error is where that failure began', () => {
  const model = traceOf((made) => {
    const inner = made.sub('query', NOW + 0.1, 0.1, { fault: true, ...thrown('Timeout') });
    made.segment('web', NOW, 1, {
      subsegments: [made.sub('try', NOW + 0.1, 0.2, { fault: true, subsegments: [inner] })],
    });
  });
  expect(causeOf(model)).toBeUndefined();
  expect(firstError(model)?.name).toBe('query');
});

test('an exception that is recorded on every level began at the deepest one', () => {
  const model = traceOf((made) => {
    const inner = made.sub('deepest', NOW + 0.1, 0.1, { fault: true, ...thrown('Timeout') });
    const middle = made.sub('middle', NOW + 0.1, 0.2, { fault: true, ...thrown('Timeout'), subsegments: [inner] });
    made.segment('web', NOW, 1, { fault: true, ...thrown('Timeout'), subsegments: [middle] });
  });
  expect(causeOf(model)?.span.name).toBe('deepest');
});

test('a fault with its own exception is not explained by a 404 that it handled', () => {
  const model = traceOf((made) => {
    made.segment('web', NOW, 1, {
      fault: true,
      ...thrown('TypeError'),
      subsegments: [made.sub('cache', NOW + 0.1, 0.1, { namespace: 'remote', error: true, ...status(404) })],
    });
  });
  expect(causeOf(model)).toMatchObject({ span: { name: 'web' }, what: 'web failed' });
});

test('looks through spans that are not marked as failed only if they merely wrap the call', () => {
  const around = (members: Json): string | undefined =>
    causeOf(
      traceOf((made) => {
        const call = made.sub('payments', NOW + 0.1, 0.1, { namespace: 'remote', fault: true, ...status(503) });
        made.segment('web', NOW, 1, {
          ...status(500),
          subsegments: [made.sub('charge', NOW + 0.1, 0.2, { ...members, subsegments: [call] })],
        });
      }),
    )?.what;
  expect(around({})).toBe('payments GET /y answered 503');
  expect(around({ namespace: 'remote' })).toBe(
    'web answered 500 itself: no exception is recorded, and none of its calls failed',
  );
});

test('a referenced exception decides, in the form of AWS’s Node SDK and of the others', () => {
  for (const form of [(id: string) => id, (id: string) => ({ id })]) {
    const model = traceOf((made) => {
      const early = made.sub('early', NOW + 0.1, 0.1, { fault: true, ...thrown('Early') });
      const late = made.sub('late', NOW + 0.3, 0.1, { fault: true, ...thrown('Late') });
      made.segment('web', NOW, 1, { fault: true, cause: form('Late000000000000'), subsegments: [early, late] });
    });
    expect(causeOf(model)?.span.name).toBe('late');
  }
});

test('prefers a branch with an exception or behind a call to one that is only marked as failed', () => {
  const model = traceOf((made) => {
    made.segment('web', NOW, 1, {
      fault: true,
      subsegments: [
        made.sub('marked', NOW + 0.1, 0.1, { fault: true }),
        made.sub('thrown', NOW + 0.3, 0.1, { fault: true, ...thrown('Late') }),
      ],
    });
  });
  expect(causeOf(model)?.span.name).toBe('thrown');
});

test('a call that timed out although its callee answered is the cause itself', () => {
  const model = traceOf((made) => {
    const call = made.sub('slow', NOW + 0.1, 0.5, { namespace: 'remote', fault: true, ...thrown('ReadTimeout') });
    made.segment('web', NOW, 1, { fault: true, subsegments: [call] });
    made.segment('slow', NOW + 0.1, 2, { parent_id: call['id'], ...status(200) });
  });
  expect(causeOf(model)).toMatchObject({
    span: { id: expect.not.stringContaining('inferred') as string, kind: 'subsegment', name: 'slow' },
  });
});

test('handles 3,000 levels of faults without recursion', () => {
  const model = traceOf((made) => {
    let inner = made.sub('deepest', NOW, 0.1, { fault: true, ...thrown('Deep') });
    for (let i = 0; i < 3_000; i++) inner = made.sub(`level ${i}`, NOW, 0.1, { fault: true, subsegments: [inner] });
    made.segment('deep', NOW, 0.1, { fault: true, subsegments: [inner] });
  });
  expect(causeOf(model)?.span.name).toBe('deepest');
});
