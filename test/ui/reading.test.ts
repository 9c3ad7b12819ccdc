import './browser-globals.ts';
import { describe, expect, test } from 'vitest';
import { mistakeIn } from '../../ui/src/query/mistake.ts';
import { boxText, problemOf, readingOf } from '../../ui/src/query/reading.ts';

describe('a text', () => {
  test.each([
    'checkout',
    '/api/orders',
    '/api/orders?status=500&user=7',
    'GET /api/orders',
    'https://shop.example/a?b=1',
    'timeout',
    'user-7731',
    'checkout timeout',
    'checkout and timeout',
    'tenant=acme',
    'tenant = acme',
    'status=500',
    'status:500',
    'service:checkout',
    'ECONNREFUSED',
    'connect ECONNREFUSED 127.0.0.1:5432',
    'ProvisionedThroughputExceededException',
    'java.lang.NullPointerException',
    'Error: connect ETIMEDOUT',
    'error: deadlock detected',
    'error in handler',
    'error timeout',
    'user not found',
    'user and password are wrong',
    'duration 5s',
    '404 NOT FOUND',
    'NOT FOUND',
    'SELECT * FROM orders WHERE user_id = $1 AND open = true',
    'cd app && npm test',
    'List<String>',
    'a -> b',
    "can't connect",
    'O’Brien',
    '(anonymous)',
    'failed (error 500)',
    'arn:aws:sns:us-east-1:123456789012:order-created',
    'jane@example.com',
    '203.0.113.7',
    '{"tenant":"acme"}',
    '50%',
    '№ 7 — ünïcode 日本語',
    '"unclosed',
    'foo(bar)',
    'orders.repository.save',
    '=',
    '...',
  ])('%s', (text) => {
    expect(readingOf(text)).toEqual({ kind: 'text', text });
    expect(boxText(text)).toBe(text);
  });

  test('reads anything in double quotes as a text', () => {
    expect(readingOf('"error"')).toEqual({ kind: 'text', text: 'error' });
    expect(readingOf('"http.status = 500"')).toEqual({ kind: 'text', text: 'http.status = 500' });
    for (const text of ['error', 'user', 'duration > 100ms', 'http.status = 500', '"quoted"', 'a\\"b'])
      expect(readingOf(boxText(text))).toEqual({ kind: 'text', text });
  });
});

test.each([
  'error',
  'fault',
  'ok',
  'user',
  'error fault',
  'http.status = 500',
  'service("checkout")',
  'annotation.tenant = "acme"',
  '!fault',
  'duration > 0.1',
  'user = 7',
  '(error)',
])('an expression: %s', (text) => {
  expect(readingOf(` ${text} `)).toEqual({ kind: 'expression', filter: text });
});

describe('a mistaken expression, and what was meant', () => {
  test.each([
    ['duration > 100ms', 'duration takes seconds', 'duration > 0.1'],
    ['responsetime>=1.5 s', 'responsetime takes seconds', 'responsetime >= 1.5'],
    ['duration > 2min AND fault', 'duration takes seconds', 'duration > 120 AND fault'],
    ['annotation.tenant = acme', 'a text needs quotes', 'annotation.tenant = "acme"'],
    ['annotation.tenant = acme corp AND error', 'a text needs quotes', 'annotation.tenant = "acme corp" AND error'],
    ["annotation.tenant = 'acme'", 'a text needs double quotes', 'annotation.tenant = "acme"'],
    ['annotation.tenant = “acme”', 'a text needs double quotes', 'annotation.tenant = "acme"'],
    ['annotation.tenant = "acme', 'a “"” is missing', 'annotation.tenant = "acme"'],
    ['annotation[cart value] = big', 'a text needs quotes', 'annotation[cart value] = "big"'],
    ['annotations.tenant = "acme"', 'annotations.tenant is annotation.tenant in X-Ray', 'annotation.tenant = "acme"'],
    ['http.url CONTAINS /api/orders?a=1', 'a text needs quotes', 'http.url CONTAINS "/api/orders?a=1"'],
    ['http.url LIKE "/api"', 'X-Ray writes CONTAINS for LIKE', 'http.url CONTAINS "/api"'],
    ['http.status = 5xx', 'a class of statuses is a range', '(http.status >= 500 AND http.status < 600)'],
    ['http.status == 500', 'X-Ray writes = for ==', 'http.status = 500'],
    ['http.status 500', 'an operator is missing', 'http.status = 500'],
    ['http.status = five', 'http.status takes a number', undefined],
    ['user = user-7731', 'a text needs quotes', 'user = "user-7731"'],
    ['error AND', 'AND needs a condition after it', 'error'],
    ['error and', 'AND needs a condition after it', 'error'],
    ['AND error', 'AND needs a condition before it', 'error'],
    ['error AND AND fault', 'between two conditions stands one AND', 'error AND fault'],
    ['error && fault', 'X-Ray writes AND for &&', 'error AND fault'],
    ['error || fault', 'X-Ray writes OR for ||', 'error OR fault'],
    ['checkout OR payments', 'a service is written as service("…")', 'service("checkout") OR service("payments")'],
    ['checkout AND error', 'a service is written as service("…")', 'service("checkout") AND error'],
    ['service("x") AND checkout', 'a service is written as service("…")', 'service("x") AND service("checkout")'],
    ['service("checkout"', 'a “)” is missing', 'service("checkout")'],
    ['service("checkout', 'a “"” is missing, and a “)” is missing', 'service("checkout")'],
    ['service("x" AND', undefined, undefined],
    ['service(checkout)', 'a name needs quotes', 'service("checkout")'],
    ['service = checkout', 'a service is written as service("…")', 'service("checkout")'],
    ['service("a") { fault', 'a “}” is missing', 'service("a") { fault }'],
    ['service("a") { status = 500 }', 'status is http.status in X-Ray', 'service("a") { http.status = 500 }'],
    ['service("a") { annotation.x = 1 }', 'annotation.x cannot stand in these braces', undefined],
    ['edge("a")', 'edge takes two names, from and to', undefined],
    ['service("a"))', '“)” closes nothing', 'service("a")'],
    ['status >= 500', 'status is http.status in X-Ray', 'http.status >= 500'],
    ['latency > 500ms', 'latency is responsetime in X-Ray, and responsetime takes seconds', 'responsetime > 0.5'],
    ['duraton > 5', 'duraton is duration in X-Ray', 'duration > 5'],
    [
      'tenant = "acme"',
      'tenant is no keyword of X-Ray, an annotation is annotation.tenant',
      'annotation.tenant = "acme"',
    ],
    [
      'tenant != acme',
      'tenant is no keyword of X-Ray, an annotation is annotation.tenant, and a text needs quotes',
      'annotation.tenant != "acme"',
    ],
    ['error = yes', 'error is true or false', 'error = true'],
    ['!faults', 'faults is fault in X-Ray', '!fault'],
    ['error AND duration > 1s', 'duration takes seconds', 'error AND duration > 1'],
    ['duration >', '> needs a value after it', undefined],
    [
      'rootcause.fault.service { name = checkout }',
      'a text needs quotes',
      'rootcause.fault.service { name = "checkout" }',
    ],
  ] as const)('%s', (text, message, remedy) => {
    expect(readingOf(text).kind).toBe('mistake');
    const found = mistakeIn(text)!;
    if (message !== undefined) expect(found.message).toBe(message);
    expect(found.remedy).toBe(remedy);
    if (remedy !== undefined) expect(problemOf(remedy)).toBeUndefined();
  });
});

test('reads any input without an exception, and every suggested correction is a valid expression', () => {
  const pieces = [
    'service(',
    '"a"',
    '"',
    "'",
    'error',
    'AND',
    '&&',
    '(',
    ')',
    '{',
    '}',
    '!',
    '=',
    '>',
    '100ms',
    'annotation.a',
    'annotation[',
    'x:y',
    ',',
    '~',
    'http.status',
  ];
  let seed = 7;
  const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let i = 0; i < 5_000; i++) {
    const text = Array.from(
      { length: 1 + Math.floor(random() * 7) },
      () => pieces[Math.floor(random() * pieces.length)]!,
    ).join(random() < 0.5 ? ' ' : '');
    const reading = readingOf(text);
    if (reading.kind === 'mistake') {
      const { message, remedy } = mistakeIn(text)!;
      expect(message).not.toBe('');
      if (remedy !== undefined) expect({ text, problem: problemOf(remedy) }).toEqual({ text, problem: undefined });
    }
  }
  for (const text of ['('.repeat(20_000), '!'.repeat(20_000), 'a AND '.repeat(5_000)])
    expect(() => mistakeIn(text)).not.toThrow();
});
