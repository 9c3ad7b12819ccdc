/**
 * Renders the chart and another one with the same values, and writes what other objects depend on in both as a table
 * into docs/compatibility.md.
 *
 *   node scripts/compare-charts.ts [--other CHART] [--check]      CHART: okgolove/aws-xray if available; otherwise the stand-in of the tests
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';

const DOC = 'docs/compatibility.md';
const [BEGIN, END] = ['<!-- charts: made by scripts/compare-charts.ts -->', '<!-- /charts -->'];
const VALUES = 'examples/eks-flask/x-ray-values.yaml';

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, never>>;
}
interface Port {
  readonly name: string;
  readonly port?: number;
  readonly containerPort?: number;
  readonly hostPort?: number;
  readonly protocol: string;
}

const { values } = parseArgs({
  options: {
    other: { type: 'string', default: 'test/cluster/charts/like-okgolove' },
    check: { type: 'boolean', default: false },
  },
});
const table = compare(factsOf(values.other), factsOf('deploy/helm/aws-xray'));
const text = readFileSync(DOC, 'utf8');
const [before, after] = [text.slice(0, text.indexOf(BEGIN) + BEGIN.length), text.slice(text.indexOf(END))];
const updated = `${before}\n\n${table}\n${after}`;
if (!values.check) writeFileSync(DOC, updated);
else if (updated !== text)
  throw new Error(`${DOC} has another table of the charts. Run: node scripts/compare-charts.ts`);

/** What others select by, resolve, connect to or read, in a fixed order. */
function factsOf(chart: string): Map<string, string> {
  const args = ['template', 'aws-xray', chart, '--namespace', 'tracing', '--kube-version', '1.36', '-f', VALUES];
  const all = parseAllDocuments(execFileSync('helm', args, { encoding: 'utf8' })).map(
    (document) => document.toJS() as Manifest | null,
  );
  const get = (kind: string): Manifest => {
    const found = all.find((one) => one?.kind === kind && one.metadata.name === 'aws-xray');
    if (found == null) throw new Error(`${chart} has no ${kind} aws-xray`);
    return found;
  };
  const daemonSet = get('DaemonSet').spec as unknown as {
    selector: { matchLabels: object };
    template: { spec: { serviceAccountName: string; hostNetwork?: boolean; containers: { ports: Port[] }[] } };
  };
  const service = get('Service').spec as unknown as { clusterIP: string; selector: object; ports: Port[] };
  const pod = daemonSet.template.spec;
  const file = parse(Object.values(get('ConfigMap').data ?? {})[0] ?? '') as Record<string, unknown>;
  const facts = new Map([
    ['DaemonSet, Service, ConfigMap, ServiceAccount', `\`${get('ServiceAccount').metadata.name}\``],
    ['DaemonSet selects by', labels(daemonSet.selector.matchLabels)],
    ['Service selects by', labels(service.selector)],
    ['Service cluster address', `\`${service.clusterIP}\``],
    ['host network', String(pod.hostNetwork ?? false)],
    ['service account of the pods', `\`${pod.serviceAccountName}\``],
  ]);
  for (const { name, port, protocol } of service.ports) facts.set(`Service port \`${name}\``, `${port}/${protocol}`);
  for (const { name, containerPort, hostPort, protocol } of pod.containers[0]!.ports) {
    facts.set(`container port \`${name}\``, `${containerPort}/${protocol}, on the node ${hostPort ?? 'none'}`);
  }
  for (const [key, value] of flatten(file))
    facts.set(`file: \`${key}\``, value === '' || value === 0 ? 'not set' : `\`${String(value)}\``);
  return facts;
}

function compare(other: ReadonlyMap<string, string>, ours: ReadonlyMap<string, string>): string {
  const names = [...other.keys(), ...[...ours.keys()].filter((name) => !other.has(name))];
  const rows = names.map((name) => {
    const [there = 'not set', here = 'not set'] = [other.get(name), ours.get(name)];
    return `| ${name} | ${there} | ${here === there ? 'the same' : here} |`;
  });
  return ['| | okgolove/aws-xray 5.0.0 | this chart |', '| --- | --- | --- |', ...rows, ''].join('\n');
}

function labels(selector: object): string {
  return Object.entries(selector)
    .map(([name, value]) => `\`${name}=${value}\``)
    .join(' ');
}

function flatten(value: Readonly<Record<string, unknown>>, prefix = ''): [string, unknown][] {
  return Object.entries(value).flatMap(([key, inner]): [string, unknown][] =>
    typeof inner === 'object' && inner !== null
      ? flatten(inner as Record<string, unknown>, `${prefix}${key}.`)
      : [[`${prefix}${key}`, inner]],
  );
}
