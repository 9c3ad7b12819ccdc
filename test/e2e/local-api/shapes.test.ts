import { readdirSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { Agent, request as send, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OPERATIONS } from '../../../src/formats/xray/operations.ts';
import { LocalXRay } from '../../fakes/local-xray.ts';
import { depthOf, requestShapes, withValueAt } from '../../fakes/operation-schemas.ts';

// Each route × each malformed shape: what a stranger sends is answered with 4xx and a reason, or taken, and is never a
// bug of ours.
/** Several times as deep as a call stack reaches. */
const DEEP = 50_000;
const API = new URL('../../../src/api/', import.meta.url);
const SOURCES = readdirSync(API)
  .map((name) => readFileSync(new URL(name, API), 'utf8'))
  .join('\n');

function routes(method: 'get' | 'post'): string[] {
  const found = [...SOURCES.matchAll(new RegExp(String.raw`app\.${method}\(\s*'([^']+)'`, 'g'))].map(
    ([, path]) => path!,
  );
  return found.map((path) => path.replace(':id', '1-6ab3b3f3-000000000000000000000001').replace(':name', 'x'));
}

const SCHEMAS = new Map((await requestShapes()).map(({ path, schema }) => [path, schema]));
const POSTS = [...Object.values(OPERATIONS).map(({ path }) => path), ...routes('post')];
const GETS = routes('get');
/** Every name of a member that a request may have. */
const MEMBERS = [...new Set(SOURCES.match(/\b[A-Z][A-Za-z]+(?=:)/g))];
const PARAMETERS = [
  'filter',
  'after',
  'limit',
  'from',
  'to',
  'field',
  'prefix',
  'token',
  'follow',
  'form',
  '__proto__',
  'constructor',
];

const nested = (open: string, close: string): string => open.repeat(DEEP) + close.repeat(DEEP);
const allMembers = (value: string): string => `{${MEMBERS.map((name) => `"${name}":${value}`).join(',')}}`;

let local: LocalXRay;
beforeAll(async () => (local = await LocalXRay.start()));
afterAll(() => local.stop());

/** Thousands of requests: a fetch would take several times the CPU time of both sides. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
afterAll(() => agent.destroy());

async function answer(method: string, path: string, body?: string | Buffer): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(local.daemon.tcpUrl);
  const request = send({ agent, hostname, port, method, path, signal: AbortSignal.timeout(20_000) });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const status = response.statusCode!;
  if (/event-stream|ndjson/.test(response.headers['content-type'] ?? '')) {
    response.destroy();
    return { status, text: '' };
  }
  return { status, text: await text(response) };
}

function expectNoBug(): void {
  expect(local.daemon.isRunning).toBe(true);
  expect(local.daemon.log.filter(({ msg }) => /please report/.test(msg))).toEqual([]);
}

const BROKEN: [title: string, body: string | Buffer][] = [
  ['lists 50,000 levels deep', nested('[', ']')],
  ['an object of lists 50,000 levels deep', `{"x":${nested('[', ']')}}`],
  ['objects 50,000 levels deep', `${'{"x":'.repeat(DEEP)}1${'}'.repeat(DEEP)}`],
  ['each member 1,000 levels deep', allMembers('['.repeat(1_000) + ']'.repeat(1_000))],
  ['a list', '[]'],
  ['a number', '7'],
  ['a text', '"x"'],
  ['no JSON', '{'],
  ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xc0, 0x22, 0x7d])],
  ['30,000 empty objects', `{"x":[${'{},'.repeat(30_000)}{}]}`],
  ['30,000 members', `{${Array.from({ length: 30_000 }, (_, i) => `"${i}":1`).join(',')}}`],
];

test.each(POSTS.flatMap((path) => BROKEN.map(([title, body]) => [path, title, body] as const)))(
  'answers POST %s with %s with 400',
  async (path, _title, body) => {
    const { status, text } = await answer('POST', path, body);
    expect([status, text.length < 2_000], text.slice(0, 200)).toEqual([400, true]);
  },
);

/** An answer that is as long as this repeats a member of its request. */
const ECHOED = 4_000;

/** A value of a wrong type or of no measure in each member: who has no such member may answer. */
const ODD: [title: string, value: string][] = [
  ['true', 'true'],
  ['a number', '-1e308'],
  ['a text', '"x"'],
  ['an empty text', '""'],
  ['a list', '[[],{},null,1,"x"]'],
  ['an object', '{"__proto__":{"x":1},"constructor":{"prototype":1}}'],
  ['a text of 4 KB', JSON.stringify('x'.repeat(ECHOED))],
  ['many texts', JSON.stringify(Array.from({ length: 100 }, () => 'x'))],
];

/** As `__proto__`, and in every member that any operation or another route has. */
function bodiesOfAny(value: string): string[] {
  return [allMembers(value), `{"__proto__":${value}}`, `{"__proto__":${allMembers(value)}}`];
}

test.each(POSTS.flatMap((path) => ODD.map(([title, value]) => [path, title, value] as const)))(
  'POST %s with %s in each member is not reported as a bug, and echoes little',
  async (path, _title, value) => {
    const schema = SCHEMAS.get(path);
    const bodies = Array.from({ length: schema === undefined ? 0 : depthOf(schema) }, (_, i) =>
      withValueAt(i + 1, schema!, value),
    );
    if (schema === undefined || value.length < 100) bodies.push(...bodiesOfAny(value));
    for (const body of bodies) {
      const { status, text } = await answer('POST', path, body);
      expect(status, text.slice(0, 200)).toBeLessThan(500);
      expect(text.length, text.slice(0, 300)).toBeLessThan(ECHOED);
      // Otherwise the operation would not have read it.
      expect(text).not.toMatch(/The body (has more than|is nested more than)/);
    }
  },
);

test.each(GETS.flatMap((path) => PARAMETERS.map((name) => [path, name] as const)))(
  'GET %s with %s twice is a 400',
  async (path, name) => {
    const { status, text } = await answer('GET', `${path}?${name}=1&${name}=2`);
    expect(status, text).toBe(400);
    expect(JSON.parse(text)).toEqual({ Message: `The query parameter "${name}" is given more than once` });
  },
);

test.each(
  GETS.flatMap((path) =>
    ['%', '%00', '%ff', '((((', '['.repeat(5_000), '-1', '1e999', 'é'].map((value) => [path, value] as const),
  ),
)('GET %s with %s in each parameter is not reported as a bug', async (path, value) => {
  for (const name of PARAMETERS) {
    const { status, text } = await answer('GET', `${path}?${name}=${value}&limit=1`.replace('limit=1&', ''));
    expect(status, text).toBeLessThan(500);
  }
});

test.each(POSTS)('POST %s whose client disconnects within its body is not reported as a bug', async (path) => {
  const { hostname, port } = new URL(local.daemon.tcpUrl);
  for (const headers of ['content-length: 1000000', 'transfer-encoding: chunked']) {
    const socket = connect(Number(port), hostname);
    await new Promise<void>((next) =>
      socket.write(`POST ${path} HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n\r\n5\r\n{"a":`, () => next()),
    );
    socket.destroy();
  }
  expect((await answer('GET', '/api/store')).status).toBe(200);
  expectNoBug();
});

const FILTERS: [title: string, filter: string][] = [
  ['parentheses', '('.repeat(DEEP)],
  ['balanced parentheses', `${'('.repeat(DEEP)}fault${')'.repeat(DEEP)}`],
  ['balanced parentheses, below the limit of a query', `${'('.repeat(7_000)}fault${')'.repeat(7_000)}`],
  ['negations', `${'!'.repeat(DEEP)}fault`],
  ['negations in words', `${'NOT '.repeat(DEEP)}fault`],
  ['braces', 'service("a"){'.repeat(DEEP)],
  ['a list of JSON', `rootcause.json = #${nested('[', ']')}`],
  ['a list of JSON, 5,000 levels deep', `rootcause.json = #${'['.repeat(5_000)}${']'.repeat(5_000)}`],
  ['alternatives, below the limit of the text', Array.from({ length: 400 }, (_, i) => `user = "${i}"`).join(' OR ')],
  ['alternatives', Array.from({ length: 50_000 }, (_, i) => `annotation.a = ${i}`).join(' OR ')],
  ['conditions', Array.from({ length: 50_000 }, (_, i) => `annotation.a${i} = 1`).join(' AND ')],
  ['one long word', 'x'.repeat(1_000_000)],
  ['one long text', `user = "${'x'.repeat(1_000_000)}"`],
  ['escapes', `user = "${String.raw`\"`.repeat(500_000)}"`],
  ['spaces', ' '.repeat(1_000_000)],
];

test.each(FILTERS)('refuses a filter of many or deep %s, with a reason', async (_title, FilterExpression) => {
  const range = { StartTime: 0, EndTime: 2e9 };
  for (const [path, body] of [
    ['/TraceSummaries', { ...range, FilterExpression }],
    ['/CreateGroup', { GroupName: 'x', FilterExpression }],
    ['/TimeSeriesServiceStatistics', { ...range, EntitySelectorExpression: FilterExpression.slice(0, 500) }],
  ] as const) {
    const { status, text } = await answer('POST', path, JSON.stringify(body));
    expect([status, text.length < 2_000], text.slice(0, 200)).toEqual([400, true]);
  }
});

test('answers filters with the maximum number of conditions and alternatives', async () => {
  await local.putTrace();
  const range = { StartTime: 0, EndTime: 2e9 };
  const alternatives = Array.from({ length: 250 }, (_, i) => `user = "${i}"`).join(' OR ');
  const conditions = Array.from({ length: 250 }, (_, i) => `user = "${i}"`).join(' AND ');
  for (const FilterExpression of [
    alternatives,
    conditions,
    `service("web") AND (${alternatives})`,
    `user = "x" AND (${alternatives}) AND fault`,
  ]) {
    const { status, text } = await answer('POST', '/TraceSummaries', JSON.stringify({ ...range, FilterExpression }));
    expect(status, text).toBe(200);
  }
});

afterAll(() => expectNoBug());
