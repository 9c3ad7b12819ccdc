import { expect, test } from 'vitest';
import { startLocalXRay } from '../../src/compose/library.ts';
import { rawRequest } from '../fakes/raw-http.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();

/** Heads of requests. `page` is for the API's pages alone, which take requests of their own page and links. */
const HEADERS: readonly [what: string, headers: string, isAnswered: boolean | 'page' | 'link'][] = [
  ['an SDK', 'Host: 127.0.0.1:2000\r\nUser-Agent: Boto3/1.26', true],
  ['an SDK in Compose', 'Host: xrayd:2000', true],
  ['an SDK in Kubernetes', 'host: xray.tracing.svc.cluster.local:2000', true],
  ['kubelet and Prometheus', 'Host: 10.1.2.3:2001\r\nUser-Agent: kube-probe/1.31', true],
  ['a name that was allowed', 'Host: XRAY.example.com.:2000', true],
  [
    'a person who types the address',
    'Host: localhost:2000\r\nSec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document',
    true,
  ],
  ['its own page', 'Host: localhost:2000\r\nSec-Fetch-Site: same-origin\r\nOrigin: http://localhost:2000', 'page'],
  [
    'a link elsewhere',
    'Host: localhost:2000\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document',
    'link',
  ],
  ['a name that was rebound', 'Host: evil.example:2000', false],
  [
    'a name that was rebound, by its own page',
    'Host: evil.example\r\nOrigin: http://evil.example\r\nSec-Fetch-Site: same-origin',
    false,
  ],
  ['a name with an address in it', 'Host: 127.0.0.1.nip.io:2000', false],
  ['a page elsewhere', 'Host: 127.0.0.1:2000\r\nOrigin: https://evil.example\r\nSec-Fetch-Site: cross-site', false],
  [
    'a page of another port here',
    'Host: localhost:2000\r\nOrigin: http://localhost:3000\r\nSec-Fetch-Site: same-site',
    false,
  ],
  ['a sandboxed page', 'Host: 127.0.0.1:2000\r\nOrigin: null', false],
  [
    'an image',
    'Host: 127.0.0.1:2000\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image',
    false,
  ],
  ['a form', 'Host: 127.0.0.1:2000\r\nOrigin: https://evil.example\r\nContent-Type: text/plain', false],
  ['two hosts', 'Host: 127.0.0.1\r\nHost: evil.example', false],
  ['a user in the host', 'Host: 127.0.0.1@evil.example', false],
  ['no host', 'X: y', false],
];

type Kind = 'clients' | 'page' | 'link';
interface Server {
  readonly name: string;
  readonly url: string;
  readonly routes: readonly [kind: Kind, method: string, path: string][];
}

const HEALTH: Server['routes'] = [
  ['clients', 'GET', '/livez'],
  ['clients', 'GET', '/readyz'],
  ['clients', 'GET', '/metrics'],
];
const PROXY: Server['routes'] = [
  ['clients', 'POST', '/GetSamplingRules'],
  ['clients', 'POST', '/TraceSegments'],
  ['clients', 'GET', '/any'],
];
const API: Server['routes'] = [
  ['clients', 'POST', '/GetSamplingRules'],
  ['clients', 'POST', '/TraceSegments'],
  ['page', 'POST', '/TraceSummaries'],
  ['page', 'POST', '/api/clear'],
  ['page', 'POST', '/api/import'],
  ['page', 'GET', '/events'],
  ['page', 'GET', '/traces.ndjson'],
  ['page', 'GET', '/api/status'],
  ['page', 'POST', '/no/such/operation'],
  ['link', 'GET', '/'],
  ['link', 'GET', '/traces/1-00000000-000000000000000000000000'],
];

const ALL = ['--bind-tcp', '0.0.0.0:0', '--http-address', '0.0.0.0:0'];
const SETTINGS: readonly [name: string, mode: 'daemon' | 'local', args: string[]][] = [
  ['loopback', 'daemon', []],
  ['all interfaces', 'daemon', ALL],
  ['IPv6', 'daemon', ['--bind-tcp', '[::]:0', '--http-address', '[::]:0']],
  ['every request let through', 'daemon', [...ALL, '--proxy-allow', 'all']],
  ['loopback', 'local', []],
  ['a name', 'local', ['--bind-tcp', 'localhost:0', '--http-address', 'localhost:0']],
  ['all interfaces and a token', 'local', [...ALL, '--token', 'secret']],
  ['--insecure-bind', 'local', [...ALL, '--insecure-bind']],
];

/** Every route on loopback; elsewhere one of each kind, which differ in nothing but the handler. */
function routesOf(all: Server['routes'], args: readonly string[]): Server['routes'] {
  return args.length === 0 ? all : all.filter(([kind], i) => all.findIndex(([other]) => other === kind) === i);
}

test.each(SETTINGS)(
  'on %s, %s answers programs and its own page, but no foreign page (%j)',
  async (_name, mode, args) => {
    // Nothing is sent anywhere: there are no credentials.
    const env = { AWS_REGION: 'eu-west-1', XRAYD_ALLOWED_HOSTS: 'xray.example.com' };
    const daemon = await scope.daemon({ args: [mode, ...args], env });
    await expectGuarded({ name: `${mode} HTTP`, url: daemon.httpUrl, routes: routesOf(HEALTH, args) });
    await expectGuarded(
      { name: `${mode} TCP`, url: daemon.tcpUrl, routes: routesOf(mode === 'daemon' ? PROXY : API, args) },
      args.includes('--token') ? 'secret' : undefined,
    );
  },
);

test('the library does the same', async () => {
  const xray = await startLocalXRay();
  scope.add(() => xray.stop());
  await expectGuarded({ name: 'library', url: xray.url, routes: API }, undefined, ['a name that was allowed']);
});

async function expectGuarded(
  { name, url, routes }: Server,
  token?: string,
  skipped: readonly string[] = [],
): Promise<void> {
  const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`;
  for (const [kind, method, path] of routes) {
    for (const [what, headers, isAnswered] of HEADERS) {
      if (skipped.includes(what)) continue;
      const body = method === 'POST' ? 'Content-Length: 2\r\n\r\n{}' : '\r\n';
      const { status } = await rawRequest(url, `${method} ${path} HTTP/1.1\r\n${authorization}${headers}\r\n${body}`);
      const isWanted =
        isAnswered === true ||
        (isAnswered === 'page' && kind !== 'clients') ||
        (isAnswered === 'link' && kind === 'link');
      expect([`${name} ${method} ${path} for ${what}`, status === 400 || status === 403]).toEqual([
        `${name} ${method} ${path} for ${what}`,
        isWanted ? isRefusedAnyway(path) : true,
      ]);
    }
    const { status } = await rawRequest(
      url,
      `${method} http://evil.example${path} HTTP/1.1\r\n${authorization}Host: 127.0.0.1\r\nContent-Length: 0\r\n\r\n`,
    );
    expect([400, 403]).toContain(status);
  }
}

/** `{}` is no import, no query and no segment. */
function isRefusedAnyway(path: string): boolean {
  return ['/TraceSegments', '/api/import', '/TraceSummaries'].includes(path);
}
