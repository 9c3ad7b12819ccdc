import type { Entity } from './entity.ts';
import { isObject, textOf, type Json } from '../json/json.ts';

/** Identifies a node of the service map: segments with the same identity belong to the same service. */
export interface ServiceId {
  readonly name: string;
  /** `origin` of its segments; null if they have none. */
  readonly type: string | null;
  readonly accountId: string | null;
}

export function keyOf({ name, type, accountId }: ServiceId): string {
  return `${name}\n${type ?? ''}\n${accountId ?? ''}`;
}

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
export function inferredServiceOf(call: Entity): ServiceId {
  const { json } = call;
  if (json['namespace'] === 'remote') return { name: call.name, type: isObject(json['sql']) ? 'Database::SQL' : 'remote', accountId: null };
  const { aws } = call;
  const resource = Object.hasOwn(RESOURCES, call.name) ? RESOURCES[call.name] : undefined;
  const name = resource === undefined || textOf(aws['operation']) === undefined ? undefined : firstText(aws, resource.keys);
  return { name: name ?? call.name, type: name === undefined ? `AWS::${call.name}` : resource!.type, accountId: null };
}

/** `origin` of the inferred segment; remote calls have none. */
export function inferredOriginOf(call: Entity): string | undefined {
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
