import * as xrayModule from '@aws-sdk/client-xray';
import { expect, test } from 'vitest';
import { ALL_OPERATIONS, OPERATIONS } from '../../../src/formats/xray/operations.ts';
import { LiveFeed } from '../../../src/api/live.ts';
import { XRayBackend } from '../../../src/api/backend.ts';

const client: Readonly<Record<string, unknown>> = { ...xrayModule };

/** Method and path of the request that AWS's own client would send. */
async function requestOf(name: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const xray = new xrayModule.XRayClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    maxAttempts: 1,
    requestHandler: {
      handle: async ({ method, path }: { method: string; path: string }) => {
        resolve(`${method} ${path}`);
        throw new Error('the request is all that is asked for');
      },
    } as never,
  });
  const Command = client[`${name}Command`] as new (input: object) => never;
  await xray.send(new Command({})).catch((error: unknown) => resolve(String(error)));
  return promise;
}

const NAMES = Object.keys(client).flatMap((key) =>
  key.endsWith('Command') && !key.startsWith('$') ? [key.slice(0, -'Command'.length)] : [],
);

test('the table lists exactly the operations of the X-Ray client', () => {
  expect(Object.keys(OPERATIONS).toSorted()).toEqual(NAMES.toSorted());
});

test.each(ALL_OPERATIONS)('$name is the path that the X-Ray client calls', async ({ name, path }) => {
  expect(await requestOf(name)).toBe(`POST ${path}`);
});

test('the local X-Ray answers each operation of the table once', async () => {
  const deps = { store: { write: async () => ({}) }, ingest: {}, feed: new LiveFeed() };
  const backend = new XRayBackend(
    { account: { region: 'eu-west-1', accountId: '1' }, defaultSampling: 'all' },
    deps as never,
  );
  await backend.open();
  const answered = Object.keys(backend.operations);
  expect(answered.toSorted()).toEqual(Object.keys(OPERATIONS).toSorted());
});

// Source: the policy document of AWSXRayDaemonWriteAccess.
test('the daemon forwards what AWSXRayDaemonWriteAccess allows', () => {
  expect(ALL_OPERATIONS.flatMap(({ name, caller }) => (caller === 'account' ? [] : [name])).toSorted()).toEqual([
    'GetSamplingRules',
    'GetSamplingStatisticSummaries',
    'GetSamplingTargets',
    'PutTelemetryRecords',
    'PutTraceSegments',
  ]);
});

test('reading operations change nothing', () => {
  for (const { name, changes } of ALL_OPERATIONS)
    expect(changes ?? false, name).toBe(/^(Create|Delete|Update|Put(Encryption|Resource)|Tag|Untag)/.test(name));
});
