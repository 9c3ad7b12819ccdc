import { textOf } from '../json/json.ts';
import type { Span } from './model.ts';
import type { ServiceId } from './service-id.ts';

interface Resource {
  /** Member of `aws` with the resource's name. */
  readonly key: string;
  readonly type: string;
}

/** AWS services whose resources are separate nodes if the call has an operation. Source: recorded answers of X-Ray. */
const RESOURCES: Readonly<Record<string, Resource>> = {
  DynamoDB: { key: 'table_name', type: 'AWS::DynamoDB::Table' },
  S3: { key: 'bucket_name', type: 'AWS::S3::Bucket' },
  SQS: { key: 'queue_url', type: 'AWS::SQS::Queue' },
  SNS: { key: 'topic_arn', type: 'AWS::SNS' },
  Lambda: { key: 'function_name', type: 'AWS::Lambda' },
};

/** The service that a call goes to and that does not report itself. */
export function inferredServiceOf(call: Span): ServiceId {
  const { xrayName, aws } = call;
  if (call.namespace === 'remote')
    return { name: xrayName, type: call.sql === undefined ? 'remote' : 'Database::SQL', accountId: null };
  const resource =
    Object.hasOwn(RESOURCES, xrayName) && textOf(aws['operation']) !== undefined ? RESOURCES[xrayName] : undefined;
  const name = resource === undefined ? undefined : textOf(aws[resource.key]);
  return resource === undefined || name === undefined
    ? { name: xrayName, type: `AWS::${xrayName}`, accountId: null }
    : { name, type: resource.type, accountId: null };
}

/** `origin` of the inferred segment; remote calls have none. */
export function inferredOriginOf(call: Span): string | undefined {
  const { type } = inferredServiceOf(call);
  return type === 'remote' || type === null ? undefined : type;
}
