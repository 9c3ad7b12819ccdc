import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { Namespace } from './kubernetes.ts';

/** The applications of examples/, by the folder that has their Deployment. */
const EXAMPLES = { 'eks-flask': 'flask-shop', 'eks-opentelemetry': 'otel-shop' } as const;

export interface Application {
  readonly example: keyof typeof EXAMPLES;
  /** Of its Deployment, its Service and its segments. */
  readonly name: string;
  /** The tag of its image, which example-images.sh made. */
  readonly version: 'modern' | '2021';
  /** Variables that replace those of the Deployment, or are added to them. */
  readonly env: Readonly<Record<string, string>>;
}

interface Deployment {
  spec: { replicas: number; template: { spec: { containers: { env: { name: string; value?: string }[] }[] } } };
}

/** Deploys an example with our image and one replica, and its Service on port 80. */
export async function deployApplication(
  namespace: Namespace,
  { example, name, version, env }: Application,
): Promise<void> {
  const image = EXAMPLES[example];
  const file = readFileSync(`examples/${example}/deployment.yaml`, 'utf8')
    .replaceAll(`REGISTRY/${image}:latest`, `localhost/IMAGE:${version}`)
    .replaceAll(image, name)
    .replace('IMAGE', image);
  const deployment = parseAllDocuments(file)[0]!.toJS() as Deployment;
  deployment.spec.replicas = 1;
  const [container] = deployment.spec.template.spec.containers;
  const kept = container!.env.filter((variable) => !(variable.name in env));
  container!.env = [...kept, ...Object.entries(env).map(([variable, value]) => ({ name: variable, value }))];
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 'http' }] },
  };
  await namespace.apply(deployment, service);
}

/** Waits until it runs, and gives its address. */
export async function addressOf(namespace: Namespace, name: string): Promise<string> {
  await namespace.rollout(`deployment/${name}`);
  const [pod] = await namespace.pods(`app=${name}`);
  return `http://${pod!.status.podIP}:8080`;
}
