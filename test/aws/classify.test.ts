import { expect, test } from 'vitest';
import { classify } from '../../src/aws/classify.ts';
import type { XRayAnswer } from '../../src/aws/xray-api.ts';

const answer = (status: number, body: unknown = '', headers: Record<string, string> = {}): XRayAnswer => ({
  kind: 'answer',
  status,
  headers,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});
const failure = (code: 'timeout' | 'connection_refused' | 'dns' | 'tls'): XRayAnswer => ({ kind: 'failure', code, message: '' });
const none = (): string[] => [];

test.each([
  ['an empty object', answer(200, {}), { kind: 'sent' }],
  ['an empty list', answer(200, { UnprocessedTraceSegments: [] }), { kind: 'sent' }],
  ['null for the list', answer(200, { UnprocessedTraceSegments: null }), { kind: 'sent' }],
  ['HTML with 200, from a portal', answer(200, '<html>'), { kind: 'retry', code: 'not_json' }],
  ['an empty body', answer(200, ''), { kind: 'retry', code: 'not_json' }],
  ['ThrottledException', answer(429, {}, { 'x-amzn-errortype': 'ThrottledException' }), { kind: 'retry', code: 'throttled' }],
  ['ThrottlingException with 400', answer(400, {}, { 'x-amzn-errortype': 'ThrottlingException:http://x' }), { kind: 'retry', code: 'throttled' }],
  ['the type in the body', answer(400, { __type: 'com.amazon#TooManyRequestsException' }), { kind: 'retry', code: 'throttled' }],
  ['429 with Retry-After', answer(429, '', { 'retry-after': '7' }), { kind: 'retry', code: 'throttled', afterMs: 7_000 }],
  ['Retry-After of a day', answer(503, '', { 'retry-after': '86400' }), { kind: 'retry', code: 'http_503', afterMs: 60_000 }],
  ['500', answer(500, { message: null }, { 'x-amzn-errortype': 'InternalFailure' }), { kind: 'retry', code: 'http_500' }],
  ['502 in HTML', answer(502, '<html>'), { kind: 'retry', code: 'http_502' }],
  ['AccessDeniedException', answer(403, {}, { 'x-amzn-errortype': 'AccessDeniedException' }), { kind: 'retry', code: 'AccessDeniedException' }],
  ['ExpiredTokenException', answer(403, {}, { 'x-amzn-errortype': 'ExpiredTokenException' }), { kind: 'retry', code: 'ExpiredTokenException' }],
  ['a 403 of something else', answer(403, 'forbidden'), { kind: 'retry', code: 'http_403' }],
  ['407 of a proxy', answer(407, ''), { kind: 'retry', code: 'http_407' }],
  ['404 of something else', answer(404, ''), { kind: 'retry', code: 'http_404' }],
  ['a redirect', answer(302, ''), { kind: 'retry', code: 'http_302' }],
  [
    'InvalidRequestException',
    answer(400, {}, { 'x-amzn-errortype': 'InvalidRequestException' }),
    { kind: 'rejected', code: 'InvalidRequestException' },
  ],
  ['413', answer(413, ''), { kind: 'rejected', code: 'http_413' }],
  ['a time-out', failure('timeout'), { kind: 'retry', code: 'timeout' }],
  ['no DNS', failure('dns'), { kind: 'retry', code: 'dns' }],
  ['no TLS', failure('tls'), { kind: 'retry', code: 'tls' }],
  ['no credentials', { kind: 'no_credentials', message: '' } satisfies XRayAnswer, { kind: 'retry', code: 'no_credentials' }],
])('%s', (_what, given, result) => {
  expect(classify(given, none)).toEqual(result);
});

const refuse = (...refused: unknown[]): XRayAnswer => answer(200, { UnprocessedTraceSegments: refused });

test('refused documents are found by their id, wherever it stands in the document', () => {
  const documents = ['{"name":"a","id":"1"}', '{"parent_id":"2","subsegments":[{"id":"2"}],"id":"3"}', '{"id":"2"}'];
  const result = classify(refuse({ Id: '2', ErrorCode: 'InvalidName' }, { Id: '3', ErrorCode: 'MissingName' }), () => documents);
  expect(result).toEqual({
    kind: 'partial',
    refused: [
      { position: 2, code: 'InvalidName', isRetryable: false },
      { position: 1, code: 'MissingName', isRetryable: false },
    ],
  });
});

test('an answer without an id goes to a document that has none, an unknown id to any that is left, and no position is named twice', () => {
  const documents = ['{"id":"1"}', 'None', '{"id":"1"}'];
  const result = classify(
    refuse({ ErrorCode: 'ParseError' }, { Id: '1', ErrorCode: 'A' }, { Id: 'gone' }, { Id: '1', ErrorCode: 'B' }, { Id: null }),
    () => documents,
  );
  expect(result).toEqual({
    kind: 'partial',
    refused: [
      { position: 0, code: 'A', isRetryable: false },
      { position: 2, code: 'B', isRetryable: false },
      { position: 1, code: 'ParseError', isRetryable: false },
    ],
  });
});

test.each([
  ['ThrottledException', true],
  ['ThrottlingError', true],
  ['InternalFailure', true],
  ['ServiceUnavailable', true],
  ['InvalidSegment', false],
  ['ParseError', false],
  ['unknown', false],
])('a single document refused with %s is worth another try: %s', (code, isRetryable) => {
  expect(classify(refuse({ Id: '1', ErrorCode: code }), () => ['{"id":"1"}'])).toEqual({
    kind: 'partial',
    refused: [{ position: 0, code, isRetryable }],
  });
});
