import './browser-globals.ts';
import { expect, test } from 'vitest';
import fc from '../fakes/fast-check.ts';
import { consoleName, linkHref, READY_MADE, templateProblem, type LinkValues } from '../../ui/src/links-out.ts';
import { settingsIn } from '../../ui/src/settings.ts';

const HEX = '6929d510abcdef000000000000000001';
const ID = '1-6929d510-abcdef000000000000000001';
const VALUES: LinkValues = {
  named: {
    trace_id: ID,
    trace_id_hex: HEX,
    span_id: '53995c3f42cd8ad8',
    service: 'shop & co',
    start_ms: '1795953540000',
    end_ms: '1795953661284',
    region: 'eu-west-1',
    log_group: '/aws/lambda/shop',
    log_group_console: consoleName('/aws/lambda/shop'),
  },
  annotations: { tenant: 'a/b?c#d', plan: 7 },
};
const hrefOf = (url: string, values = VALUES): string | undefined => linkHref({ name: 'Logs', url }, values);

test('placeholders become the encoded values of the trace', () => {
  expect(hrefOf('https://kibana.example/app#/?q={trace_id}&h={trace_id_hex}&s={span_id}')).toBe(
    `https://kibana.example/app#/?q=${ID}&h=${HEX}&s=53995c3f42cd8ad8`,
  );
  expect(hrefOf('http://a/{service}/{annotation.tenant}/{annotation.plan}')).toBe(
    'http://a/shop%20%26%20co/a%2Fb%3Fc%23d/7',
  );
});

test('the templates to start from lead to the logs of the trace', () => {
  const [loki, cloudWatch] = READY_MADE.map((template) => linkHref(template, VALUES));
  const panes = JSON.parse(new URL(loki!).searchParams.get('panes')!) as object;
  expect(panes).toEqual({
    logs: {
      datasource: 'loki',
      queries: [{ refId: 'A', expr: `{service_name=~".+"} |~ "${ID}|${HEX}"` }],
      range: { from: '1795953540000', to: '1795953661284' },
    },
  });
  expect(cloudWatch).toBe(
    `https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fshop/log-events$3FfilterPattern$3D$2522${ID}$2522$26start$3D1795953540000$26end$3D1795953661284`,
  );
});

test('a link whose placeholders have no value is left out', () => {
  const none: LinkValues = { named: { trace_id: ID }, annotations: { toString: undefined } };
  expect(hrefOf('https://a/{trace_id}', none)).toBe(`https://a/${ID}`);
  for (const missing of ['log_group', 'annotation.tenant', 'annotation.toString', 'annotation.__proto__'])
    expect(hrefOf(`https://a/{${missing}}`, none)).toBeUndefined();
});

test.each([
  ['javascript:alert({trace_id})', /http:\/\/ or https/],
  [' javascript:alert(1)//http://a', /http:\/\/ or https/],
  ['data:text/html,{trace_id}', /http:\/\/ or https/],
  ['//a/{trace_id}', /http:\/\/ or https/],
  ['https://{service}/', /host/],
  ['https://logs.example@{service}/', /host/],
  ['https://{annotation.host}.example/', /host/],
  ['https://user:word@a/', /host/],
  ['https:///a', /host/],
  ['https://', /host/],
  ['https://a/{traceid}', /\{traceid\} is not a placeholder/],
  ['https://a/{trace_id.x}', /not a placeholder/],
  ['https://a/{constructor}', /not a placeholder/],
])('%s is refused, with the reason', (url, problem) => {
  expect(templateProblem({ name: 'Logs', url })).toMatch(problem);
  expect(hrefOf(url)).toBeUndefined();
});

test('whatever a trace contains, a link stays on the origin of its template', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const values = { named: { service: value, log_group_console: consoleName(value) }, annotations: { a: value } };
      const href = hrefOf('https://logs.example/{service}/x{annotation.a}?q={service}#{log_group_console}', values);
      expect(new URL(href!).origin).toBe('https://logs.example');
    }),
  );
});

test('what the browser kept is read as far as it is understood', () => {
  const linksIn = (links: unknown) => settingsIn({ links }).links;
  expect(linksIn('x')).toEqual([]);
  expect(linksIn([7, { name: 'A', url: 'https://a/' }, { name: 3 }])).toEqual([
    { name: '', url: '' },
    { name: 'A', url: 'https://a/' },
    { name: '', url: '' },
  ]);
  expect(linksIn(Array.from({ length: 99 }, () => ({ name: 'A', url: 'https://a/' }))).length).toBe(10);
});
