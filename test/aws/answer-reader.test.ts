import { describe, expect, test } from 'vitest';
import { AnswerReader, type AnswerLimits } from '../../src/aws/answer-reader.ts';
import { ResponseBudget } from '../../src/aws/response-budget.ts';
import fc from '../fakes/fast-check.ts';
import { mutated, Random } from '../fakes/random.ts';

const LIMITS: AnswerLimits = { maxBytes: 1_000 };

/** What is read of `pieces`, after which the connection ends. */
function read(pieces: readonly (string | Buffer)[], limits: AnswerLimits = LIMITS) {
  const reader = new AnswerReader(limits);
  for (const piece of pieces) if (reader.feed(Buffer.from(piece as string, 'latin1')) !== 'reading') break;
  reader.end();
  const { state, status, headers, body, keepsOpen, problem } = reader;
  return { state, status, headers: { ...headers }, body: body.toString('latin1'), keepsOpen, problem };
}

const OK = 'HTTP/1.1 200 OK\r\n';

describe('reads', () => {
  test.each<[what: string, bytes: string, body: string, keepsOpen: boolean]>([
    ['a body of a given length', `${OK}Content-Length: 2\r\n\r\n{}`, '{}', true],
    ['an empty body', `${OK}Content-Length: 0\r\n\r\n`, '', true],
    [
      'chunks',
      `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n`,
      '{0123456789',
      true,
    ],
    ['a trailer', `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\nY: 2\r\n\r\n`, '', true],
    ['a body that ends with the connection', `${OK}\r\n{}`, '{}', false],
    ['an answer that closes the connection', `${OK}Connection: Close\r\nContent-Length: 2\r\n\r\n{}`, '{}', false],
    ['close among others', `${OK}Connection: x, close\r\nContent-Length: 0\r\n\r\n`, '', false],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}', '{}', false],
    [
      'an answer after informational ones',
      `HTTP/1.1 100\r\n\r\nHTTP/1.1 103 x\r\nA: b\r\n\r\n${OK}Content-Length: 1\r\n\r\nx`,
      'x',
      true,
    ],
    ['204, which has no body', 'HTTP/1.1 204 No Content\r\n\r\n', '', true],
    ['304, whose length is that of another answer', 'HTTP/1.1 304 x\r\nContent-Length: 50\r\n\r\n', '', true],
    ['a switch of protocols, which nothing asked for', 'HTTP/1.1 101 x\r\nUpgrade: h2c\r\n\r\n', '', false],
  ])('%s', (_what, bytes, body, keepsOpen) => {
    expect(read([bytes])).toMatchObject({ state: 'complete', body, keepsOpen });
    // However it is divided.
    expect(read(bytes.split(''))).toMatchObject({ state: 'complete', body, keepsOpen });
  });

  test('headers as Node does', () => {
    const fields =
      'Date: today\r\ndate: tomorrow\r\nSERVER: a\r\nServer: b\r\nX-Empty:\r\nX-Wide: \t a  b \r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n__proto__: x\r\nconstructor: y\r\n';
    expect(read([`${OK}${fields}Content-Length: 0\r\n\r\n`]).headers).toEqual({
      date: 'today, tomorrow',
      server: 'a',
      'x-empty': '',
      'x-wide': 'a  b',
      'set-cookie': ['a=1', 'b=2'],
      constructor: 'y',
      'content-length': '0',
    });
  });
});

describe('refuses', () => {
  test.each<[what: string, bytes: string, problem: RegExp]>([
    ['another protocol', 'SSH-2.0-x\r\n', /begin with HTTP\/1/],
    ['HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n', /begin with HTTP\/1/],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', /status line/],
    ['bare line feeds', 'HTTP/1.1 200 OK\nContent-Length: 2\n\n{}\r\n\r\n', /status line/],
    ['a folded field', `${OK}A: b\r\n c\r\n\r\n`, /header field/],
    ['a blank before the colon', `${OK}Content-Length : 2\r\n\r\n{}`, /header field/],
    ['a control character', `${OK}A: b\u0001\r\n\r\n`, /header field/],
    ['two lengths', `${OK}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, /Content-Length/],
    ['the same length twice', `${OK}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}`, /Content-Length/],
    ['a negative length', `${OK}Content-Length: -2\r\n\r\n{}`, /Content-Length/],
    [
      'a length and chunks',
      `${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      /Transfer-Encoding/,
    ],
    ['another transfer coding', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, /Transfer-Encoding/],
    ['chunks in HTTP/1.0', 'HTTP/1.0 200 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', /Transfer-Encoding/],
    ['a chunk longer than its size', `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n`, /chunk/],
    ['a chunk without a size', `${OK}Transfer-Encoding: chunked\r\n\r\n\r\n`, /chunk/],
    ['a size of nine digits', `${OK}Transfer-Encoding: chunked\r\n\r\n000000001\r\nx\r\n0\r\n\r\n`, /chunk/],
    ['an endless chunk extension', `${OK}Transfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(2_000)}`, /too long/],
    ['a trailer that is none', `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\nx\r\n\r\n`, /trailer/],
    ['an endless trailer', `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n${'A: b\r\n'.repeat(5_000)}`, /too long/],
    ['a head of 17 KB', `${OK}A: ${'x'.repeat(17_000)}\r\n\r\n`, /16 KB/],
    ['an endless head', `${OK}A: ${'x'.repeat(17_000)}`, /16 KB/],
    ['endless informational answers', 'HTTP/1.1 100 x\r\n\r\n'.repeat(1_000), /16 KB/],
    ['an informational answer with a body', 'HTTP/1.1 100 x\r\nContent-Length: 1\r\n\r\nx', /informational/],
    ['more than was announced', `${OK}Content-Length: 1\r\n\r\n{}`, /bytes follow/],
  ])('%s', (_what, bytes, problem) => {
    const result = read([bytes]);
    expect(result).toMatchObject({ state: 'invalid', keepsOpen: false });
    expect(result.problem).toMatch(problem);
  });
});

test.each([
  ['nothing', ''],
  ['half a head', `${OK}Content-Len`],
  ['half a body', `${OK}Content-Length: 5\r\n\r\n{}`],
  ['half a chunk', `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\n{}`],
  ['no last chunk', `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n`],
  ['half a trailer', `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n`],
])('an answer that ends after %s is cut', (_what, bytes) => {
  expect(read([bytes])).toMatchObject({ state: 'cut', keepsOpen: false });
});

test('ends at the limit, whether the length is announced or not, and keeps what an error said', () => {
  const long = 'x'.repeat(2_000);
  expect(read([`${OK}Content-Length: 2000\r\n\r\n`])).toMatchObject({ state: 'too_large', body: '' });
  expect(read([`${OK}\r\n`, long])).toMatchObject({ state: 'too_large' });
  expect(read([`HTTP/1.1 413 x\r\nContent-Length: 2000\r\n\r\n`, 'x'.repeat(900), long])).toMatchObject({
    state: 'too_large',
    status: 413,
    body: 'x'.repeat(900),
  });
});

test('a response to HEAD and a success of CONNECT have no body', () => {
  const bytes = `${OK}Content-Length: 5\r\n\r\n`;
  expect(read([bytes], { ...LIMITS, isHead: true })).toMatchObject({ state: 'complete', keepsOpen: true });
  expect(read([bytes], { ...LIMITS, isTunnel: true })).toMatchObject({ state: 'complete', keepsOpen: false });
});

test('any bytes, divided anywhere, are read alike, and the budget is returned', () => {
  const valid = [
    `${OK}Date: x\r\nContent-Length: 30\r\n\r\n{"UnprocessedTraceSegments":[]}`,
    `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\nA: b\r\n\r\n`,
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 x\r\nConnection: close\r\n\r\nsorry',
  ].map((text) => Buffer.from(text));
  fc.assert(
    fc.property(fc.nat(), fc.array(fc.nat(300), { maxLength: 6 }), (seed, cuts) => {
      const random = new Random(seed);
      const bytes = mutated(random.pick(valid), random);
      const ends = [...cuts.map((at) => Math.min(at, bytes.length)), bytes.length].toSorted((a, b) => a - b);
      const pieces = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
      const budget = new ResponseBudget(10_000, () => {});
      const reader = new AnswerReader({ maxBytes: 1_000, budget });
      for (const piece of pieces) if (reader.feed(piece) !== 'reading') break;
      reader.end();
      reader.release();
      expect(budget.take(10_000)).toBe(true);
      const whole = read([bytes]);
      // Bytes after the end are only seen if they arrive with it.
      if (whole.state === 'invalid' && /follow/.test(whole.problem)) return;
      expect({ state: reader.state, status: reader.status, body: reader.body.toString('latin1') }).toEqual({
        state: whole.state,
        status: whole.status,
        body: whole.body,
      });
    }),
    { numRuns: 2_000 },
  );
});
