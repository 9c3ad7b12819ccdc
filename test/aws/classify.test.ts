import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { classify } from '../../src/aws/classify.ts';
import type { XRayAnswer } from '../../src/aws/xray-api.ts';

const answer = (status: number, body: unknown = '', headers: Record<string, string> = {}): XRayAnswer => ({
  kind: 'answer',
  status,
  headers,
  body: Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});
const ofType = (status: number, type: string): XRayAnswer =>
  answer(status, { Message: '' }, { 'x-amzn-errortype': type });
const failure = (code: 'timeout' | 'connection_refused' | 'dns' | 'tls'): XRayAnswer => ({
  kind: 'failure',
  code,
  message: '',
});
const at = (documents: readonly string[] = ['{"id":"1"}']) => ({ documents: () => documents, needsRequestId: false });
const TAKEN = '{"UnprocessedTraceSegments":[]}';
const NOT_XRAY = { kind: 'retry', code: 'not_xray' };

test.each([
  ['an empty list', answer(200, TAKEN), { kind: 'sent' }],
  ['null for the list', answer(200, { UnprocessedTraceSegments: null }), { kind: 'sent' }],
  ['members that are new', answer(200, { NextToken: null, UnprocessedTraceSegments: [] }), { kind: 'sent' }],
  ['ThrottledException', ofType(429, 'ThrottledException'), { kind: 'retry', code: 'throttled' }],
  ['ThrottlingException with 400', ofType(400, 'ThrottlingException:http://x'), { kind: 'retry', code: 'throttled' }],
  [
    'the type in the body',
    answer(400, { __type: 'com.amazon#TooManyRequestsException' }),
    { kind: 'retry', code: 'throttled' },
  ],
  [
    '429 with Retry-After',
    answer(429, '', { 'retry-after': '7' }),
    { kind: 'retry', code: 'throttled', afterMs: 7_000 },
  ],
  [
    'Retry-After of a day',
    answer(503, '', { 'retry-after': '86400' }),
    { kind: 'retry', code: 'http_503', afterMs: 60_000 },
  ],
  ['500', ofType(500, 'InternalFailure'), { kind: 'retry', code: 'http_500' }],
  ['a verdict with 500', ofType(500, 'InvalidRequestException'), { kind: 'retry', code: 'http_500' }],
  ['502 in HTML', answer(502, '<html>'), { kind: 'retry', code: 'http_502' }],
  ['AccessDeniedException', ofType(403, 'AccessDeniedException'), { kind: 'retry', code: 'AccessDeniedException' }],
  ['ExpiredTokenException', ofType(403, 'ExpiredTokenException'), { kind: 'retry', code: 'ExpiredTokenException' }],
  ['a 403 of something else', answer(403, 'forbidden'), { kind: 'retry', code: 'http_403' }],
  ['407 of a proxy', answer(407, ''), { kind: 'retry', code: 'http_407' }],
  ['404 of something else', answer(404, ''), { kind: 'retry', code: 'http_404' }],
  ['a redirect', answer(302, ''), { kind: 'retry', code: 'http_302' }],
  ['a time-out', failure('timeout'), { kind: 'retry', code: 'timeout' }],
  ['no DNS', failure('dns'), { kind: 'retry', code: 'dns' }],
  ['no TLS', failure('tls'), { kind: 'retry', code: 'tls' }],
  [
    'no credentials',
    { kind: 'no_credentials', message: '' } satisfies XRayAnswer,
    { kind: 'retry', code: 'no_credentials' },
  ],
])('%s', (_what, given, result) => {
  expect(classify(given, at())).toEqual(result);
});

const deep = (levels: number, inside = ''): string => '['.repeat(levels) + inside + ']'.repeat(levels);
const listing = (...entries: unknown[]): string => JSON.stringify({ UnprocessedTraceSegments: entries });

test.each<[string, unknown]>([
  ['an empty object', {}],
  ['a text', '"ok"'],
  ['a number', '7'],
  ['null', 'null'],
  ['true', 'true'],
  ['a list', '[]'],
  ['the list alone', '[{"Id":"1","ErrorCode":"A"}]'],
  ['the list within something', { Output: { UnprocessedTraceSegments: [] } }],
  [
    'an operation that X-Ray does not know',
    { Output: { __type: 'com.amazon.coral.service#UnknownOperationException' }, Version: '1.0' },
  ],
  ['the list beside an error type', { UnprocessedTraceSegments: [], __type: 'InternalFailure' }],
  ['another member', { UnprocessedTraceIds: [] }],
  ['the member in lower case', { unprocessedTraceSegments: [] }],
  ['a member that is inherited', '{"__proto__":{"UnprocessedTraceSegments":[]}}'],
  ['the list as an object', { UnprocessedTraceSegments: {} }],
  ['the list as a text', { UnprocessedTraceSegments: '' }],
  ['the list as 0', { UnprocessedTraceSegments: 0 }],
  ['the list twice', '{"UnprocessedTraceSegments":[{"Id":"1","ErrorCode":"A"}],"UnprocessedTraceSegments":[]}'],
  ['null in the list', listing(null)],
  ['a text in the list', listing('1')],
  ['a list in the list', listing([])],
  ['an entry without a member', listing({})],
  ['an entry with null for each member', listing({ Id: null, ErrorCode: null, Message: null })],
  ['an entry of other members', listing({ error: 'no' })],
  ['an id that is a number', listing({ Id: 1, ErrorCode: 'A' })],
  ['a code that is an object', listing({ Id: '1', ErrorCode: {} })],
  ['a message that is a list', listing({ Id: '1', Message: [] })],
  ['one good entry and one bad', listing({ Id: '1', ErrorCode: 'A' }, 7)],
  ['more entries than documents', listing({ Id: '1', ErrorCode: 'A' }, { Id: '2', ErrorCode: 'A' })],
  ['200,000 levels', deep(200_000)],
  ['200,000 levels in the list', `{"UnprocessedTraceSegments":${deep(200_000)}}`],
  ['200,000 levels beside it', `{"a":${deep(200_000)},"UnprocessedTraceSegments":[7]}`],
  ['HTML', '<html><title>Sign in</title>'],
  ['nothing', ''],
  ['blanks', ' \r\n '],
  ['half of it', TAKEN.slice(0, -1)],
  ['something behind it', `${TAKEN}ok`],
  ['two of them', TAKEN + TAKEN],
  ['a byte order mark', `\ufeff${TAKEN}`],
  ['UTF-16', Buffer.from(TAKEN, 'utf16le')],
  ['gzip', gzipSync(TAKEN)],
  ['JSON in comments', `/**/${TAKEN}`],
  ['an event stream', `data: ${TAKEN}\n\n`],
])('HTTP 200 that does not come from X-Ray proves nothing about documents: %s', (_what, body) => {
  expect(classify(answer(200, body), at())).toEqual(NOT_XRAY);
});

test('HTTP 200 with a compressed body does not come from X-Ray, because no compression was requested', () => {
  expect(classify(answer(200, TAKEN, { 'content-encoding': 'br' }), at())).toEqual(NOT_XRAY);
  expect(classify(answer(200, TAKEN, { 'content-encoding': 'identity' }), at())).toEqual({ kind: 'sent' });
});

test("HTTP 200 with X-Ray's error type is not a success", () => {
  expect(classify(answer(200, TAKEN, { 'x-amzn-errortype': 'InternalFailure' }), at())).toEqual(NOT_XRAY);
});

test.each([100, 101, 201, 202, 203, 204, 205, 206, 226, 299, 600, 999, 0])(
  'HTTP %i with the right body is not a success either',
  (status) => {
    expect(classify(answer(status, TAKEN), at())).toEqual(NOT_XRAY);
  },
);

test.each([300, 301, 304, 307, 308])(
  'does not follow a redirect %i with the right body, and does not count it as a success',
  (status) => {
    expect(classify(answer(status, TAKEN, { location: 'http://other/' }), at())).toEqual({
      kind: 'retry',
      code: `http_${status}`,
    });
  },
);

test.each(['x-amzn-requestid', 'x-amzn-request-id', 'x-amz-request-id'])(
  'accepts an answer from AWS with a request ID in %s, but not without',
  (name) => {
    const config = { ...at(), needsRequestId: true };
    expect(classify(answer(200, TAKEN), config)).toEqual(NOT_XRAY);
    expect(classify(answer(200, TAKEN, { [name]: '' }), config)).toEqual(NOT_XRAY);
    expect(classify(answer(200, TAKEN, { [name]: 'a-b' }), config)).toEqual({ kind: 'sent' });
    const verdict = { 'x-amzn-errortype': 'InvalidRequestException' };
    expect(classify(answer(400, {}, verdict), config)).toEqual({ kind: 'retry', code: 'http_400' });
    expect(classify(answer(400, {}, { ...verdict, [name]: 'a-b' }), config)).toEqual({
      kind: 'rejected',
      code: 'InvalidRequestException',
    });
  },
);

test.each([
  ['InvalidRequestException', 400],
  ['SerializationException', 400],
  ['ValidationException', 400],
  ['ValidationError', 400],
  ['InvalidParameterValue', 400],
  ['RequestEntityTooLargeException', 413],
])("X-Ray's %s is a verdict on the documents of a batch; the same word in a body is not one", (type, status) => {
  expect(classify(ofType(status, type), at())).toEqual({ kind: 'rejected', code: type });
  const inBody =
    status === 413 ? { kind: 'rejected', code: 'http_413', by: 'gateway' } : { kind: 'retry', code: `http_${status}` };
  for (const name of ['code', '__type', 'Code', 'type'])
    expect(classify(answer(status, { [name]: type }), at())).toEqual(inBody);
  expect(classify(answer(status, {}, { 'x-amzn-errortype': '' }), at())).toEqual(inBody);
});

test.each([
  ['UnknownOperationException', 404],
  ['UnknownOperationException', 400],
  ['ResourceNotFoundException', 404],
  ['InvalidAction', 400],
  ['MissingParameter', 400],
  ['MalformedHttpRequestException', 400],
  ['RequestAbortedException', 400],
  ['RequestTimeoutException', 400],
  ['UnknownEndpointException', 400],
  ['ForbiddenException', 403],
  ['BadRequestException', 400],
  ['SomethingNew', 400],
  ['toString', 400],
  ['InvalidRequestException', 404],
  ['InvalidRequestException', 405],
  ['InvalidRequestException', 302],
])('keeps the documents after %s with %i, which is not a verdict on them', (type, status) => {
  expect(classify(ofType(status, type), at())).toEqual({ kind: 'retry', code: `http_${status}` });
});

test.each([400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 414, 415, 418, 421, 422, 426, 431, 451, 499])(
  "keeps the documents after a %i without X-Ray's error type, which comes from a gateway",
  (status) => {
    for (const body of [
      '',
      '<html>',
      { code: 'BadRequest' },
      { code: 400 },
      { message: 'no Route matched' },
      TAKEN,
      'x'.repeat(1e5),
      deep(9_999),
    ])
      expect(classify(answer(status, body), at())).toEqual({ kind: 'retry', code: `http_${status}` });
  },
);

test("a 413 that is not X-Ray's is a gateway's", () => {
  expect(classify(answer(413, '<html>', { server: 'nginx' }), at())).toEqual({
    kind: 'rejected',
    code: 'http_413',
    by: 'gateway',
  });
});

const refuse = (...refused: unknown[]): XRayAnswer => answer(200, { UnprocessedTraceSegments: refused });

test('finds refused documents by their ID, wherever it is in the document', () => {
  const documents = ['{"name":"a","id":"1"}', '{"parent_id":"2","subsegments":[{"id":"2"}],"id":"3"}', '{"id":"2"}'];
  const result = classify(
    refuse({ Id: '2', ErrorCode: 'InvalidName' }, { Id: '3', ErrorCode: 'MissingName' }),
    at(documents),
  );
  expect(result).toEqual({
    kind: 'partial',
    refused: [
      { position: 2, code: 'InvalidName', isRetryable: false },
      { position: 1, code: 'MissingName', isRetryable: false },
    ],
  });
});

test('matches an entry without an ID to a document without one, an unknown ID to any other document, and no position twice', () => {
  const documents = ['{"id":"1"}', 'None', '{"id":"1"}', '{"id":"2"}', '{"id":"3"}'];
  const result = classify(
    refuse(
      { ErrorCode: 'ParseError' },
      { Id: '1', ErrorCode: 'A' },
      { Id: 'gone' },
      { Id: '1', ErrorCode: 'B' },
      { Id: '1', ErrorCode: 'C' },
    ),
    at(documents),
  );
  expect(result).toEqual({
    kind: 'partial',
    refused: [
      { position: 0, code: 'A', isRetryable: false },
      { position: 2, code: 'B', isRetryable: false },
      { position: 1, code: 'ParseError', isRetryable: false },
      { position: 3, code: 'unknown', isRetryable: false },
    ],
  });
});

test('an ID that is refused twice but occurs once is one refusal, of no other document', () => {
  const result = classify(
    refuse({ Id: '1', ErrorCode: 'A' }, { Id: '1', ErrorCode: 'B' }),
    at(['{"id":"2"}', '{"id":"1"}']),
  );
  expect(result).toEqual({ kind: 'partial', refused: [{ position: 1, code: 'A', isRetryable: false }] });
});

test('retries all documents that an ambiguous throttled entry may mean', () => {
  const documents = ['{"id":"1"}', '{"id":"2"}', '{"id":"3"}'];
  const throttled = (position: number) => ({ position, code: 'ThrottledException', isRetryable: true });
  const refused = refuse({ Id: 'gone', ErrorCode: 'ThrottledException' }, { Id: '2', ErrorCode: 'InvalidName' });
  expect(classify(refused, at(documents))).toEqual({
    kind: 'partial',
    refused: [{ position: 1, code: 'InvalidName', isRetryable: false }, throttled(0), throttled(2)],
  });
  const unreadable = ['{"id":"1"}', 'None', '{"id":3}'];
  expect(classify(refuse({ ErrorCode: 'ThrottledException' }), at(unreadable))).toEqual({
    kind: 'partial',
    refused: [throttled(1), throttled(2)],
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
])('a single document refused with %s is retried: %s', (code, isRetryable) => {
  expect(classify(refuse({ Id: '1', ErrorCode: code }), at())).toEqual({
    kind: 'partial',
    refused: [{ position: 0, code, isRetryable }],
  });
});

test.each([
  ['nested deep', `{"UnprocessedTraceSegments":[${'['.repeat(20_000)}${']'.repeat(20_000)}]}`],
  [
    'with a member that is nested deep',
    `{"UnprocessedTraceSegments":[],"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
  ],
  [
    'with more refusals than a call has documents',
    JSON.stringify({ UnprocessedTraceSegments: Array.from({ length: 5_000 }, () => ({ Id: '1' })) }),
  ],
])("does not parse an answer %s, which cannot be X-Ray's", (_what, body) => {
  expect(classify(answer(200, body), at())).toEqual(NOT_XRAY);
});

test('does not look for an error type in a deeply nested body', () => {
  const body = `{"__type":"ThrottledException","x":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
  expect(classify(answer(400, body), at())).toEqual({ kind: 'retry', code: 'http_400' });
});
