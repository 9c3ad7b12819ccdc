import { describe, expect, test } from 'vitest';
import { readDocument } from '../../../src/formats/xray/validate.ts';
import { isRefusal } from '../../../src/trace/refusal.ts';
import { segmentJson, streamed, sub, TRACE_ID } from '../../fakes/traces.ts';

const ID = '70de5b6f19ff9a0a';
const judge = (document: unknown): string => {
  const read = readDocument(typeof document === 'string' ? document : JSON.stringify(document));
  return isRefusal(read) ? read.code : 'taken';
};

describe('each error code', () => {
  const good = segmentJson('web', { id: ID });
  const without = (member: string): object =>
    Object.fromEntries(Object.entries(good).filter(([key]) => key !== member));
  const stream = streamed('query', ID);
  test.each([
    ['ParseError', '{"id":', 'no JSON'],
    ['ParseError', '[]', 'a list'],
    ['ParseError', 'null', 'null'],
    ['ParseError', '"text"', 'a text'],
    ['ParseError', { ...good, start_time: '1.5' }, 'a start that is a text'],
    ['ParseError', { ...good, end_time: {} }, 'an end that is an object'],
    ['ParseError', { ...good, subsegments: [1] }, 'a subsegment that is a number'],
    ['UnknownType', { ...good, type: 'span' }, 'an unknown type'],
    ['MissingId', without('id'), 'no id'],
    ['InvalidId', { ...good, id: 'xyz' }, 'an id of another form'],
    ['InvalidId', { ...good, id: 5 }, 'an id that is a number'],
    ['MissingName', without('name'), 'no name'],
    ['MissingName', { ...good, name: '' }, 'an empty name'],
    ['InvalidName', { ...good, name: 'a"b' }, 'a quote in the name'],
    ['InvalidName', { ...good, name: 'a\nb' }, 'a line feed in the name'],
    ['MissingTraceId', without('trace_id'), 'no trace id'],
    ['InvalidTraceId', { ...good, trace_id: '2-6ab3b3f3-bb7d9ea64dfa9798043e81d2' }, 'another version'],
    ['InvalidTraceId', { ...good, trace_id: '1-6ab3b3f3-bb7d' }, 'a short trace id'],
    ['MissingStartTime', without('start_time'), 'no start'],
    ['MissingEndTime', without('end_time'), 'no end'],
    ['MissingEndTime', { ...without('end_time'), in_progress: false }, 'no end, and not in progress'],
    ['InProgressSegmentHasEndTime', { ...good, in_progress: true }, 'in progress with an end'],
    ['InProgressSubsegmentHasEndTime', { ...stream, in_progress: true }, 'a subsegment in progress with an end'],
    ['MissingParentId', { ...stream, parent_id: undefined }, 'a subsegment without a parent'],
    ['InvalidParentId', { ...stream, parent_id: 'xyz' }, 'a subsegment with a malformed parent'],
    ['InvalidParentId', { ...good, parent_id: 'xyz' }, 'a segment with a malformed parent'],
    [
      'MissingId',
      { ...good, subsegments: [{ name: 'x', start_time: 1, end_time: 2 }] },
      'a nested subsegment without an id',
    ],
    ['MissingName', { ...good, subsegments: [sub('a', { name: 5 })] }, 'a nested name that is a number'],
    ['InvalidName', { ...good, subsegments: [sub('a', { subsegments: [sub('b"')] })] }, 'a name deeper down'],
    [
      'MissingEndTime',
      { ...good, subsegments: [{ id: ID, name: 'x', start_time: 1 }] },
      'a nested subsegment without an end',
    ],
    [
      'InProgressSubsegmentHasEndTime',
      { ...good, subsegments: [{ ...sub('x'), in_progress: true }] },
      'a nested one in progress with an end',
    ],
  ] as [string, unknown, string][])('%s: %j (%s)', (code, document) => expect(judge(document)).toBe(code));
});

test.each([
  ['a document of 66,000 characters', segmentJson('web', { metadata: { text: 'x'.repeat(66_000) } })],
  ['a name of 300 characters', segmentJson('n'.repeat(300))],
  ['letters of any script, and the characters of the schema', segmentJson('Größe 漢字 _.:/%&#=+\\-@')],
  ['in progress', segmentJson('web', { in_progress: true })],
  ['in_progress false with an end', segmentJson('web', { in_progress: false })],
  ['a trace id whose time means nothing', segmentJson('web', { trace_id: '1-4efaaf4d-1e8720b39541901950019ee5' })],
  ['subsegments that are no list', segmentJson('web', { subsegments: { a: 1 } as never })],
  ['an unknown type inside', segmentJson('web', { subsegments: [sub('x', { type: 'span' })] })],
  ['the namespace local', segmentJson('web', { subsegments: [sub('x', { namespace: 'local' })] })],
  ['null for what is absent', segmentJson('web', { parent_id: null, type: null })],
])('accepts %s', (_, document) => expect(judge(document)).toBe('taken'));

test('reports the ID of the outermost entity and the kind of document', () => {
  expect(readDocument(JSON.stringify(segmentJson('web', { id: ID, trace_id: 'x' })))).toEqual({
    id: ID,
    code: 'InvalidTraceId',
    message: 'Invalid segment. ErrorCode: InvalidTraceId',
    traceId: 'x',
  });
  expect(readDocument(JSON.stringify(segmentJson('web', { id: ID, subsegments: [sub('a"')] })))).toMatchObject({
    id: ID,
    message: 'Invalid subsegment. ErrorCode: InvalidName, Cause: null',
  });
});

test('checks in X-Ray’s order: ID, name, trace ID, start, end, parent', () => {
  const wrong: Record<string, unknown> = { type: 'subsegment' };
  const codes: string[] = [];
  for (const [member, value] of Object.entries({
    id: ID,
    name: 'a',
    trace_id: TRACE_ID,
    start_time: 1,
    end_time: 2,
    parent_id: ID,
    done: 1,
  })) {
    codes.push(judge(wrong));
    wrong[member] = value;
  }
  expect(codes).toEqual([
    'MissingId',
    'MissingName',
    'MissingTraceId',
    'MissingStartTime',
    'MissingEndTime',
    'MissingParentId',
    'taken',
  ]);
});

test('refuses nesting that could not be serialized again', () => {
  let document: Record<string, unknown> = { ...sub('x') };
  for (let i = 0; i < 1_100; i++) document = { ...sub('x'), subsegments: [document] };
  expect(judge({ ...segmentJson('web'), subsegments: [document] })).toBe('ParseError');
});

test('truncates IDs of megabytes before it echoes and stores them', () => {
  const long = 'x'.repeat(4_500_000);
  const read = readDocument(JSON.stringify({ id: long, trace_id: long, name: 'web', start_time: 1, end_time: 2 }));
  expect(JSON.stringify(read).length).toBeLessThan(400);
});

test.each([
  ['nested 200,000 levels deep', `{"metadata":${'['.repeat(200_000)}${']'.repeat(200_000)}}`],
  ['nested 3,000 levels deep', `{"metadata":${'{"a":'.repeat(3_000)}1${'}'.repeat(3_000)}}`],
  ['of a million values', `{"metadata":[${'1,'.repeat(1_000_000)}1]}`],
])('refuses a document %s before it is parsed', (_title, rest) => {
  const document = JSON.stringify({
    trace_id: '1-6ab3b3f3-000000000000000000000001',
    id: '0000000000000001',
    name: 'web',
    start_time: 1,
    end_time: 2,
  });
  expect(readDocument(`${document.slice(0, -1)},${rest.slice(1)}`)).toMatchObject({ code: 'ParseError' });
});
