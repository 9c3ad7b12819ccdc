import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  ALL_OPERATIONS,
  OPERATIONS,
  type ChangingOperationName,
  type OperationName,
} from '../../../src/formats/xray/operations.ts';
import type { DaemonProcess } from '../../fakes/daemon-process.ts';
import { Scope } from '../../fakes/scope.ts';
import { RULE_FOR_ALL } from '../../fakes/sampling-rule.ts';

const scope = new Scope();
const AT_ONCE = 50;

type Json = Record<string, unknown>;

class Client {
  readonly daemon: DaemonProcess;

  constructor(daemon: DaemonProcess) {
    this.daemon = daemon;
  }

  /** A local X-Ray with this file; killed at the end. */
  static async start(file: string): Promise<Client> {
    const args = ['local', '--region', 'eu-west-1', '--account-id', '123456789012', '--data', file];
    return new Client(await scope.daemon({ args }));
  }

  async call(name: OperationName, body: Json): Promise<{ status: number; answer: Json }> {
    const answer = await fetch(this.daemon.tcpUrl + OPERATIONS[name].path, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    return { status: answer.status, answer: (await answer.json()) as Json };
  }

  /** Throws when it is not answered with 200. */
  async ok(name: OperationName, body: Json = {}): Promise<Json> {
    const { status, answer } = await this.call(name, body);
    if (status !== 200) throw new Error(`${name}: ${status} ${JSON.stringify(answer)}`);
    return answer;
  }

  /** All at once; the bodies of those that were answered with 200, and their answers. */
  async atOnce(name: OperationName, bodies: readonly Json[]): Promise<{ body: Json; answer: Json }[]> {
    const answers = await Promise.all(bodies.map(async (body) => ({ body, ...(await this.call(name, body)) })));
    return answers.filter(({ status }) => status === 200);
  }

  async names(): Promise<{ groups: string[]; rules: string[]; policies: string[] }> {
    const [groups, rules, policies] = [
      await this.ok('GetGroups'),
      await this.ok('GetSamplingRules'),
      await this.ok('ListResourcePolicies'),
    ];
    return {
      groups: (groups['Groups'] as Json[]).map(({ GroupName }) => String(GroupName)),
      rules: (rules['SamplingRuleRecords'] as { SamplingRule: Json }[]).map(({ SamplingRule }) =>
        String(SamplingRule['RuleName']),
      ),
      policies: (policies['ResourcePolicies'] as Json[]).map(({ PolicyName }) => String(PolicyName)),
    };
  }

  async groupArn(GroupName: string): Promise<string> {
    return String(((await this.ok('GetGroup', { GroupName }))['Group'] as Json)['GroupARN']);
  }

  async tags(group: string): Promise<Json[]> {
    return (await this.ok('ListTagsForResource', { ResourceARN: await this.groupArn(group) }))['Tags'] as Json[];
  }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const POLICY = (i: number): string => JSON.stringify({ Version: '2012-10-17', Statement: [{ Sid: `s${i}` }] });

interface Row {
  /** What has to be there before. */
  readonly before?: (client: Client) => Promise<unknown>;
  /** The bodies that are sent at once. */
  readonly bodies: (client: Client) => Promise<Json[]> | Json[];
  /** What those that were answered with 200 must have left. */
  readonly left: (client: Client, done: { body: Json; answer: Json }[]) => Promise<void>;
  /** How many of them have to succeed, at least. */
  readonly least: number;
}

const tagsOf = (count: number): Json[] => numbers(count).map((i) => ({ Key: `k${i}`, Value: 'v' }));
const group = (client: Client, GroupName: string): Promise<Json> =>
  client.ok('CreateGroup', { GroupName, FilterExpression: 'ok', Tags: tagsOf(20) });
const groups = (client: Client) =>
  Promise.all(numbers(20).map((i) => client.ok('CreateGroup', { GroupName: `g${i}`, FilterExpression: 'ok' })));
const rules = (client: Client) =>
  Promise.all(
    numbers(20).map((i) => client.ok('CreateSamplingRule', { SamplingRule: { ...RULE_FOR_ALL, RuleName: `r${i}` } })),
  );

/** Every operation that changes something: a new one has no row here until it has a test. */
const ROWS: Record<ChangingOperationName, Row> = {
  CreateGroup: {
    least: 24,
    bodies: () =>
      numbers(AT_ONCE).map((i) => ({
        GroupName: `g${i}`,
        FilterExpression: 'ok',
        Tags: [{ Key: 'k', Value: `v${i}` }],
      })),
    left: async (client, done) => {
      const { groups: names } = await client.names();
      expect(names.toSorted()).toEqual(['Default', ...done.map(({ body }) => String(body['GroupName']))].toSorted());
      for (const { body } of done) expect(await client.tags(String(body['GroupName']))).toEqual(body['Tags']);
    },
  },
  UpdateGroup: {
    least: AT_ONCE,
    before: groups,
    bodies: () => numbers(AT_ONCE).map((i) => ({ GroupName: `g${i % 20}`, FilterExpression: `responsetime > ${i}` })),
    left: async (client, done) => {
      for (const i of numbers(20)) {
        const mine = done
          .filter(({ body }) => body['GroupName'] === `g${i}`)
          .map(({ body }) => body['FilterExpression']);
        const { Group } = await client.ok('GetGroup', { GroupName: `g${i}` });
        expect(mine).toContain((Group as Json)['FilterExpression']);
      }
    },
  },
  DeleteGroup: {
    least: 20,
    before: groups,
    bodies: () => numbers(AT_ONCE).map((i) => ({ GroupName: `g${i % 20}` })),
    left: async (client, done) => {
      expect(done).toHaveLength(20);
      expect((await client.names()).groups).toEqual(['Default']);
    },
  },
  CreateSamplingRule: {
    least: 25,
    bodies: () =>
      numbers(AT_ONCE).map((i) => ({
        SamplingRule: { ...RULE_FOR_ALL, RuleName: `r${i}` },
        Tags: [{ Key: 'k', Value: `v${i}` }],
      })),
    left: async (client, done) => {
      const made = done.map(({ body }) => String((body['SamplingRule'] as Json)['RuleName']));
      expect((await client.names()).rules.toSorted()).toEqual(['Default', ...made].toSorted());
    },
  },
  UpdateSamplingRule: {
    least: AT_ONCE,
    before: rules,
    bodies: () => numbers(AT_ONCE).map((i) => ({ SamplingRuleUpdate: { RuleName: `r${i % 20}`, Priority: 100 + i } })),
    left: async (client, done) => {
      const { SamplingRuleRecords: records } = await client.ok('GetSamplingRules');
      for (const i of numbers(20)) {
        const mine = done
          .map(({ body }) => body['SamplingRuleUpdate'] as Json)
          .filter(({ RuleName }) => RuleName === `r${i}`);
        const { SamplingRule } = (records as { SamplingRule: Json }[]).find(
          (record) => record.SamplingRule['RuleName'] === `r${i}`,
        )!;
        expect(mine.map(({ Priority }) => Priority)).toContain(SamplingRule['Priority']);
      }
    },
  },
  DeleteSamplingRule: {
    least: 20,
    before: rules,
    bodies: () => numbers(AT_ONCE).map((i) => ({ RuleName: `r${i % 20}` })),
    left: async (client, done) => {
      expect(done).toHaveLength(20);
      expect((await client.names()).rules).toEqual(['Default']);
    },
  },
  TagResource: {
    least: 30,
    before: (client) => group(client, 'tagged'),
    bodies: async (client) => {
      const ResourceARN = await client.groupArn('tagged');
      return numbers(AT_ONCE).map((i) => ({ ResourceARN, Tags: [{ Key: `new${i}`, Value: 'v' }] }));
    },
    left: async (client, done) => {
      const made = done.map(({ body }) => (body['Tags'] as Json[])[0]!['Key'] as string);
      expect((await client.tags('tagged')).map(({ Key }) => String(Key)).toSorted()).toEqual(
        [...tagsOf(20).map(({ Key }) => String(Key)), ...made].toSorted(),
      );
    },
  },
  UntagResource: {
    least: AT_ONCE,
    before: (client) => group(client, 'untagged'),
    bodies: async (client) => {
      const ResourceARN = await client.groupArn('untagged');
      return numbers(AT_ONCE).map((i) => ({ ResourceARN, TagKeys: [`k${i}`] }));
    },
    left: async (client) => expect(await client.tags('untagged')).toEqual([]),
  },
  PutResourcePolicy: {
    least: 5,
    bodies: () => numbers(AT_ONCE).map((i) => ({ PolicyName: `p${i}`, PolicyDocument: POLICY(i) })),
    left: async (client, done) => {
      expect((await client.names()).policies.toSorted()).toEqual(
        done.map(({ body }) => String(body['PolicyName'])).toSorted(),
      );
    },
  },
  DeleteResourcePolicy: {
    least: 5,
    before: (client) =>
      Promise.all(
        numbers(5).map((i) => client.ok('PutResourcePolicy', { PolicyName: `p${i}`, PolicyDocument: POLICY(i) })),
      ),
    bodies: () => numbers(AT_ONCE).map((i) => ({ PolicyName: `p${i}` })),
    left: async (client) => expect((await client.names()).policies).toEqual([]),
  },
  PutEncryptionConfig: {
    least: AT_ONCE,
    bodies: () => numbers(AT_ONCE).map((i) => ({ Type: 'KMS', KeyId: `alias/k${i}` })),
    left: async (client, done) => {
      const { EncryptionConfig } = await client.ok('GetEncryptionConfig');
      expect(done.map(({ body }) => body['KeyId'])).toContain((EncryptionConfig as Json)['KeyId']);
    },
  },
  UpdateTraceSegmentDestination: {
    least: 1,
    bodies: () => numbers(AT_ONCE).map(() => ({ Destination: 'CloudWatchLogs' })),
    left: async (client) =>
      expect((await client.ok('GetTraceSegmentDestination'))['Destination']).toBe('CloudWatchLogs'),
  },
  UpdateIndexingRule: {
    least: AT_ONCE,
    bodies: () =>
      numbers(AT_ONCE).map((i) => ({ Name: 'Default', Rule: { Probabilistic: { DesiredSamplingPercentage: i + 1 } } })),
    left: async (client, done) => {
      const { IndexingRules } = (await client.ok('GetIndexingRules')) as {
        IndexingRules: { Rule: { Probabilistic: Json } }[];
      };
      const now = IndexingRules[0]!.Rule.Probabilistic['DesiredSamplingPercentage'];
      expect(
        done.map(
          ({ body }) => (body as { Rule: { Probabilistic: Json } }).Rule.Probabilistic['DesiredSamplingPercentage'],
        ),
      ).toContain(now);
    },
  },
};

const CHANGING = ALL_OPERATIONS.filter(({ changes }) => changes === true).map(
  ({ name }) => name as ChangingOperationName,
);

/** Operations that do not touch what the others of their list do: one process answers them all. */
const TOGETHER: readonly (readonly ChangingOperationName[])[] = [
  ['CreateGroup', 'CreateSamplingRule', 'PutResourcePolicy', 'PutEncryptionConfig', 'UpdateIndexingRule'],
  ['UpdateGroup', 'UpdateSamplingRule', 'TagResource', 'UntagResource', 'UpdateTraceSegmentDestination'],
  ['DeleteGroup', 'DeleteSamplingRule', 'DeleteResourcePolicy'],
];

test.each(TOGETHER.map((names) => [names.join(', '), names] as const))(
  `${AT_ONCE} times each of %s at once: everything answered with 200 exists, even after kill -9 and a restart`,
  async (_title, names) => {
    const file = join(scope.folder(), 'traces.db');
    const client = await Client.start(file);
    for (const name of names) await ROWS[name].before?.(client);
    const calls: [name: ChangingOperationName, bodies: readonly Json[]][] = [];
    for (const name of names) calls.push([name, await ROWS[name].bodies(client)]);
    const done = await Promise.all(calls.map(([name, bodies]) => client.atOnce(name, bodies)));
    await client.daemon.stop('SIGKILL');
    for (const [i, name] of names.entries()) expect(done[i]!.length, name).toBeGreaterThanOrEqual(ROWS[name].least);
    const again = await Client.start(file);
    for (const [i, name] of names.entries()) await ROWS[name].left(again, done[i]!);
  },
);

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'concurrent changes of all kinds lose nothing, with %s in between',
  async (signal) => {
    const file = join(scope.folder(), 'traces.db');
    const client = await Client.start(file);
    const done = { groups: [] as string[], rules: [] as string[], policies: [] as string[] };
    const add = async (name: OperationName, body: Json, made: string[], id: string): Promise<void> => {
      // The last ones find nobody at home.
      const answer = await client.call(name, body).catch(() => undefined);
      if (answer?.status === 200) made.push(id);
    };
    const calls = numbers(24).flatMap((i) => [
      add('CreateGroup', { GroupName: `g${i}`, FilterExpression: 'ok' }, done.groups, `g${i}`),
      add('CreateSamplingRule', { SamplingRule: { ...RULE_FOR_ALL, RuleName: `r${i}` } }, done.rules, `r${i}`),
      add('PutResourcePolicy', { PolicyName: `p${i % 5}`, PolicyDocument: POLICY(i) }, done.policies, `p${i % 5}`),
      client.call('PutEncryptionConfig', { Type: 'KMS', KeyId: `k${i}` }).catch(() => undefined),
    ]);
    while (done.groups.length < 5) await new Promise((next) => setTimeout(next, 1));
    await client.daemon.stop(signal);
    await Promise.all(calls);
    expect(client.daemon.find(/please report this/)).toBeUndefined();
    const { groups: left, rules: leftRules, policies } = await (await Client.start(file)).names();
    expect(left).toEqual(expect.arrayContaining(done.groups));
    expect(leftRules).toEqual(expect.arrayContaining(done.rules));
    expect(policies).toEqual(expect.arrayContaining(done.policies));
  },
);

test('each operation has its own row, and is sent', () => {
  expect(Object.keys(ROWS).toSorted()).toEqual(CHANGING.toSorted());
  expect(TOGETHER.flat().toSorted()).toEqual(CHANGING.toSorted());
});
