import { textOf, type Json } from '../json/json.ts';
import type { Span } from './model.ts';
import type { ServiceId } from './service-id.ts';

interface Resource {
  /** Members of `aws` with the resource's name; the first that exists counts. */
  readonly keys: readonly string[];
  readonly type: string;
}

/** AWS services whose resources are separate nodes if the call has an operation. Source: recorded answers of X-Ray. */
const RESOURCES: Readonly<Record<string, Resource>> = {
  DynamoDB: { keys: ['table_name'], type: 'AWS::DynamoDB::Table' },
  S3: { keys: ['bucket_name'], type: 'AWS::S3::Bucket' },
  SQS: { keys: ['queue_url'], type: 'AWS::SQS::Queue' },
  SNS: { keys: ['topic_arn'], type: 'AWS::SNS' },
  Lambda: { keys: ['function_name'], type: 'AWS::Lambda' },
};

/** The service that a call goes to and that does not report itself. */
export function inferredServiceOf(call: Span): ServiceId {
  const { xrayName, aws } = call;
  if (call.namespace === 'remote')
    return { name: xrayName, type: call.sql === undefined ? 'remote' : 'Database::SQL', accountId: null };
  const resource = Object.hasOwn(RESOURCES, xrayName) ? RESOURCES[xrayName] : undefined;
  const name =
    resource === undefined || textOf(aws['operation']) === undefined ? undefined : firstText(aws, resource.keys);
  return { name: name ?? xrayName, type: name === undefined ? `AWS::${xrayName}` : resource!.type, accountId: null };
}

/** `origin` of the inferred segment; remote calls have none. */
export function inferredOriginOf(call: Span): string | undefined {
  const { type } = inferredServiceOf(call);
  return type === 'remote' || type === null ? undefined : type;
}

function firstText(aws: Json, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const text = textOf(aws[key]);
    if (text !== undefined) return text;
  }
  return undefined;
}
