import { expect, test } from 'vitest';
import { eventually } from '../fakes/eventually.ts';
import { Scope } from '../fakes/scope.ts';
import { install, setUp } from './setting.ts';

const scope = new Scope();

test.each([
  {
    what: 'the default limit of 256Mi holds X-Ray away for 60 s at 500 a second without loss',
    perSecond: 500,
    args: [],
    isLossless: true,
  },
  {
    what: 'a limit of 128Mi at 2,000 a second: the oldest are dropped and counted',
    perSecond: 2_000,
    args: ['--set', 'resources.limits.memory=128Mi'],
    isLossless: false,
  },
])('$what, and the pod is not killed', async ({ perSecond, args, isLossless }) => {
  const setting = await setUp(scope);
  const { namespace, xray } = setting;
  await install(setting, '--set', 'network.mode=service', ...args);
  // The node kills by the limit of the container, so it has to be there.
  const pod = (await namespace.daemon()).metadata.name;
  xray.intercept = () => ({ status: 503 });
  const sender = await namespace.startSender(`aws-xray-local.${namespace.name}:2000`, perSecond, 60, 'once');
  const offered = await sender.sent();
  xray.intercept = () => undefined;
  await eventually(async () => (await namespace.ledger()).here === 0, 60_000, 'the buffer did not drain');
  const ledger = await namespace.ledger();
  expect(ledger).toMatchObject({ received: offered, kernelDrops: 0, imbalance: 0 });
  if (isLossless) expect(ledger).toMatchObject({ sent: offered, dropped: 0 });
  else expect(ledger.dropped).toBeGreaterThan(0);
  expect(xray.judge(offered)).toMatchObject({ delivered: ledger.sent, corrupted: 0 });
  const [status] = (await namespace.pods())[0]!.status.containerStatuses ?? [];
  expect((await namespace.daemon()).metadata.name).toBe(pod);
  expect(status).toMatchObject({ restartCount: 0 });
  console.log(`${perSecond}/s: ${offered} offered, ${ledger.sent} sent, ${ledger.dropped} dropped and counted`);
});
