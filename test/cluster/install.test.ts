import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { eventually } from '../fakes/eventually.ts';
import { Scope } from '../fakes/scope.ts';
import { addressOf, deployApplication } from './applications.ts';
import { CHART, ROLE } from './kubernetes.ts';
import { install, setUp, upgrade } from './setting.ts';

const scope = new Scope();

const MODES = [
  { mode: 'hostNetwork', podSecurity: 'privileged', paths: ['service', 'node', 'local'] },
  { mode: 'hostPort', podSecurity: 'privileged', paths: ['service', 'node', 'local'] },
  { mode: 'service', podSecurity: 'restricted', paths: ['service', 'local'] },
] as const;

test.each(MODES)(
  'network.mode $mode under Pod Security $podSecurity: Flask applications send through $paths, with IRSA, and helm test passes',
  async ({ mode, podSecurity, paths }) => {
    const setting = await setUp(scope, podSecurity);
    const { namespace, xray, sts } = setting;
    const notes = await install(setting, '--set', `network.mode=${mode}`);
    expect(notes).toContain(`network.mode ${mode}`);

    const addresses = {
      service: `aws-xray.${namespace.name}.svc.cluster.local:2000`,
      local: `aws-xray-local.${namespace.name}.svc.cluster.local:2000`,
      node: '$(NODE_IP):2000',
    };
    for (const path of paths) {
      const name = `flask-${path}`;
      await deployApplication(namespace, {
        example: 'eks-flask',
        name,
        version: path === 'service' ? '2021' : 'modern',
        env: { SERVICE_NAME: name, AWS_XRAY_DAEMON_ADDRESS: addresses[path] },
      });
    }
    for (const path of paths) {
      const address = await addressOf(namespace, `flask-${path}`);
      // Through the pod's own network: the page is asked for, X-Ray has the trace of it.
      await eventually(async () => {
        await fetch(`${address}/`);
        return xray.documents.some(
          (document) => document.includes(`"name":"flask-${path}"`) || document.includes(`"name": "flask-${path}"`),
        );
      }, 40_000);
    }
    expect(xray.problems).toEqual([]);
    expect(sts.issued.length).toBeGreaterThan(0);
    expect(await namespace.logs((await namespace.daemon()).metadata.name)).toContain(`"role":"${ROLE}"`);
    const metrics = await namespace.metrics();
    expect(metrics['xrayd_proxy_requests_total{path="/GetSamplingRules",status="200"}']).toBeGreaterThan(0);

    const tested = await namespace.helm('test', 'aws-xray', '--logs', '--timeout', '90s');
    expect(tested.code, tested.output).toBe(0);
    await eventually(async () => (await namespace.ledger()).here === 0);
    expect(await namespace.ledger()).toMatchObject({ imbalance: 0, dropped: 0, kernelDrops: 0 });
  },
);

test('a host mode in a namespace that enforces restricted: helm succeeds, no pod is created, and the notes say how to allow it', async () => {
  const { namespace, values } = await setUp(scope, 'restricted');
  const { code, output } = await namespace.helm('install', 'aws-xray', CHART, '-f', values);
  expect(code).toBe(0);
  expect(output).toContain(
    `kubectl label namespace ${namespace.name} pod-security.kubernetes.io/enforce=privileged --overwrite`,
  );
  await eventually(async () => (await namespace.kubectl(['get', 'events'])).includes('violates PodSecurity'));
  expect(await namespace.pods()).toEqual([]);
  // What NOTES say helps.
  await namespace.kubectl([
    'label',
    'namespace',
    namespace.name,
    'pod-security.kubernetes.io/enforce=privileged',
    '--overwrite',
  ]);
  await namespace.kubectl(['rollout', 'restart', 'daemonset/aws-xray']);
  await eventually(async () => (await namespace.pods()).length === 1, 60_000);
  await namespace.rollout();
});

test('the default values: install, an upgrade that changes nothing and keeps the pods, helm test, one more upgrade, uninstall', async () => {
  const setting = await setUp(scope);
  const { namespace } = setting;
  await install(setting);
  const first = (await namespace.daemon()).metadata.name;
  await upgrade(setting);
  expect((await namespace.daemon()).metadata.name).toBe(first);
  const tested = await namespace.helm('test', 'aws-xray', '--logs', '--timeout', '90s');
  expect(tested.code, tested.output).toBe(0);
  await upgrade(setting, '--set', 'priorityClassName=system-node-critical,service.ipFamilyPolicy=SingleStack');
  await eventually(async () => (await namespace.daemon()).metadata.name !== first, 60_000);
  expect((await namespace.helm('uninstall', 'aws-xray', '--wait')).code).toBe(0);
});

test('a changed configuration value replaces the pods, and uninstall leaves nothing behind', async () => {
  const setting = await setUp(scope);
  const { namespace, values } = setting;
  await install(setting, '--set', 'network.mode=service');
  const before = (await namespace.daemon()).metadata.name;
  expect(
    (
      await namespace.helm(
        'upgrade',
        'aws-xray',
        CHART,
        '-f',
        values,
        '--set',
        'network.mode=service,xray.loglevel=debug',
      )
    ).code,
  ).toBe(0);
  await namespace.rollout();
  await eventually(async () => (await namespace.daemon()).metadata.name !== before, 60_000);
  const config = parse(
    await namespace.kubectl(['get', 'configmap', 'aws-xray', '-o', 'jsonpath={.data.cfg\\.yaml}']),
  ) as {
    Logging: { LogLevel: string };
  };
  expect(config.Logging.LogLevel).toBe('debug');
  expect((await namespace.helm('uninstall', 'aws-xray', '--wait')).code).toBe(0);
  await eventually(async () => (await namespace.pods()).length === 0, 60_000);
  const left = (await namespace.kubectl(['get', 'all,configmap,serviceaccount', '-o', 'name']))
    .split('\n')
    .filter((name) => /xray/.test(name));
  expect(left).toEqual([]);
});
