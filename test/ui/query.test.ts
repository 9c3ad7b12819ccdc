import './browser-globals.ts';
import { expect, test } from 'vitest';
import { quantile, sharesOf, typeName } from '../../ui/src/map/graph.ts';
import { wantedAt } from '../../ui/src/query/completion.ts';
import { apartFrom, inSeconds, insteadOf, missingDigits } from '../../ui/src/query/instead.ts';
import { problemOf } from '../../ui/src/query/reading.ts';
import { expressionsFor } from '../../ui/src/query/text-completion.ts';
import { withCondition } from '../../ui/src/search.ts';

test('adds a condition with AND, once, and with parentheses around OR', () => {
  expect(withCondition('', 'fault', false)).toBe('fault');
  expect(withCondition('ok', 'fault', true)).toBe('ok AND !(fault)');
  expect(withCondition('ok OR error', 'fault', false)).toBe('(ok OR error) AND fault');
  expect(withCondition('fault', 'fault', false)).toBe('fault');
  expect(withCondition('no ( expression', 'fault', false)).toBe('fault');
});

test('reports a mistake with its position', () => {
  expect(problemOf('service("web") AND AND')).toEqual({
    message: "Error Location: line 1, position 19 : Invalid input symbol: 'AND'",
    position: 19,
  });
  expect(problemOf('  ')).toBeUndefined();
});

test.each([
  ['checkout', ['service("checkout")', 'http.url CONTAINS "checkout"']],
  ['/api/orders', ['http.url CONTAINS "/api/orders"']],
  ['GET /api/orders', ['http.url CONTAINS "/api/orders"']],
  ['status=500', ['http.status = 500']],
  ['status:5xx', ['(http.status >= 500 AND http.status < 600)']],
  ['tenant=acme', ['annotation.tenant = "acme"']],
  ['cart_value=184.5', ['annotation.cart_value = 184.5']],
  ['service:checkout', ['service("checkout")']],
  ['500', ['http.status = 500', 'service("500")', 'http.url CONTAINS "500"', 'user = "500"']],
  ['user-7731', ['service("user-7731")', 'http.url CONTAINS "user-7731"', 'user = "user-7731"']],
  [
    'TimeoutError',
    [
      'rootcause.fault.exception { name = "TimeoutError" }',
      'service("TimeoutError")',
      'http.url CONTAINS "TimeoutError"',
    ],
  ],
  ['checkout timeout', ['service("checkout timeout")']],
] as const)('the text %j could be an expression', (text, expressions) => {
  expect(expressionsFor(text)).toEqual(expressions);
});

test.each([
  ['', { kind: 'word', scope: 'trace', typed: '' }],
  ['fau', { kind: 'word', scope: 'trace', typed: 'fau' }],
  ['service("che', { kind: 'service', typed: 'che' }],
  ['edge("a", "b', { kind: 'service', typed: 'b' }],
  ['service("a") { fau', { kind: 'word', scope: 'service', typed: 'fau' }],
  ['edge("a", "b") { ', { kind: 'word', scope: 'edge', typed: '' }],
  ['service("a") { fault } AND ', { kind: 'word', scope: 'trace', typed: '' }],
  ['annotation.te', { kind: 'key', typed: 'te' }],
  ['annotation.tenant ', { kind: 'operator', keyword: 'annotation', typed: '' }],
  ['annotation.tenant = ', { kind: 'value', keyword: 'annotation', key: 'tenant', typed: '', isQuoted: false }],
  [
    'annotation[cart value] = "1',
    { kind: 'value', keyword: 'annotation', key: 'cart value', typed: '1', isQuoted: true },
  ],
  ['http.url CONTAINS "a b', { kind: 'value', keyword: 'http.url', typed: 'a b', isQuoted: true }],
  ['http.status = 5', { kind: 'value', keyword: 'http.status', typed: '5', isQuoted: false }],
  ['http.status = 500 ', { kind: 'join', typed: '' }],
  ['service("a") an', { kind: 'join', typed: 'an' }],
  ['responsetime ', { kind: 'operator', keyword: 'responsetime', typed: '' }],
] as const)('after %j', (before, wanted) => {
  expect(wantedAt(before)).toEqual({
    ...('keyword' in wanted && wanted.kind === 'value' ? { key: undefined } : {}),
    ...wanted,
  });
});

test('quantiles of a histogram, shares and names of types', () => {
  const histogram = [
    { Value: 0.2, Count: 1 },
    { Value: 0.01, Count: 98 },
    { Value: 0.1, Count: 1 },
  ];
  expect([0.5, 0.98, 0.99, 1].map((share) => quantile(histogram, share))).toEqual([0.01, 0.01, 0.1, 0.2]);
  expect(quantile([], 0.5)).toBeUndefined();
  expect(sharesOf(null)).toEqual({ ok: 0, error: 0, throttle: 0, fault: 0 });
  expect(['AWS::DynamoDB::Table', 'Database::SQL', 'remote', null, 'AWS::SNS', 'client'].map(typeName)).toEqual([
    'DynamoDB table',
    'SQL',
    '',
    '',
    'SNS',
    'client',
  ]);
});

test('suggests conditions for common words, but not for names and keywords', () => {
  expect(insteadOf('failed requests')).toEqual(['fault OR error']);
  expect(insteadOf('Slow')).toEqual(['duration > 1']);
  expect(insteadOf('throttle')).toEqual(['service() { throttle }']);
  expect(insteadOf('servise("a") { fault }')).toEqual(['service("a") { fault }']);
  expect(insteadOf('edgee("a", "b")')).toEqual(['edge("a", "b")']);
  expect(insteadOf('annotation.tenant = "nobody"'), 'an expression').toEqual([]);
  for (const other of ['checkout', 'slowpoke', 'error-service', 'edge("a"', 'selected("a")', ''])
    expect(insteadOf(other), other).toEqual([]);
});

test('distinguishes the words that have a condition from the others', () => {
  expect(apartFrom('checkout slow')).toEqual({ q: 'duration > 1', text: 'checkout' });
  expect(apartFrom('error and web')).toEqual({ q: 'fault OR error', text: 'web' });
  expect(apartFrom('why is the slow slow checkout of acme so slow')).toEqual({
    q: 'duration > 1',
    text: 'checkout acme',
  });
  expect(apartFrom('checkout and payment')).toEqual({ q: '', text: 'checkout payment' });
  for (const other of [
    'slow',
    'slow requests',
    'checkout payment',
    'slow failed checkout',
    'service("a") and slow',
    'a = b',
    '',
    'and',
  ])
    expect(apartFrom(other), other).toBeUndefined();
});

test('recognizes seconds that were meant as milliseconds, and nothing else', () => {
  expect(inSeconds('responsetime > 1000')).toBe('responsetime > 1');
  expect(inSeconds('Duration>=250 AND service("a") { responsetime > 1500 }')).toBe(
    'Duration>=0.25 AND service("a") { responsetime > 1.5 }',
  );
  for (const other of [
    'duration > 99',
    'duration < 1000',
    'http.status = 500',
    'service("duration > 1000")',
    'annotation.duration > 1000',
    '',
  ])
    expect(inSeconds(other), other).toBeUndefined();
});

test('counts the missing characters of a trace ID', () => {
  expect(missingDigits('1-6b0b868d-f42f7c3bf')).toBe(15);
  expect(missingDigits('Root=1-6b0b868d-f')).toBe(23);
  for (const other of ['1-6b0b868d-', '1-6b0b868d', '1-6b0b868d-f42f7c3bfe70a7f99fbd1516', '1-6b0b868d-xyz'])
    expect(missingDigits(other), other).toBeUndefined();
});
