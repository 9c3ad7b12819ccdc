import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { envNameOf } from '../../src/config/option.ts';
import { SPAN_OPTIONS } from '../../src/config/span-options.ts';
import { Scope } from '../fakes/scope.ts';
import { CHART, conform, KUBERNETES, render, tool, TOOLS, valuesFiles, whyNoTools } from './tools.ts';

const scope = new Scope();
const skipped = whyNoTools();
if (skipped !== '' && process.env['XRAYD_REQUIRE_CONTAINERS'] !== undefined)
  throw new Error(`the chart cannot be tested: ${skipped}`);
const NEWEST = KUBERNETES.at(-1)!;
/** Values that only a newer Kubernetes than the oldest knows. */
const ONLY_NEWEST = new Set(['same-node']);
const DAEMON_KINDS = [
  'ConfigMap',
  'DaemonSet',
  'NetworkPolicy',
  'Pod',
  'PodMonitor',
  'PrometheusRule',
  'Service',
  'ServiceAccount',
  'ServiceMonitor',
];
/** With mode local only. */
const LOCAL_KINDS = [...DAEMON_KINDS, 'Deployment', 'Ingress', 'PersistentVolumeClaim', 'Secret'];

const fileOf = (name: string): string => join(CHART, 'ci', `${name}-values.yaml`);
function objectsOf(manifests: string): Record<string, unknown>[] {
  const objects = parseAllDocuments(manifests).map((document) => document.toJS() as Record<string, unknown> | null);
  return objects.filter((object) => object !== null);
}

function folderOf(files: readonly (readonly [name: string, text: string])[]): string {
  const folder = scope.folder();
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  return folder;
}

/** The paths of what is there without a value. */
function emptyPaths(value: unknown, path = ''): string[] {
  if (value === null || value === undefined || value === '') return [path];
  if (typeof value !== 'object') return [];
  const entries = Object.entries(value);
  // An empty selector means "all", in a NetworkPolicy.
  if (entries.length === 0) return path.endsWith('Selector') ? [] : [path];
  return entries.flatMap(([key, inner]) => emptyPaths(inner, `${path}.${key}`));
}

describe.skipIf(skipped !== '')(`the chart${skipped && ` (skipped: ${skipped})`}`, () => {
  test.each(valuesFiles())('%s: passes helm lint --strict', (name) => {
    const lint = tool('helm', ['lint', '--strict', CHART, '--kube-version', NEWEST, '-f', fileOf(name)]);
    expect(lint.code, lint.output).toBe(0);
  });

  test.each(KUBERNETES)(
    'all objects have the form that Kubernetes %s wants, and a wrong key is found',
    (kubernetes) => {
      const names = valuesFiles().filter((name) => kubernetes === NEWEST || !ONLY_NEWEST.has(name));
      const folder = folderOf(
        names.map((name) => {
          const { code, output } = render(fileOf(name), kubernetes);
          expect(code, output).toBe(0);
          return [`${name}.yaml`, output] as const;
        }),
      );
      const checked = conform(folder, kubernetes);
      expect(checked.code, checked.output).toBe(0);
      const broken = readFileSync(join(folder, 'default.yaml'), 'utf8').replace(
        'hostNetwork: true',
        'hostNetwrok: true',
      );
      const found = conform(folderOf([['broken.yaml', broken]]), kubernetes);
      expect(found.code).not.toBe(0);
      expect(found.output).toMatch(/hostNetwrok/);
    },
  );

  // To accept a change: npm run test:chart -- -u, and read the diff.
  test.each(valuesFiles())('%s: renders what it rendered before', async (name) => {
    const { output } = render(fileOf(name), NEWEST);
    await expect(output).toMatchFileSnapshot(`golden/${name}.yaml`);
    // Nothing is random: tools that render the chart again and again would replace objects each time.
    expect(render(fileOf(name), NEWEST).output).toBe(output);
  });

  test.each(valuesFiles())('%s: no key is empty, and no object gives anybody rights', (name) => {
    const objects = objectsOf(render(fileOf(name), NEWEST).output);
    expect(objects.length).toBeGreaterThan(4);
    expect(objects.flatMap((object) => emptyPaths(object, String(object['kind'])))).toEqual([]);
    for (const { kind } of objects) expect(name.startsWith('local') ? LOCAL_KINDS : DAEMON_KINDS).toContain(kind);
  });

  test('docs/compatibility.md has the current comparison with the okgolove chart', () => {
    const env = { ...process.env, PATH: `${TOOLS}:${process.env['PATH']}` };
    const { status, stderr } = spawnSync(process.execPath, ['scripts/compare-charts.ts', '--check'], {
      encoding: 'utf8',
      env,
    });
    expect(status, stderr).toBe(0);
  });

  test('each option of the receivers of spans is a value', () => {
    const daemonSet = objectsOf(render(fileOf('everything'), NEWEST).output).find(({ kind }) => kind === 'DaemonSet');
    const variables = JSON.stringify(daemonSet);
    for (const option of Object.values(SPAN_OPTIONS)) expect(variables).toContain(`"name":"${envNameOf(option)}"`);
  });

  test('its unit tests pass', () => {
    const { code, output } = tool('helm-unittest', ['--strict', '-f', 'unittests/*_test.yaml', CHART]);
    expect(code, output).toBe(0);
    expect(output).toMatch(/Tests: +(?:[89]\d|\d{3}) passed/);
  });

  test('promtool accepts the alerts, and each fires when it should and not before', () => {
    const rule = objectsOf(render(fileOf('monitoring'), NEWEST).output).find(({ kind }) => kind === 'PrometheusRule');
    const folder = folderOf([['rules.yaml', JSON.stringify(rule!['spec'])]]);
    const checked = tool('promtool', ['check', 'rules', '--lint=all', '--lint-fatal', join(folder, 'rules.yaml')]);
    expect(checked.code, checked.output).toBe(0);
    writeFileSync(
      join(folder, 'tests.json'),
      JSON.stringify({ rule_files: [join(folder, 'rules.yaml')], evaluation_interval: '1m', tests: ALERT_TESTS }),
    );
    const tested = tool('promtool', ['test', 'rules', join(folder, 'tests.json')]);
    expect(tested.code, tested.output).toBe(0);
  });
});

const LABELS = 'namespace="tracing",job="aws-xray",node="n1",instance="i1"';

/** Series that make the alert `name` fire at `fires` and at no minute up to `quiet`. */
function alertTest(name: string, series: Readonly<Record<string, string>>, quiet: string, fires: string): object {
  const input = Object.entries(series).map(([metric, values]) => {
    const [plain = '', more = ''] = metric.split('|');
    return { series: `${plain}{${LABELS}${more && `,${more}`}}`, values };
  });
  const count = (time: string, alerts: number): object => ({
    expr: `count(ALERTS{alertname="${name}",alertstate="firing"}) or vector(0)`,
    eval_time: time,
    exp_samples: [{ labels: '{}', value: alerts }],
  });
  return { interval: '1m', name, input_series: input, promql_expr_test: [count(quiet, 0), count(fires, 1)] };
}

const ALERT_TESTS = [
  alertTest(
    'XraydSegmentsLost',
    { 'xrayd_segments_dropped_total|reason="buffer_full"': '0+0x10 0+5x20' },
    '11m',
    '20m',
  ),
  alertTest('XraydKernelDrops', { xrayd_kernel_drops_total: '0+0x10 0+5x20' }, '11m', '20m'),
  alertTest(
    'XraydSegmentsRefused',
    { 'xrayd_segments_unprocessed_total|code="InvalidId"': '0+0x10 0+5x40' },
    '12m',
    '40m',
  ),
  alertTest(
    'XraydSpansRejected',
    { 'xrayd_spans_total|protocol="otlp_http",result="rejected"': '0+0x10 0+5x40' },
    '12m',
    '40m',
  ),
  alertTest(
    'XraydSpansRefused',
    { 'xrayd_spans_total|protocol="otlp_grpc",result="refused"': '0+0x10 0+5x20' },
    '11m',
    '20m',
  ),
  alertTest(
    'XraydSpansRefused',
    { 'xrayd_span_requests_refused_total|protocol="otlp_http",reason="bodies"': '0+0x10 0+5x20' },
    '11m',
    '20m',
  ),
  alertTest(
    'XraydUploadFailing',
    {
      'xrayd_put_trace_segments_total|outcome="sent"': '0+10x10 100+0x20',
      'xrayd_put_trace_segments_total|outcome="throttled"': '0+1x10 10+10x20',
    },
    '11m',
    '25m',
  ),
  alertTest('XraydBufferFilling', { xrayd_buffer_bytes: '50x5 90x10', xrayd_buffer_limit_bytes: '100x20' }, '5m', '8m'),
  alertTest('XraydCredentialsExpiring', { xrayd_credentials_expiry_timestamp_seconds: '600x60' }, '8m', '15m'),
  alertTest(
    'XraydNothingSent',
    { xrayd_segments_received_total: '0+10x40', xrayd_segments_sent_total: '0+10x10 100+0x30' },
    '15m',
    '35m',
  ),
  alertTest('XraydDown', { up: '1x5 0x10' }, '7m', '13m'),
];
