import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { parseFlags } from '../../src/config/flags.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();
const UNIT = 'deploy/systemd/xrayd.service';
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

test.skipIf(!hasSystemd)(
  `systemd accepts the unit${hasSystemd ? '' : ' (skipped: systemd-analyze not installed)'}, and notices a wrong line`,
  () => {
    const folder = scope.folder();
    const program = join(folder, 'xrayd');
    writeFileSync(program, '#!/bin/sh\n');
    chmodSync(program, 0o755);
    const verify = (text: string): { code: number | null; output: string } => {
      const file = join(folder, 'xrayd.service');
      writeFileSync(file, text);
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
      return {
        code: status,
        output: stderr
          .split('\n')
          .filter((line) => line.includes('xrayd.service'))
          .join('\n'),
      };
    };
    // The unit names a program that is installed later.
    const unit = readFileSync(UNIT, 'utf8').replace('ExecStart=xrayd', `ExecStart=${program}`);
    expect(verify(unit)).toEqual({ code: 0, output: '' });
    expect(verify(unit.replace('MemoryMax=', 'MemoryMaxx=')).output).toContain('Unknown key');
  },
);

test('xrayd accepts the command lines of the unit, the task definition and the sidecar', () => {
  const [, exec = ''] = /^ExecStart=\S+ (.*)$/m.exec(readFileSync(UNIT, 'utf8')) ?? [];
  expect(parseFlags(exec.split(' ')).command).toBe('daemon');
  const task = JSON.parse(readFileSync('deploy/ecs/task-definition.json', 'utf8')) as {
    containerDefinitions: { name: string; healthCheck?: { command: string[] }; stopTimeout?: number }[];
  };
  const daemon = task.containerDefinitions.find(({ name }) => name === 'xray-daemon')!;
  const [kind, program, ...check] = daemon.healthCheck!.command;
  expect([kind, program, parseFlags(check).command]).toEqual(['CMD', '/xray', 'healthcheck']);
  expect(daemon.stopTimeout).toBeGreaterThan(15);
  const guide = readFileSync('docs/kubernetes.md', 'utf8');
  const sidecar = blocksOf(guide).find((block) => block.startsWith('containers:'))!;
  const { containers } = parse(sidecar) as { containers: { command: string[] }[] };
  expect(parseFlags(containers[0]!.command.slice(1)).command).toBe('daemon');
});

test('the guides contain valid YAML and JSON, and only values that the chart has', () => {
  const schema = JSON.parse(readFileSync('deploy/helm/aws-xray/values.schema.json', 'utf8')) as Schema;
  for (const file of ['docs/kubernetes.md', 'docs/ecs.md', 'docs/grafana.md']) {
    for (const block of blocksOf(readFileSync(file, 'utf8')))
      expect(() => parse(block) as unknown, `${file}: ${block}`).not.toThrow();
  }
  const guide = readFileSync('docs/kubernetes.md', 'utf8');
  const paths = [
    ...guide.matchAll(
      /`((?:xray|network|service|http|image|global|monitoring|serviceAccount|networkPolicy)\.[A-Za-z.]+)`/g,
    ),
  ].map(([, path = '']) => path);
  expect(paths.length).toBeGreaterThan(15);
  for (const path of paths) expect(isIn(schema, path.split('.')), path).toBe(true);
});

interface Deployment {
  readonly spec: {
    readonly selector: { readonly matchLabels: object };
    readonly template: {
      readonly metadata: { readonly labels: object };
      readonly spec: {
        readonly containers: readonly {
          readonly env: readonly { readonly name: string }[];
          readonly ports: readonly { readonly containerPort: number }[];
        }[];
      };
    };
  };
}

const readExample = (file: string): unknown =>
  parseAllDocuments(readFileSync(join('examples', file), 'utf8'))[0]!.toJS() as unknown;

test.each(['eks-flask', 'eks-opentelemetry'])('examples/%s: Deployment and image are consistent', (example) => {
  const { spec } = readExample(`${example}/deployment.yaml`) as Deployment;
  expect(spec.template.metadata.labels).toEqual(spec.selector.matchLabels);
  const [container] = spec.template.spec.containers;
  expect(readFileSync(`examples/${example}/Dockerfile`, 'utf8')).toContain(
    `EXPOSE ${container!.ports[0]!.containerPort}`,
  );
});

test('examples/eks-flask: the Service finds the Deployment, and the address of the node is known', () => {
  const { spec } = readExample('eks-flask/deployment.yaml') as Deployment;
  const service = readExample('eks-flask/service.yaml') as { spec: { selector: object } };
  expect(service.spec.selector).toEqual(spec.selector.matchLabels);
  // $(NODE_IP) is replaced only by what stands before it.
  const variables = spec.template.spec.containers[0]!.env.map(({ name }) => name);
  expect(variables).toEqual(['NODE_IP', 'AWS_XRAY_DAEMON_ADDRESS']);
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
}

function isIn(schema: Schema | undefined, [head, ...rest]: readonly string[]): boolean {
  return head === undefined ? true : schema?.properties?.[head] !== undefined && isIn(schema.properties[head], rest);
}

/** The fenced blocks of YAML and JSON. */
function blocksOf(markdown: string): string[] {
  return [...markdown.matchAll(/```(?:yaml|json)\n([\s\S]*?)```/g)].map(([, block = '']) => block);
}
