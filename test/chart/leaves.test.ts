import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { messageOf } from '../../src/pipeline/errors.ts';
import { Scope } from '../fakes/scope.ts';
import { CHART, KUBERNETES, TOOLS, whyNoTools } from './tools.ts';
import { keysOf, leavesOf, schemaAt } from './values.ts';

const scope = new Scope();
const skipped = whyNoTools();
const run = promisify(execFile);
const DEFAULTS = parse(readFileSync(`${CHART}/values.yaml`, 'utf8')) as object;

/** Everything that can be on at once, so that each value has something to change. */
const AWS = {
  network: { mode: 'service' },
  networkPolicy: { enabled: true },
  receivers: { otlpHttp: { enabled: true }, otlpGrpc: { enabled: true }, zipkin: { enabled: true } },
  xray: { spool: { enabled: true }, caBundle: { configMap: 'ca' } },
  monitoring: { enabled: true, prometheusRule: { enabled: true }, dashboard: { enabled: true } },
};
const LOCAL = {
  mode: 'local',
  network: { mode: 'service' },
  local: { ingress: { enabled: true, hosts: ['xray.example.com'] }, networkPolicy: { enabled: true } },
};

interface Case {
  /** Another value than the default, where the schema does not say one. */
  readonly value?: unknown;
  /** What must be set for the value to have a meaning. */
  readonly given?: object;
}
const CASES: Readonly<Record<string, Case>> = {
  'network.mode': { value: 'hostPort', given: { networkPolicy: { enabled: false } } },
  'xray.region': { value: 'eu-west-1' },
  'xray.containerPort': { value: 2100 },
  'xray.roleArn': { value: 'arn:aws:iam::123456789012:role/other' },
  'xray.endpoint': { value: 'https://xray.example.com' },
  'xray.proxyAddress': { value: 'http://proxy.example.com:3128' },
  'xray.bufferMemoryMB': { value: 48 },
  'xray.concurrency': { value: 4 },
  'xray.requestTimeoutSeconds': { value: 3 },
  'xray.retryMaxAgeSeconds': { value: 60 },
  'xray.bindHost': { value: '0.0.0.0' },
  'xray.spool.hostPath': { value: '/mnt/spool' },
  'xray.caBundle.secret': { value: 'ca', given: { xray: { caBundle: { configMap: '' } } } },
  'receivers.otlpHttp.port': { value: 14318 },
  'receivers.otlpGrpc.port': { value: 14317 },
  'receivers.zipkin.port': { value: 19411 },
  'http.port': { value: 2100 },
  'service.ipFamilies': { value: ['IPv6'] },
  'image.digest': { value: `sha256:${'a'.repeat(64)}` },
  updateStrategy: { value: { type: 'OnDelete' } },
  tolerations: { value: [{ key: 'changed', operator: 'Exists' }] },
  imagePullSecrets: { value: [{ name: 'changed' }] },
  'serviceAccount.create': { value: false },
  extraManifests: { value: ['kind: Changed'] },
  'monitoring.interval': { value: '15s' },
  'monitoring.scrapeTimeout': { value: '5s' },
  'local.accountId': { value: '123456789012' },
  'local.existingSecretKey': { value: 'changed', given: { local: { existingSecret: 'mine' } } },
  'local.persistence.size': { value: '5Gi' },
  'local.ingress.hosts': { value: ['changed.example.com'] },
};
/** What changing does not show, and why. */
const INVISIBLE: Readonly<Record<string, string>> = {
  acceptPortChange: 'read in an upgrade only, in which the ports of the cluster change: test/cluster/upgrade.test.ts',
};

/** Another value than `value` that the schema accepts. */
function otherThan(value: unknown, path: string): unknown {
  const schema = schemaAt(path)!;
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return schema.type === 'number' && value > 0 && value < 1 ? value / 2 : value + 1;
  if (Array.isArray(value))
    return [schema.items?.type === 'string' ? 'changed' : { name: 'changed', image: 'changed', podSelector: {} }];
  if (typeof value === 'object') return { changed: 'changed' };
  const choices = schema.enum?.filter((choice) => choice !== value && choice !== '');
  if (choices !== undefined) return choices.at(-1);
  return typeof value === 'string' && /^\d+[smh]$/.test(value) ? '7m' : 'changed';
}

/** The value in `values`; undefined if it is not set there. */
function valueAt(path: string, values: unknown): unknown {
  return keysOf(path).reduce<unknown>((found, key) => (found as Record<string, unknown> | undefined)?.[key], values);
}

function nested(path: string, value: unknown): object {
  return keysOf(path).reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object;
}

let counter = 0;
const rendered = new Map<string, Promise<string>>();

/** The manifests for these values, the later ones over the earlier ones. */
function render(...layers: readonly object[]): Promise<string> {
  const key = JSON.stringify(layers);
  const known = rendered.get(key);
  if (known !== undefined) return known;
  const folder = scope.folder();
  mkdirSync(folder, { recursive: true });
  const files = layers.flatMap((layer) => {
    const file = join(folder, `${counter++}.json`);
    writeFileSync(file, JSON.stringify(layer));
    return ['-f', file];
  });
  const args = [
    'template',
    'aws-xray',
    CHART,
    '--namespace',
    'tracing',
    '--kube-version',
    KUBERNETES.at(-1)!,
    ...files,
  ];
  const output = run(join(TOOLS, 'helm'), args, { maxBuffer: 64 * 1024 * 1024 }).then(({ stdout }) => stdout);
  rendered.set(key, output);
  return output;
}

/** What is wrong with the chart's use of a value; '' if changing it changes the manifests. */
async function problemOf(path: string): Promise<string> {
  const base = path.startsWith('local.') ? LOCAL : AWS;
  const current = valueAt(path, base) ?? valueAt(path, DEFAULTS);
  const { value = otherThan(current, path), given = {} } = CASES[path] ?? {};
  try {
    const [before, after] = [await render(base, given), await render(base, given, nested(path, value))];
    return before === after ? `changing ${path} to ${JSON.stringify(value)} changes nothing` : '';
  } catch (error) {
    return `${path}: ${JSON.stringify(value)} is refused: ${messageOf(error)}`;
  }
}

describe.skipIf(skipped !== '')(`the values of the chart${skipped && ` (skipped: ${skipped})`}`, () => {
  const leaves = leavesOf(DEFAULTS);

  // About 220 renderings, 20 s of CPU time.
  test('changing any of them changes what is rendered, but for those that are listed with a reason', async () => {
    const problems: string[] = [];
    const waiting = leaves.filter((path) => INVISIBLE[path] === undefined);
    expect(waiting.length).toBeGreaterThan(180);
    const worker = async (): Promise<void> => {
      for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) problems.push(await problemOf(path));
    };
    await Promise.all(Array.from({ length: 3 }, worker));
    expect(problems.filter((problem) => problem !== '').toSorted()).toEqual([]);
  }, 300_000);

  test('the lists above name values that exist', () => {
    for (const path of [...Object.keys(CASES), ...Object.keys(INVISIBLE)]) expect(leaves).toContain(path);
  });
});
