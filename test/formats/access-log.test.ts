import { expect, test } from 'vitest';
import { accessLogIn, readAccessLog } from '../../src/formats/access-log.ts';
import { balancerName } from '../../src/trace/balancer.ts';
import { accessLogLine } from '../fakes/access-log.ts';

const ID = '1-6929d510-abcdef000000000000000001';

test('reads every field that the page shows', () => {
  const entry = readAccessLog(accessLogLine({ trace: `Self=1-6929d511-000000000000000000000009;Root=${ID}` }));
  expect(entry).toEqual({
    type: 'https',
    balancer: 'app/shop/50dc6c495c0c9188',
    traceId: ID,
    start: 1_795_953_600,
    end: 1_795_953_601.2835,
    client: '203.0.113.7:2817',
    target: '10.0.0.1:80',
    requestSeconds: 0.001,
    targetSeconds: 1.281,
    responseSeconds: 0.001,
    status: 500,
    targetStatus: 500,
    receivedBytes: 34,
    sentBytes: 366,
    method: 'POST',
    url: 'https://shop.example:443/checkout',
    userAgent: 'curl/8.5.0',
    tls: 'TLSv1.2, ECDHE-RSA-AES128-GCM-SHA256',
    targetGroup: 'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/shop/73e2d6bc24d8a067',
    domain: 'shop.example',
    rulePriority: 3,
    actions: 'forward',
    redirectUrl: undefined,
    errorReason: undefined,
    classification: undefined,
  });
  expect(balancerName({ balancer: 'app/shop/50dc6c495c0c9188' })).toBe('shop');
});

test.each([
  [
    'no target',
    { target: '-', times: '-1 -1 -1', statuses: '503 -' },
    {
      target: undefined,
      requestSeconds: undefined,
      targetSeconds: undefined,
      responseSeconds: undefined,
      status: 503,
      targetStatus: undefined,
    },
  ],
  [
    'a redirect',
    { actions: 'waf,redirect', redirectUrl: 'https://a/b', rule: '0' },
    { actions: 'waf,redirect', redirectUrl: 'https://a/b', rulePriority: 0 },
  ],
  [
    'an error reason',
    { errorReason: 'LambdaThrottling', rule: '-1' },
    { errorReason: 'LambdaThrottling', rulePriority: undefined },
  ],
  [
    'a desync classification',
    { classification: '"Ambiguous" "SpaceInUri"' },
    { classification: 'Ambiguous: SpaceInUri' },
  ],
  ['quotes in the user agent', { userAgent: 'a "b".c' }, { userAgent: 'a "b".c', rulePriority: 3 }],
  ['fields that AWS adds later', { more: 'TID_1 "-" "-" "-" "new one" 7' }, { rulePriority: 3 }],
  ['none of the newer fields', { more: '' }, { rulePriority: 3 }],
  ['a request without a URL', { request: '- http://a:80- -' }, { method: undefined }],
  ['a leap day', { time: '2028-02-29T23:59:59Z' }, { end: 1_835_481_599 }],
  ['no trace', { trace: '-' }, { traceId: undefined }],
])('%s', (_, entry, expected) => {
  expect(readAccessLog(accessLogLine(entry))).toMatchObject(expected);
});

test('a line of 2016, with fields up to the trace ID, is read', () => {
  const line = accessLogLine({ trace: `Root=${ID}` });
  const old = line.slice(0, line.indexOf(`"Root=${ID}"`) + `"Root=${ID}"`.length);
  expect(readAccessLog(old)).toMatchObject({ traceId: ID, status: 500, rulePriority: undefined, start: undefined });
});

test.each([
  [
    'tls 2.0 2018-12-20T02:59:40 net/my-nlb/c6e77e28c25b2234 g3d4b5e8bb8464cd 72.21.218.154:51341 172.100.100.185:443 5 2 98 246 - arn - TLS12 tlsv12 - a -',
    /Network Load Balancer/,
  ],
  [
    '2015-05-13T23:39:43.945958Z my-loadbalancer 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://a:80/ HTTP/1.1" "curl/7.38.0" - -',
    /Classic Load Balancer/,
  ],
  [
    '2023-10-04T17:05:15.514108Z 203.0.113.1 36280 443 TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 4.036 "-" - - - Success',
    /connection log/,
  ],
  ['{"a":1}', /not from an access log/],
  ['', /not from an access log/],
  [accessLogLine().slice(0, 100), /cut off/],
  [accessLogLine({ time: '2026-13-29T12:00:00Z' }), /no time/],
])('%j is none, and the problem says why', (line, problem) => {
  expect(readAccessLog(line)).toEqual({ problem: expect.stringMatching(problem) as string });
});

test('a pasted text may have a file name, blanks or other lines around the line', () => {
  const line = accessLogLine();
  for (const text of [
    line,
    `  ${line}\n`,
    `a.log:${line}`,
    `a.log-7: ${line}`,
    `other\r\n${line}\r\nother`,
    `'${line}`,
  ])
    expect(accessLogIn(text)?.slice(0, line.length)).toBe(line);
  for (const text of ['', 'http 2026', '{"trace_id":"1"}', 'x'.repeat(100_000), 'http 2026-11-29T'.repeat(10_000)])
    expect(accessLogIn(text)).toBeUndefined();
});
