import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually } from '../fakes/eventually.ts';
import { Scope } from '../fakes/scope.ts';
import { CHART, NODE_IP, type Namespace } from './kubernetes.ts';
import { install, setUp, upgrade, type Setting } from './setting.ts';

const scope = new Scope();
const PER_SECOND = 200;
const SECONDS = 35;
/** In the host modes the old pod has to give its port back before the new one can have it. */
const LONGEST_GAP_S = 5;

/**
 * Sends at 200 a second from one port to `target` while `change` runs; says what did not arrive: one gap, as it has to
 * be, or none.
 */
async function sendThrough(
  { namespace, xray }: Setting,
  target: string,
  change: () => unknown,
): Promise<{ gapSeconds: number; missing: number }> {
  const sender = await namespace.startSender(target, PER_SECOND, SECONDS);
  await eventually(() => xray.judge(0).delivered > 2 * PER_SECOND, 60_000, 'the sender did not start');
  await change();
  const offered = await sender.sent();
  expect(offered).toBe(PER_SECOND * SECONDS);
  await eventually(() => xray.has(offered - 1), 30_000, 'the flow did not resume');
  // What is still in a buffer arrives within a second.
  await sleep(2_000);
  const missing = Array.from({ length: offered }, (_, n) => n).filter((n) => !xray.has(n));
  expect(xray.judge(offered)).toMatchObject({ duplicate: 0, corrupted: 0, invented: 0 });
  const [first = 0, last = -1] = [missing[0], missing.at(-1)];
  // Segments that arrived between the first and the last lost one would be a second gap.
  expect(last - first + 1 - missing.length).toBeLessThan(PER_SECOND / 10);
  return { gapSeconds: (last - first + 1) / PER_SECOND, missing: missing.length };
}

const TARGETS = [
  { mode: 'hostNetwork', target: () => `${NODE_IP}:2000` },
  { mode: 'hostPort', target: () => `${NODE_IP}:2000` },
] as const;

test.each(TARGETS)(
  'network.mode $mode: an upgrade at 200 segments per second leaves a gap of 5 s at most, and the sender needs no restart',
  async ({ mode, target }) => {
    const setting = await setUp(scope);
    await install(setting, '--set', `network.mode=${mode}`);
    const { gapSeconds, missing } = await sendThrough(setting, target(), () =>
      upgrade(setting, '--set', `network.mode=${mode},xray.loglevel=debug`),
    );
    console.log(`${mode}: ${missing} segments in a gap of ${gapSeconds.toFixed(1)} s`);
    expect(gapSeconds).toBeLessThanOrEqual(LONGEST_GAP_S);
    expect(await setting.namespace.ledger()).toMatchObject({ imbalance: 0, dropped: 0, kernelDrops: 0 });
  },
);

test.each(['aws-xray-local', 'aws-xray'])(
  'network.mode service: an upgrade at 200 segments per second to the Service %s loses nothing',
  async (service) => {
    const setting = await setUp(scope, 'restricted');
    await install(setting, '--set', 'network.mode=service');
    const target = `${service}.${setting.namespace.name}.svc.cluster.local:2000`;
    const { missing } = await sendThrough(setting, target, () =>
      upgrade(setting, '--set', 'network.mode=service,xray.loglevel=debug'),
    );
    expect(missing).toBe(0);
  },
);

test('upgrades a release of the okgolove chart in place, with its own values: keeps names, selectors and ports, with a gap of 5 s at most', async () => {
  const setting = await setUp(scope);
  const { namespace, values } = setting;
  expect((await namespace.helm('install', 'aws-xray', 'test/cluster/charts/like-okgolove', '-f', values)).code).toBe(0);
  await namespace.rollout();
  const before = await shapeOf(namespace);
  const target = `aws-xray.${namespace.name}.svc.cluster.local:2000`;
  const { gapSeconds, missing } = await sendThrough(setting, target, () => upgrade(setting));
  console.log(`from the okgolove chart: ${missing} segments in a gap of ${gapSeconds.toFixed(1)} s`);
  expect(gapSeconds).toBeLessThanOrEqual(LONGEST_GAP_S);
  const after = await shapeOf(namespace);
  expect(after.selector).toEqual(before.selector);
  expect(after.serviceSelector).toEqual(before.serviceSelector);
  expect(after.ports).toEqual(expect.arrayContaining(before.ports));
  expect(after.servicePorts).toEqual(expect.arrayContaining(before.servicePorts));
  expect(after.servicePorts).toHaveLength(3);
});

test('a rollback restores the previous configuration and all ports', async () => {
  const setting = await setUp(scope);
  const { namespace } = setting;
  await install(setting, '--set', 'network.mode=service');
  const before = await shapeOf(namespace);
  await upgrade(setting, '--set', 'network.mode=service,xray.loglevel=debug');
  expect((await namespace.helm('rollback', 'aws-xray', '1')).code).toBe(0);
  await namespace.rollout();
  expect(await shapeOf(namespace)).toEqual(before);
  expect(await namespace.kubectl(['get', 'configmap', 'aws-xray', '-o', 'yaml'])).not.toContain('debug');
});

test('refuses a port change in which Helm 3 would lose a protocol; --force keeps both protocols, and so does a rollback with it', async () => {
  const setting = await setUp(scope);
  const { namespace, values } = setting;
  const args = ['upgrade', 'aws-xray', CHART, '-f', values, '--set', 'network.mode=service'];
  const port = (number: number): string => `xray.containerPort=${number},service.port=${number}`;
  await install(setting, '--set', 'network.mode=service');
  const before = await shapeOf(namespace);

  const refused = await namespace.helm(...args, '--set', port(2100));
  expect(refused.code).not.toBe(0);
  expect(refused.output).toMatch(
    /xray\.containerPort would change from 2000 to 2100, and Helm 3 would silently drop .*--force --set acceptPortChange=true/s,
  );
  expect(await shapeOf(namespace)).toEqual(before);

  expect((await namespace.helm(...args, '--set', `${port(2100)},acceptPortChange=true`, '--force')).code).toBe(0);
  await namespace.rollout();
  const changed = await shapeOf(namespace);
  expect(changed.ports).toEqual(before.ports.map((one) => one.replace('2000', '2100')));
  expect(changed.servicePorts).toEqual(before.servicePorts.map((one) => one.replace('2000', '2100')));
  // The next upgrade needs neither again.
  expect((await namespace.helm(...args, '--set', port(2100))).code).toBe(0);

  expect((await namespace.helm('rollback', 'aws-xray', '1', '--force')).code).toBe(0);
  await namespace.rollout();
  expect(await shapeOf(namespace)).toEqual(before);
});

/** What clients and other objects hold on to. */
async function shapeOf(
  namespace: Namespace,
): Promise<{ selector: object; serviceSelector: object; ports: string[]; servicePorts: string[] }> {
  const get = async (kind: string): Promise<Shape> =>
    JSON.parse(await namespace.kubectl(['get', kind, 'aws-xray', '-o', 'json'])) as Shape;
  const [daemonSet, service] = [await get('daemonset'), await get('service')];
  return {
    selector: daemonSet.spec.selector,
    serviceSelector: service.spec.selector,
    ports: daemonSet.spec.template!.spec.containers[0]!.ports.map(
      ({ name, containerPort, protocol }) => `${name} ${containerPort}/${protocol}`,
    ),
    servicePorts: service.spec.ports!.map(({ name, port, protocol }) => `${name} ${port}/${protocol}`),
  };
}

interface Shape {
  spec: {
    selector: object;
    ports?: { name: string; port: number; protocol: string }[];
    template?: { spec: { containers: { ports: { name: string; containerPort: number; protocol: string }[] }[] } };
  };
}
