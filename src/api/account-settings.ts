import { double } from '../json/aws-json.ts';
import { ApiError, invalid, notFound } from './api-error.ts';
import type { Answer, Operation } from './operation.ts';
import type { Saved } from './saved.ts';
import { boolean, number, oneOf, request, shortToken, text, token } from './schemas.ts';

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

/** What an account sets for all its traces. Nothing of it changes how the local X-Ray works; it is there to be written and read. */
export function accountOperations(saved: Saved<AccountState>, now: () => number): Operation[] {
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
  return [
    { name: 'GetEncryptionConfig', schema: {}, handle: async () => encryption('ACTIVE') },
    {
      name: 'PutEncryptionConfig',
      schema: request({ KeyId: text(1, 3_000), Type: oneOf('NONE', 'KMS') }, 'Type'),
      change: ({ Type, KeyId }) => {
        if ((Type === 'KMS') !== (KeyId !== undefined))
          throw invalid(Type === 'KMS' ? 'KeyId is required for type KMS' : 'KeyId must be empty for type NONE');
        change({ encryption: { Type: Type as string, KeyId: (KeyId as string | undefined) ?? null } });
        return encryption('UPDATING');
      },
    },
    { name: 'GetTraceSegmentDestination', schema: {}, handle: async () => destination('ACTIVE') },
    {
      name: 'UpdateTraceSegmentDestination',
      schema: request({
        Destination: oneOf('XRay', 'CloudWatchLogs'),
        CloudWatchLogsConfiguration: request({ SpansLogGroupKmsKeyId: text(1, 256) }),
      }),
      change: ({ Destination }) => {
        if (Destination === undefined) throw invalid('Destination must be XRay or CloudWatchLogs');
        if (Destination === saved.value.destination) throw invalid(`The destination is already set to ${saved.value.destination}`);
        change({ destination: Destination as string });
        return destination('PENDING');
      },
    },
    { name: 'GetIndexingRules', schema: request({ NextToken: token }), handle: async () => ({ IndexingRules: [indexing()], NextToken: null }) },
    {
      name: 'UpdateIndexingRule',
      schema: request(
        { Name: text(), Rule: request({ Probabilistic: request({ DesiredSamplingPercentage: number(0, 100) }, 'DesiredSamplingPercentage') }) },
        'Name',
        'Rule',
      ),
      change: ({ Name, Rule }) => {
        if (Name !== 'Default') throw notFound(Name as string);
        const { Probabilistic } = Rule as { Probabilistic?: { DesiredSamplingPercentage: number } };
        if (Probabilistic === undefined) throw invalid('Rule must have Probabilistic');
        change({ indexingPercentage: Probabilistic.DesiredSamplingPercentage, indexingModifiedAt: now() });
        return { IndexingRule: indexing() };
      },
    },
    ...policyOperations(saved, change, now),
  ];
}

function policyOperations(saved: Saved<AccountState>, change: (members: Partial<AccountState>) => void, now: () => number): Operation[] {
  const shown = (policy: Policy): Answer => ({ ...policy, LastUpdatedTime: double(policy.LastUpdatedTime) });
  const others = (name: unknown): readonly Policy[] => saved.value.policies.filter(({ PolicyName }) => PolicyName !== name);
  const stale = (what: 'modified' | 'modified or deleted', name: unknown): ApiError =>
    new ApiError('InvalidPolicyRevisionIdException', `Another concurrent request has ${what} the resource policy ${String(name)}`);
  const name = { type: 'string', minLength: 1, maxLength: 128, pattern: String.raw`^[\w+=,.@-]+$` };
  return [
    {
      name: 'ListResourcePolicies',
      schema: request({ NextToken: shortToken }),
      handle: async ({ NextToken }) => {
        if (NextToken !== undefined) throw invalid('NextToken is currently not supported');
        return { ResourcePolicies: saved.value.policies.map(shown), NextToken: null };
      },
    },
    {
      name: 'PutResourcePolicy',
      schema: request(
        { PolicyName: name, PolicyDocument: text(), PolicyRevisionId: text(), BypassPolicyLockoutCheck: boolean },
        'PolicyName',
        'PolicyDocument',
      ),
      change: ({ PolicyName, PolicyDocument, PolicyRevisionId }) => {
        const document = PolicyDocument as string;
        if (!isPolicy(document)) throw new ApiError('MalformedPolicyDocumentException', '');
        if (Buffer.byteLength(document) > MAX_POLICY_BYTES)
          throw new ApiError('PolicySizeLimitExceededException', 'The policy document is larger than 5 KB');
        const old = saved.value.policies.find((policy) => policy.PolicyName === PolicyName);
        // Revision "0" asks that there is none yet; the first is "1". Source: X-Ray's model, recorded answers of X-Ray.
        const revision = old?.PolicyRevisionId ?? '0';
        if (PolicyRevisionId !== undefined && PolicyRevisionId !== revision) throw stale('modified', PolicyName);
        if (old === undefined && saved.value.policies.length >= MAX_POLICIES) {
          throw new ApiError('PolicyCountLimitExceededException', `There are ${MAX_POLICIES} resource policies already`);
        }
        const policy = {
          PolicyName: PolicyName as string,
          PolicyDocument: document,
          PolicyRevisionId: String(Number(revision) + 1),
          LastUpdatedTime: Math.floor(now()),
        };
        change({ policies: [...others(PolicyName), policy] });
        return { ResourcePolicy: shown(policy) };
      },
    },
    {
      name: 'DeleteResourcePolicy',
      schema: request({ PolicyName: name, PolicyRevisionId: text() }, 'PolicyName'),
      change: ({ PolicyName, PolicyRevisionId }) => {
        const old = saved.value.policies.find((policy) => policy.PolicyName === PolicyName);
        if (PolicyRevisionId !== undefined && PolicyRevisionId !== old?.PolicyRevisionId) throw stale('modified or deleted', PolicyName);
        if (old === undefined) throw invalid(`The resource policy ${String(PolicyName)} does not exist.`);
        change({ policies: others(PolicyName) });
        return {};
      },
    },
  ];
}

function isPolicy(document: string): boolean {
  try {
    const policy: unknown = JSON.parse(document);
    return typeof policy === 'object' && policy !== null && 'Statement' in policy;
  } catch {
    return false;
  }
}
