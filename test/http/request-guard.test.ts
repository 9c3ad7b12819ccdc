import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { HostNames, hostOf, kubernetesDomains } from '../../src/http/host.ts';
import { isLoopbackHost } from '../../src/pipeline/address.ts';
import { CallPath } from '../../src/pipeline/call-path.ts';
import { RequestGuard, type Callers } from '../../src/http/request-guard.ts';
import { isHostPattern } from '../../src/config/address.ts';
import { MemoryLog } from '../fakes/log.ts';

const words = (text: string): string[] => text.split(/\s+/);
const NOBODY_ELSES = [
  '',
  ...words(`127.0.0.1 127.0.0.1:2000 127.0.0.1: 10.1.2.3:80 [::1]:2000 [::1] [FE80::1]:1 localhost LocalHost:2000 localhost.:2000 xray:2000
    xray_daemon xrayd.localhost host.docker.internal:2000 box.local xray.tracing.svc.cluster.local:2000 xray.tracing.svc
    xray.tracing.svc.cluster.local. a.test nas.home.arpa`),
];
const OTHERS =
  words(`evil.example:2000 evil.example EVIL.example. 127.0.0.1.nip.io:2000 localhost.evil.example 1.2.3.4.5 internal.evil.example
  notinternal.com xray.tracing evil.dev 0x7f.1 127.1 svc.evil.example evil.example..`);
const MALFORMED = [
  'a b',
  '\u0000',
  ...words(String.raw`user@127.0.0.1 localhost@evil.example evil.example/127.0.0.1 ::1 [::1 [::1]x [evil] 127.0.0.1:port x:70000 x:1:2 evil.example#localhost
    evil.example?localhost evil.example\localhost %6c x,y:1: http://localhost é`),
];

interface Head {
  readonly hosts: readonly string[];
  readonly url?: string;
  readonly more?: Record<string, string>;
  readonly httpVersion?: string;
}

function guard(
  allowed: string[] = [],
  forClients: string[] = [],
): { log: MemoryLog; status: (head: Head, callers?: Callers) => number | undefined } {
  const log = new MemoryLog();
  const guarded = new RequestGuard({ allowed, forClients, callPath: new CallPath() }, log);
  const status = (
    { hosts, url = '/', more = {}, httpVersion = '1.1' }: Head,
    callers: Callers = 'clients',
  ): number | undefined => {
    const rawHeaders = [...hosts.flatMap((host) => ['HoSt', host]), ...Object.entries(more).flat()];
    const [host] = hosts;
    return guarded.problem(
      { rawHeaders, url, httpVersion, headers: { ...(host === undefined ? {} : { host }), ...more } },
      callers,
    )?.status;
  };
  return { log, status };
}

const CALLERS: readonly Callers[] = ['clients', 'own-page', 'link'];

test.each(NOBODY_ELSES)('"%s" is accepted: no attacker can have this name', (host) => {
  for (const callers of CALLERS) expect(guard().status({ hosts: [host] }, callers)).toBeUndefined();
});

test.each(OTHERS)('"%s" may be an attacker’s name: refuses it, and names the option that allows it', (host) => {
  const { log, status } = guard();
  for (const callers of CALLERS) expect(status({ hosts: [host] }, callers)).toBe(403);
  expect(log.lines[0]?.fields['remedy']).toMatch(/^--allowed-hosts /);
});

test.each(MALFORMED)('%j is malformed', (host) => {
  for (const callers of CALLERS) expect(guard([host]).status({ hosts: [host] }, callers)).toBe(400);
});

test('no Host, two of them, or one that contradicts the target', () => {
  const { status } = guard();
  expect(status({ hosts: [] })).toBe(400);
  expect(status({ hosts: [], httpVersion: '1.0' })).toBeUndefined();
  expect(status({ hosts: ['localhost', 'localhost'] })).toBe(400);
  expect(status({ hosts: ['localhost', 'evil.example'] })).toBe(400);
  expect(status({ hosts: ['localhost'], url: 'http://evil.example/Traces' })).toBe(403);
  expect(status({ hosts: ['evil.example'], url: 'http://localhost/Traces' })).toBe(403);
  expect(status({ hosts: ['localhost'], url: 'HTTPS://u@localhost/Traces' })).toBe(400);
  expect(status({ hosts: ['localhost'], url: 'http://127.0.0.1:2000?x' })).toBeUndefined();
  expect(status({ hosts: ['localhost'], url: '/http://evil.example/' })).toBeUndefined();
});

test('--allowed-hosts adds names and domains, but nothing allows all names', () => {
  const { status } = guard(['xray.example.com', '.corp.example', '*.Prod.Example.']);
  for (const host of [
    'xray.example.com',
    'XRAY.example.com.:1',
    'a.corp.example',
    'b.a.corp.example:2',
    'x.prod.example',
  ]) {
    expect(status({ hosts: [host] }), host).toBeUndefined();
  }
  for (const host of ['a.xray.example.com', 'corp.example', 'evilcorp.example', 'xprod.example', 'example.com'])
    expect(status({ hosts: [host] }), host).toBe(403);
  for (const text of ['*', '.', '*.', '', 'a b', 'a..b', 'http://a', 'a:1', '-a', '*a', 'a*', '*.*'])
    expect(isHostPattern(text), text).toBe(false);
  expect(new HostNames(['*']).has('evil.example')).toBe(false);
});

test('in a pod, clients may use the Service names of the search list; web pages may not', () => {
  const domains = kubernetesDomains(
    'nameserver 10.0.0.10\nsearch default.svc.k8s.corp svc.k8s.corp k8s.corp eu-west-1.compute.internal\noptions ndots:5\n',
  );
  expect(domains).toEqual(['.default', '.svc.k8s.corp']);
  const { status } = guard([], domains);
  for (const host of ['xray-service.default:2000', 'xray.default.svc.k8s.corp']) {
    expect(status({ hosts: [host] }, 'clients')).toBeUndefined();
    expect(status({ hosts: [host] }, 'own-page')).toBe(403);
  }
  expect(status({ hosts: ['xray.other:2000'] })).toBe(403);
  expect(kubernetesDomains('search evil.example\nsearch\n# search a.svc.b\n')).toEqual([]);
});

test('refuses requests of foreign pages on every route; accepts its own page and links that a person opens', () => {
  const { status } = guard(['xray.example.com']);
  const own = { hosts: ['localhost:2000'] };
  const opened = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  const rows: [
    more: Record<string, string>,
    clients: number | undefined,
    page: number | undefined,
    link: number | undefined,
  ][] = [
    [{}, undefined, undefined, undefined],
    [{ 'sec-fetch-site': 'none' }, undefined, undefined, undefined],
    [{ 'sec-fetch-site': 'same-origin' }, undefined, undefined, undefined],
    [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }, 403, 403, 403],
    [{ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }, 403, 403, 403],
    [{ 'sec-fetch-site': 'cross-site', ...opened }, 403, 403, undefined],
    [{ 'sec-fetch-site': 'same-site', ...opened }, 403, 403, undefined],
    [{ 'sec-fetch-site': 'cross-site', ...opened, 'sec-fetch-dest': 'iframe' }, 403, 403, 403],
    [{ 'sec-fetch-site': 'something-new', ...opened }, 403, 403, undefined],
    [{ origin: 'http://localhost:2000' }, 403, undefined, undefined],
    [{ origin: 'https://localhost:2000', 'sec-fetch-site': 'same-origin' }, 403, undefined, undefined],
    ...[
      'https://evil.example',
      'null',
      '',
      'http://localhost:3000',
      'http://localhost',
      'http://evil.localhost:2000',
      'http://',
      'file://',
    ].map((origin): [Record<string, string>, number, number, number] => [{ origin }, 403, 403, 403]),
    [{ origin: 'http://localhost:3000', 'sec-fetch-site': 'cross-site', ...opened }, 403, 403, 403],
  ];
  for (const [more, ...wanted] of rows)
    expect(
      CALLERS.map((callers) => status({ ...own, more }, callers)),
      JSON.stringify(more),
    ).toEqual(wanted);
  expect(status({ hosts: [''], more: { origin: 'http://' } }, 'own-page')).toBe(403);
  expect(
    status(
      { hosts: ['evil.example'], more: { origin: 'http://evil.example', 'sec-fetch-site': 'same-origin' } },
      'own-page',
    ),
  ).toBe(403);
  expect(
    status({ hosts: ['xray.example.com'], more: { origin: 'https://xray.example.com' } }, 'own-page'),
  ).toBeUndefined();
});

test('hostOf removes brackets, port, capitals and a trailing dot', () => {
  expect(['[::1]:1', 'A.B.:2', '', 'x:', ':1'].map(hostOf)).toEqual(['::1', 'a.b', '', 'x', '']);
});

test('every HTTP server of the program uses the guard', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  const servers = files.filter((path) => {
    const text = readFileSync(`src/${path}`, 'utf8');
    return /\bfastify\(/.test(text) || (/\bcreate(Secure)?Server\(/.test(text) && /from 'node:http(s|2)?'/.test(text));
  });
  expect(servers.toSorted()).toEqual([
    'api/server.ts',
    'http/server.ts',
    'proxy/sampling-proxy.ts',
    'receivers/http-receiver.ts',
    'receivers/otlp/grpc-receiver.ts',
  ]);
  // Its handler is in a file of its own.
  const handlers: Readonly<Record<string, string>> = { 'receivers/http-receiver.ts': 'receivers/spans-handler.ts' };
  for (const path of servers.map((server) => handlers[server] ?? server))
    expect(readFileSync(`src/${path}`, 'utf8'), path).toMatch(/guard\.problem\(/);
});

test('loopback means addresses and localhost, not names that begin like them', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost', 'LOCALHOST.'])
    expect(isLoopbackHost(host)).toBe(true);
  for (const host of [
    '127.example',
    '127.0.0.1.nip.io',
    '0.0.0.0',
    '::',
    '::ffff:127.0.0.1',
    'localhost.example',
    '128.0.0.1',
    '',
  ]) {
    expect(isLoopbackHost(host)).toBe(false);
  }
});
