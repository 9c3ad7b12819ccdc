import * as Type from './type.ts';
import { double } from '../json/aws-json.ts';
import { ApiError, invalid, notFound } from './api-error.ts';
import { NextToken, oneOf, ShortToken } from './members.ts';
import { changes, reads, type Answer, type Operations } from './operation.ts';
import type { Saved } from './saved.ts';

interface Policy {
  readonly PolicyName: string;
  readonly PolicyDocument: string;
  readonly PolicyRevisionId: string;
  readonly LastUpdatedTime: number;
}

export interface AccountState {
  readonly encryption: { readonly Type: string; readonly KeyId: string | null };
  readonly policies: readonly Policy[];
  readonly destination: string;
  readonly indexingPercentage: number;
  readonly indexingModifiedAt: number;
}

export const INITIAL_ACCOUNT: AccountState = {
  encryption: { Type: 'NONE', KeyId: null },
  policies: [],
  destination: 'XRay',
  indexingPercentage: 1,
  indexingModifiedAt: 0,
};

/** X-Ray's quotas for resource policies. */
const MAX_POLICIES = 5;
const MAX_POLICY_BYTES = 5 * 1024;

/**
 * Settings of an account that apply to all its traces. They change nothing in the local X-Ray; clients can only write
 * and read them.
 */
export function accountOperations(saved: Saved<AccountState>, now: () => number) {
  const change = (members: Partial<AccountState>): void => saved.set({ ...saved.value, ...members });
  const encryption = (status: string): Answer => ({ EncryptionConfig: { ...saved.value.encryption, Status: status } });
  const destination = (status: string): Answer => ({ Destination: saved.value.destination, Status: status });
  const indexing = (): Answer => ({
    Name: 'Default',
    ModifiedAt: double(saved.value.indexingModifiedAt),
    Rule: {
      Probabilistic: {
        DesiredSamplingPercentage: double(saved.value.indexingPercentage),
        ActualSamplingPercentage: double(saved.value.indexingPercentage),
      },
    },
  });
  return {
    GetEncryptionConfig: reads(Type.Unknown(), async () => encryption('ACTIVE')),
    PutEncryptionConfig: changes(
      Type.Object({
        KeyId: Type.Optional(Type.String({ minLength: 1, maxLength: 3_000 })),
        Type: oneOf('NONE', 'KMS'),
      }),
      ({ Type: type, KeyId }) => {
        if ((type === 'KMS') !== (KeyId !== undefined))
          throw invalid(type === 'KMS' ? 'KeyId is required for type KMS' : 'KeyId must be empty for type NONE');
        change({ encryption: { Type: type, KeyId: KeyId ?? null } });
        return encryption('UPDATING');
      },
    ),
    GetTraceSegmentDestination: reads(Type.Unknown(), async () => destination('ACTIVE')),
    UpdateTraceSegmentDestination: changes(
      Type.Object({
        Destination: Type.Optional(oneOf('XRay', 'CloudWatchLogs')),
        CloudWatchLogsConfiguration: Type.Optional(
          Type.Object({ SpansLogGroupKmsKeyId: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })) }),
        ),
      }),
      ({ Destination }) => {
        if (Destination === undefined) throw invalid('Destination must be XRay or CloudWatchLogs');
        if (Destination === saved.value.destination)
          throw invalid(`The destination is already set to ${saved.value.destination}`);
        change({ destination: Destination });
        return destination('PENDING');
      },
    ),
    GetIndexingRules: reads(Type.Object({ NextToken }), async () => ({ IndexingRules: [indexing()], NextToken: null })),
    UpdateIndexingRule: changes(
      Type.Object({
        Name: Type.String(),
        Rule: Type.Object({
          Probabilistic: Type.Optional(
            Type.Object({ DesiredSamplingPercentage: Type.Number({ minimum: 0, maximum: 100 }) }),
          ),
        }),
      }),
      ({ Name, Rule: { Probabilistic } }) => {
        if (Name !== 'Default') throw notFound(Name);
        if (Probabilistic === undefined) throw invalid('Rule must have Probabilistic');
        change({ indexingPercentage: Probabilistic.DesiredSamplingPercentage, indexingModifiedAt: now() });
        return { IndexingRule: indexing() };
      },
    ),
    ...policyOperations(saved, change, now),
  } satisfies Partial<Operations>;
}

function policyOperations(
  saved: Saved<AccountState>,
  change: (members: Partial<AccountState>) => void,
  now: () => number,
) {
  const shown = (policy: Policy): Answer => ({ ...policy, LastUpdatedTime: double(policy.LastUpdatedTime) });
  const find = (name: string): Policy | undefined => saved.value.policies.find(({ PolicyName }) => PolicyName === name);
  const others = (name: string): readonly Policy[] =>
    saved.value.policies.filter(({ PolicyName }) => PolicyName !== name);
  const stale = (what: 'modified' | 'modified or deleted', name: string): ApiError =>
    new ApiError(
      'InvalidPolicyRevisionIdException',
      `Another concurrent request has ${what} the resource policy ${name}`,
    );
  const PolicyName = Type.String({ minLength: 1, maxLength: 128, pattern: String.raw`^[\w+=,.@-]+$` });
  const PolicyRevisionId = Type.Optional(Type.String());
  return {
    ListResourcePolicies: reads(Type.Object({ NextToken: ShortToken }), async ({ NextToken: token }) => {
      if (token !== undefined) throw invalid('NextToken is currently not supported');
      return { ResourcePolicies: saved.value.policies.map(shown), NextToken: null };
    }),
    PutResourcePolicy: changes(
      Type.Object({
        PolicyName,
        PolicyDocument: Type.String(),
        PolicyRevisionId,
        BypassPolicyLockoutCheck: Type.Optional(Type.Boolean()),
      }),
      ({ PolicyName: name, PolicyDocument: document, PolicyRevisionId: given }) => {
        if (!isPolicy(document)) throw new ApiError('MalformedPolicyDocumentException', '');
        if (Buffer.byteLength(document) > MAX_POLICY_BYTES)
          throw new ApiError('PolicySizeLimitExceededException', 'The policy document is larger than 5 KB');
        const old = find(name);
        // Revision "0" means that there must be no policy yet; the first revision is "1". Source: X-Ray's model,
        // recorded answers of X-Ray.
        const revision = old?.PolicyRevisionId ?? '0';
        if (given !== undefined && given !== revision) throw stale('modified', name);
        if (old === undefined && saved.value.policies.length >= MAX_POLICIES) {
          throw new ApiError(
            'PolicyCountLimitExceededException',
            `There are ${MAX_POLICIES} resource policies already`,
          );
        }
        const policy = {
          PolicyName: name,
          PolicyDocument: document,
          PolicyRevisionId: String(Number(revision) + 1),
          LastUpdatedTime: Math.floor(now()),
        };
        change({ policies: [...others(name), policy] });
        return { ResourcePolicy: shown(policy) };
      },
    ),
    DeleteResourcePolicy: changes(
      Type.Object({ PolicyName, PolicyRevisionId }),
      ({ PolicyName: name, PolicyRevisionId: given }) => {
        const old = find(name);
        if (given !== undefined && given !== old?.PolicyRevisionId) throw stale('modified or deleted', name);
        if (old === undefined) throw invalid(`The resource policy ${name} does not exist.`);
        change({ policies: others(name) });
        return {};
      },
    ),
  } satisfies Partial<Operations>;
}

function isPolicy(document: string): boolean {
  try {
    const policy: unknown = JSON.parse(document);
    return typeof policy === 'object' && policy !== null && 'Statement' in policy;
  } catch {
    return false;
  }
}
