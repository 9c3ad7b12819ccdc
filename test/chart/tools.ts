import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const CHART = 'deploy/helm/aws-xray';
/** Where test/cluster/tools/build.sh puts helm and the others. */
const CACHE = process.env['XRAYD_TOOLS'] ?? join(homedir(), '.cache/xrayd/cluster');
export const TOOLS = join(CACHE, 'bin');
const SCHEMAS = `${CACHE}/schemas/{{.NormalizedKubernetesVersion}}{{.StrictSuffix}}/{{.ResourceKind}}{{.KindSuffix}}.json`;
/** The oldest and the newest Kubernetes that the chart is for. */
export const KUBERNETES = ['1.27', '1.36'] as const;

/** Why the chart cannot be rendered here; '' when it can. */
export function whyNoTools(): string {
  const missing = ['helm', 'helm-unittest', 'kubeconform', 'promtool', 'registry', 'actionlint'].filter(
    (tool) => !existsSync(join(TOOLS, tool)),
  );
  return missing.length === 0 ? '' : `${missing.join(', ')} not built, see test/cluster/tools/build.sh chart`;
}

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

export function tool(name: string, args: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(join(TOOLS, name), args, { encoding: 'utf8' });
  return { code: status, output: stdout + stderr };
}

/** Each file of values in ci/, by what it is about. */
export function valuesFiles(): string[] {
  return readdirSync(join(CHART, 'ci')).map((file) => file.replace(/-values\.yaml$/, ''));
}

/** The chart for a release aws-xray in the namespace tracing. */
export function render(values: string, kubernetes: string, chart = CHART): Ran {
  const args = ['template', 'aws-xray', chart, '--namespace', 'tracing', '--kube-version', kubernetes, '-f', values];
  return tool('helm', args);
}

/**
 * What the API server of `kubernetes` would say of the form of the manifests in `folder`; kinds of Prometheus' operator
 * are not known to it. Reading the schemas takes a second, so all manifests are checked in one call.
 */
export function conform(folder: string, kubernetes: string): Ran {
  const skipped = 'ServiceMonitor,PodMonitor,PrometheusRule';
  const version = `${kubernetes}.0`;
  const options = ['-strict', '-kubernetes-version', version, '-schema-location', SCHEMAS, '-skip', skipped];
  return tool('kubeconform', [...options, folder]);
}
