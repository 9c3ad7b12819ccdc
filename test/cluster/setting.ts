import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Oracle } from '../../bench/load/oracle.ts';
import type { Scope } from '../fakes/scope.ts';
import { CHART, ClusterSts, irsaValues, Namespace, NODE_IP } from './kubernetes.ts';

/** A namespace, an X-Ray and an STS that know each other, and the values that lead the chart to them. */
export interface Setting {
  readonly namespace: Namespace;
  readonly xray: ClusterXRay;
  readonly sts: ClusterSts;
  /** The values, as a file for `helm -f`. */
  readonly values: string;
}

/** Judges numbered segments, and keeps the documents that are not numbered: what applications sent. */
class ClusterXRay extends Oracle {
  protected override accept(document: string): void {
    if (document.includes('"metadata":{"padding":')) super.accept(document);
    else this.documents.push(document);
  }
}

export async function setUp(scope: Scope, podSecurity: 'privileged' | 'restricted' = 'privileged'): Promise<Setting> {
  const namespace = await new Namespace().create(podSecurity);
  scope.add(() => namespace.remove());
  const sts = new ClusterSts(`system:serviceaccount:${namespace.name}:aws-xray`);
  const xray = new ClusterXRay({ credentials: sts.issued });
  for (const server of [sts, xray]) {
    await server.start(0, NODE_IP);
    scope.add(() => server.stop());
  }
  const values = join(scope.folder(), 'values.json');
  writeFileSync(values, JSON.stringify(irsaValues(xray.url, sts.url)));
  return { namespace, xray, sts, values };
}

/** helm install, which has to succeed, and the pods have to come up: helm does not look. Returns its notes. */
export function install(setting: Setting, ...args: string[]): Promise<string> {
  return deploy('install', setting, args);
}

export function upgrade(setting: Setting, ...args: string[]): Promise<string> {
  return deploy('upgrade', setting, args);
}

async function deploy(
  command: 'install' | 'upgrade',
  { namespace, values }: Setting,
  args: readonly string[],
): Promise<string> {
  const { code, output } = await namespace.helm(command, 'aws-xray', CHART, '-f', values, ...args);
  if (code !== 0) throw new Error(output);
  await namespace.rollout();
  return output;
}
