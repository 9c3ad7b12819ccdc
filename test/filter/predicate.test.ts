import { expect, test } from 'vitest';
import { expandGroups } from '../../src/filter/groups.ts';
import { parseFilter } from '../../src/filter/parse.ts';
import { matches } from '../../src/filter/predicate.ts';
import type { TraceView } from '../../src/trace/trace-view.ts';
import { parseJson } from '../../src/json/exact-number.ts';
import type { Json } from '../../src/json/json.ts';
import { call, segmentJson, sub, viewOf } from '../fakes/traces.ts';

const boom = { exceptions: [{ id: 'eeeeeeeeeeeeeeee', type: 'CardDeclined', message: 'card declined' }] };
const orders = call('orders', {
  to: 1.75,
  http: { request: { url: 'http://orders/pay', method: 'POST' }, response: { status: 500 } },
  fault: true,
});
const table = sub('DynamoDB', {
  to: 0.5,
  namespace: 'aws',
  aws: { operation: 'PutItem', table_name: 'payments' },
  throttle: true,
  error: true,
});

/** A request to web that was fine, though orders failed below it; two seconds, of which 1.75 were spent there. */
const TRACE = viewOf(
  segmentJson('web', {
    to: 2,
    user: 'alice',
    http: {
      request: { url: 'http://api/v1/v2/checkout', method: 'GET', user_agent: 'curl/8', client_ip: '10.0.0.1' },
      response: { status: 200 },
    },
    annotations: { Age: 30, account: '12345', vip: true, 'my.key': 'x' },
    aws: { ec2: { instance_id: 'i-1', availability_zone: 'us-east-1a' } },
    subsegments: [orders],
  }),
  segmentJson('orders', {
    to: 1.7,
    parent_id: orders.id,
    fault: true,
    user: 'bob',
    resource_arn: 'arn:aws:x',
    origin: 'AWS::ECS::Container',
    aws: { account_id: '123' },
    cause: boom,
    annotations: { region: 'eu' },
    subsegments: [table],
  }),
);

test.each<[expression: string, isMatch: boolean]>([
  // At the trace's level the flags, times and http are the root's.
  ['ok', true],
  ['fault', false],
  ['error', false],
  ['throttle', false],
  ['fault = false', true],
  ['ok = "true"', true],
  ['ok != true', false],
  ['partial', false],
  ['inferred', true],
  ['responsetime = 2', true],
  ['responsetime > 2', false],
  ['duration >= 2 AND duration <= 8', true],
  ['duration <3 ok !partial', true],
  ['duration = "slow"', false],
  ['http.status = 200', true],
  ['http.status = 500', false],
  ['http.status != 500', true],
  ['http.url BEGINSWITH "http://api/" AND http.url CONTAINS "/v2/" AND !service("api")', true],
  ['http.url ENDSWITH "/checkout"', true],
  ['http.url contains "/V2/"', false],
  ['http.method = "GET"', true],
  ['http.useragent BEGINSWITH "curl"', true],
  ['http.clientip = "10.0.0.1"', true],
  // Any segment's.
  ['user = "alice"', true],
  ['user = "bob"', true],
  ['user = "carol"', false],
  ['user CONTAINS ""', true],
  ['availabilityzone = "us-east-1a"', true],
  ['instance.id = "i-1"', true],
  ['resource.arn = "arn:aws:x"', true],
  ['resource.arn', true],
  // Annotations of any segment or subsegment; keys are case-sensitive.
  ['annotation.Age > 29', true],
  ['annotation.Age > 30', false],
  ['annotation.age', false],
  ['!annotation.absent', true],
  ['annotation.account = "12345"', true],
  ['annotation.account = 12345', false],
  ['annotation.vip = true', true],
  ['annotation.vip = "true"', true],
  ['annotation.region = "eu"', true],
  ['annotation[my.key] = "x"', true],
  // service(): by the names of nodes, inferred ones by their resource's.
  ['service("web")', true],
  ['service("payments")', true],
  ['service("DynamoDB")', false],
  ['service() { fault }', true],
  ['service("web") { fault }', false],
  ['service("orders") { fault = true OR responsetime > 2.5 } AND annotation.account = "12345"', true],
  ['service("orders") { responsetime < 1.75 }', true],
  ['service(id(type: "AWS::DynamoDB::Table")) { throttle }', true],
  ['service(id(type: "AWS::DynamoDB::Table")) { error }', false],
  ['service(id(name: "orders", type: "AWS::ECS::Container", account.id: "123"))', true],
  ['service(id(name: "orders", account.id: "124"))', false],
  ['service("payments") { inferred }', true],
  ['service("web") { root }', true],
  ['service("orders") { root }', false],
  ['service("orders") { user = "bob" }', true],
  // edge(): by the caller's view of the call.
  ['edge("web", "orders") { fault }', true],
  ['edge("web", "orders") { responsetime = 1.75 }', true],
  ['edge("web", "orders") { http.status = 500 }', true],
  ['edge("orders", "web")', false],
  ['edge("orders", id(type: "AWS::DynamoDB::Table"))', true],
  ['edge("web", "orders") { source.annotation.Age = 30 AND destination.annotation.region = "eu" }', true],
  ['edge("web", "orders") { source.annotation.region = "eu" }', false],
  // Root causes.
  ['rootcause.fault.service { name = "orders" AND !inferred }', true],
  ['rootcause.fault.service { name = "web" }', false],
  ['rootcause.fault.exception { message CONTAINS "declined" }', true],
  ['rootcause.fault.exception { name = "CardDeclined" AND message CONTAINS "stolen" }', false],
  ['rootcause.fault.entity { first AND name = "orders" }', true],
  ['rootcause.responsetime.entity { last and coverage > 0.8 }', true],
  ['rootcause.responsetime.entity { remote AND coverage > 0.9 }', false],
  ['rootcause.responsetime.entity { index = 0 AND name = "web" AND coverage = 1 }', true],
  [
    'rootcause.json = #[{"Services":[{"Name":"orders","EntityPath":[{"Exceptions":[{"Name":"CardDeclined"}]}]}]}]',
    true,
  ],
  ['rootcause.json = #[{"Services":[{"Name":"web","EntityPath":[{"Exceptions":[{"Name":"CardDeclined"}]}]}]}]', false],
  ['rootcause.json != #[{"Services":[{"Name":"nobody"}]}]', true],
  // Logic: AND before OR, juxtaposition is AND, negation.
  ['fault OR ok AND duration > 5', false],
  ['(fault OR ok) AND duration > 1', true],
  ['not fault', true],
  ['!(ok fault)', true],
  ['OK and Not FAULT', true],
])('%s → %s', (expression, isMatch) => {
  expect(matches(parseFilter(expression), TRACE)).toBe(isMatch);
});

test('a trace without its root has no flags, times or http of its own', () => {
  const orphan = viewOf(segmentJson('orders', { parent_id: 'ffffffffffffffff', fault: true }));
  for (const expression of ['fault', 'ok', 'http.url', 'responsetime > 0'])
    expect(matches(parseFilter(expression), orphan)).toBe(false);
  expect(matches(parseFilter('partial AND service("orders") { fault }'), orphan)).toBe(true);
});

test.each(['ok', 'error', 'throttle', 'fault', 'partial', 'inferred'])(
  '! and = false are equivalent for %s, even in a trace without a root',
  (keyword) => {
    for (const view of [
      TRACE,
      viewOf(segmentJson('orders', { parent_id: 'ffffffffffffffff', fault: true })),
      viewOf(),
    ]) {
      const says = (expression: string): boolean => matches(parseFilter(expression), view);
      const isTrue = says(keyword);
      for (const same of [`${keyword} = true`, `${keyword} != false`, `${keyword} = "TRUE"`, `!!${keyword}`])
        expect(says(same), same).toBe(isTrue);
      for (const not of [`!${keyword}`, `not ${keyword}`, `${keyword} = false`, `${keyword} != true`])
        expect(says(not), not).toBe(!isTrue);
    }
  },
);

test('numbers are compared with all their digits', () => {
  const numbers = (text: string): TraceView =>
    viewOf(parseJson(JSON.stringify(segmentJson('web')).replace(/}$/, `,"annotations":{"n":${text}}}`)) as Json);
  const ascending = [
    '-1e400',
    '-9007199254740993',
    '-9007199254740992',
    '-0.5',
    '0',
    '1e-400',
    '0.1',
    '9007199254740992',
    '9007199254740993',
  ];
  ascending.push('123456789012345678901234567890', '123456789012345678901234567891', '1e400', '2e400');
  for (const [i, found] of ascending.entries()) {
    const view = numbers(found);
    for (const [j, asked] of ascending.entries()) {
      const says = (operator: string): boolean => matches(parseFilter(`annotation.n ${operator} ${asked}`), view);
      expect([says('='), says('!='), says('<'), says('<='), says('>'), says('>=')], `${found} and ${asked}`).toEqual([
        i === j,
        i !== j,
        i < j,
        i <= j,
        i > j,
        i >= j,
      ]);
    }
  }
  for (const same of ['-0', '0', '0.0', '0e5'])
    expect(matches(parseFilter(`annotation.n = ${same}`), numbers('-0'))).toBe(true);
  expect(matches(parseFilter('annotation.n = 9007199254740993.0'), numbers('9007199254740993'))).toBe(true);
});

test('group.name means the expression of its group; Default matches everything, an unknown group nothing', () => {
  const find = (_keyword: string, name: string): ReturnType<typeof parseFilter> | null | undefined =>
    name === 'Default' ? null : name === 'alice' ? parseFilter('user = "alice"') : undefined;
  const judge = (expression: string): boolean => matches(expandGroups(parseFilter(expression), find), TRACE);
  expect(judge('group.name = "alice" AND user = "bob"')).toBe(true);
  expect(judge('group.name != "alice"')).toBe(false);
  expect(judge('group.name = "Default"')).toBe(true);
  expect(judge('group.name = "none"')).toBe(false);
});
