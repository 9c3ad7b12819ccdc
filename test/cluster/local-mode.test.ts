import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BatchGetTracesCommand,
  GetServiceGraphCommand,
  paginateGetTraceSummaries,
  XRayClient,
  type TraceSummary,
} from '@aws-sdk/client-xray';
import { expect, test } from 'vitest';
import { eventually } from '../fakes/eventually.ts';
import { Scope } from '../fakes/scope.ts';
import { CHART, Namespace } from './kubernetes.ts';

const scope = new Scope();
const PER_SECOND = 50;
const SECONDS = 6;

/** A volume on this node, for the claim of the local X-Ray. */
async function makeVolume(namespace: Namespace): Promise<void> {
  const path = `/tmp/xrayd-volume-${namespace.name}`;
  mkdirSync(path);
  chmodSync(path, 0o777);
  scope.add(() => rmSync(path, { recursive: true, force: true }));
  const name = `volume-${namespace.name}`;
  await namespace.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: '2Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'manual',
      hostPath: { path },
    },
  });
  scope.add(() => namespace.kubectl(['delete', 'persistentvolume', name, '--wait=false']));
}

/** The token that the local X-Ray made, read as the chart's notes say. */
async function tokenOf(namespace: Namespace): Promise<string> {
  const program = ['/nodejs/bin/node', '-p', 'fs.readFileSync("/data/traces.db-token", "utf8")'];
  return (await namespace.kubectl(['exec', 'deployment/aws-xray-xray', '-c', 'xray', '--', ...program])).trim();
}

/** AWS's client in front of the local X-Ray's pod. */
async function clientOf(namespace: Namespace, token: string): Promise<XRayClient> {
  const [pod] = await namespace.pods('app.kubernetes.io/name=aws-xray-xray');
  const credentials = { accessKeyId: token, secretAccessKey: 'any' };
  const client = new XRayClient({ endpoint: `http://${pod!.status.podIP}:2000`, region: 'us-east-1', credentials });
  scope.add(() => client.destroy());
  return client;
}

async function tracesIn(client: XRayClient): Promise<TraceSummary[]> {
  const range = { StartTime: new Date(Date.now() - 600_000), EndTime: new Date(Date.now() + 60_000) };
  const traces: TraceSummary[] = [];
  for await (const { TraceSummaries = [] } of paginateGetTraceSummaries({ client }, range))
    traces.push(...TraceSummaries);
  return traces;
}

test('mode local: reads what a pod sends to the daemons from the local X-Ray, with its token, before and after its pod is replaced', async () => {
  const namespace = await new Namespace().create('restricted');
  scope.add(() => namespace.remove());
  await makeVolume(namespace);
  const values = join(scope.folder(), 'values.json');
  const image = { repository: 'localhost/xrayd', tag: 'test', pullPolicy: 'Never' };
  writeFileSync(
    values,
    JSON.stringify({
      mode: 'local',
      image,
      network: { mode: 'service' },
      local: { persistence: { storageClass: 'manual' } },
    }),
  );
  const installed = await namespace.helm('install', 'aws-xray', CHART, '-f', values);
  expect(installed.code, installed.output).toBe(0);
  expect(installed.output).toContain('kubectl -n');
  await namespace.rollout('deployment/aws-xray-xray');
  await namespace.rollout();

  const sender = await namespace.startSender(
    `aws-xray-local.${namespace.name}.svc.cluster.local:2000`,
    PER_SECOND,
    SECONDS,
  );
  expect(await sender.sent()).toBe(PER_SECOND * SECONDS);
  const token = await tokenOf(namespace);
  expect(token).toMatch(/^[\da-f]{32}$/);
  const client = await clientOf(namespace, token);
  await eventually(
    async () => (await tracesIn(client)).length === PER_SECOND * SECONDS,
    30_000,
    'the traces did not arrive',
  );
  await expect(tracesIn(await clientOf(namespace, 'wrong'))).rejects.toMatchObject({ name: 'AccessDeniedException' });
  expect(await namespace.ledger()).toMatchObject({ imbalance: 0, dropped: 0, kernelDrops: 0 });
  // The rule of the local X-Ray, through the daemon's proxy: every request is traced.
  const daemon = await namespace.daemon();
  const rules = await (
    await fetch(`http://${daemon.status.podIP}:2000/GetSamplingRules`, { method: 'POST', body: '{}' })
  ).json();
  expect(rules).toMatchObject({ SamplingRuleRecords: [{ SamplingRule: { RuleName: 'Default', FixedRate: 1 } }] });

  // An upgrade that changes nothing leaves the pods alone: nothing that the chart renders is random.
  const before = await namesOfPods(namespace);
  const unchanged = await namespace.helm('upgrade', 'aws-xray', CHART, '-f', values);
  expect(unchanged.code, unchanged.output).toBe(0);
  await namespace.rollout('deployment/aws-xray-xray');
  expect(await namesOfPods(namespace)).toEqual(before);

  // An upgrade keeps the token; the traces are on the volume.
  const upgraded = await namespace.helm(
    'upgrade',
    'aws-xray',
    CHART,
    '-f',
    values,
    '--set',
    'podAnnotations.again=yes',
  );
  expect(upgraded.code, upgraded.output).toBe(0);
  await namespace.rollout('deployment/aws-xray-xray');
  expect(await tokenOf(namespace)).toBe(token);
  const again = await clientOf(namespace, token);
  const traces = await tracesIn(again);
  expect(traces).toHaveLength(PER_SECOND * SECONDS);
  expect(
    (await again.send(new BatchGetTracesCommand({ TraceIds: [traces[0]!.Id!] }))).Traces![0]!.Segments,
  ).toHaveLength(1);
  const range = { StartTime: new Date(Date.now() - 600_000), EndTime: new Date(Date.now() + 60_000) };
  expect((await again.send(new GetServiceGraphCommand(range))).Services!.map(({ Name }) => Name)).toContain('shop');
  await namespace.rollout();
  const tested = await namespace.helm('test', 'aws-xray', '--logs', '--timeout', '90s');
  expect(tested.code, tested.output).toBe(0);

  // With the token of an existing Secret, and every object that the chart has for this mode.
  await namespace.kubectl(['create', 'secret', 'generic', 'mine', '--from-literal=value=a-token-of-mine']);
  const local = [
    'existingSecret=mine,local.existingSecretKey=value',
    'networkPolicy.enabled=true,local.ingress.enabled=true,local.ingress.hosts={xray.example.com}',
    'tolerations[0].operator=Exists,local.annotations.a=b,local.extraEnv[0].name=A,local.extraEnv[0].value=b',
  ];
  const full = await namespace.helm(
    'upgrade',
    'aws-xray',
    CHART,
    '-f',
    values,
    ...local.flatMap((one) => ['--set', `local.${one}`]),
  );
  expect(full.code, full.output).toBe(0);
  await namespace.rollout('deployment/aws-xray-xray');
  expect(await tracesIn(await clientOf(namespace, 'a-token-of-mine'))).not.toEqual([]);
  await expect(tracesIn(await clientOf(namespace, token))).rejects.toMatchObject({ name: 'AccessDeniedException' });
});

async function namesOfPods(namespace: Namespace): Promise<string[]> {
  const pods = [...(await namespace.pods()), ...(await namespace.pods('app.kubernetes.io/name=aws-xray-xray'))];
  return pods.map(({ metadata }) => metadata.name).toSorted();
}
