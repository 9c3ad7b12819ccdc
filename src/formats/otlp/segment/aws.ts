import type { Json } from '../../../json/json.ts';
import type { Attributes, Resource, Value } from '../messages.ts';
import { isElsewhere } from './origin.ts';
import { firstText, integerOf, keyGroup, textsOf, type Taken } from './taken.ts';

/** Members that describe the call, not the service that makes it. */
export const CALL_MEMBERS = [
  'operation',
  'account_id',
  'region',
  'request_id',
  'queue_url',
  'table_name',
  'table_names',
] as const;

const TAKEN = [
  'aws.operation',
  'rpc.method',
  'aws.account_id',
  'aws.region',
  'aws.request_id',
  'aws.requestId',
  'aws.sqs.queue.url',
  'aws.queue_url',
  'aws.queue.url',
  'aws.table_name',
  'aws.table.name',
];
const TABLE_NAMES = 'aws.dynamodb.table_names';
const CALL = keyGroup([...TAKEN, TABLE_NAMES, 'messaging.url']);

/** What all spans of a resource have in the block `aws`; undefined in another cloud. */
export function awsOfResource(resource: Resource, logGroups: readonly string[]): Json | undefined {
  if (isElsewhere(resource)) return undefined;
  const { attributes } = resource;
  return filled({
    account_id: firstText(attributes, ['cloud.account.id']),
    ec2: ec2Of(attributes),
    ecs: ecsOf(attributes),
    eks: eksOf(attributes),
    elastic_beanstalk: beanstalkOf(attributes),
    cloudwatch_logs: logsOf(attributes, logGroups),
    xray: {
      ...filled({ sdk: sdkOf(attributes), sdk_version: firstText(attributes, ['telemetry.sdk.version']) }),
      auto_instrumentation: firstText(attributes, ['telemetry.auto.version', 'telemetry.distro.version']) !== undefined,
    },
  });
}

/** The block `aws` of a segment: what the span says about a call to AWS, in addition to what its resource has. */
export function awsOf(ofResource: Json, attributes: Taken): Json {
  if (!attributes.hasAny(CALL)) return ofResource;
  const block: Record<string, unknown> = { ...ofResource };
  set(block, 'operation', attributes.text('aws.operation', 'rpc.method'));
  set(block, 'account_id', attributes.text('aws.account_id'));
  set(block, 'region', attributes.text('aws.region'));
  set(block, 'request_id', attributes.text('aws.request_id', 'aws.requestId'));
  set(block, 'queue_url', attributes.text('messaging.url', 'aws.sqs.queue.url', 'aws.queue_url', 'aws.queue.url'));
  const tables = textsOf(attributes.all[TABLE_NAMES]);
  if (tables.length > 1) block['table_names'] = tables;
  else set(block, 'table_name', tables[0] ?? attributes.text('aws.table_name', 'aws.table.name'));
  for (const key of TAKEN) if (typeof attributes.all[key] === 'string') attributes.take(key);
  return block;
}

function set(block: Record<string, unknown>, name: string, value: string | undefined): void {
  if (value !== undefined) block[name] = value;
}

/** The members that are known: X-Ray would show null as a value. */
function filled(members: Readonly<Record<string, unknown>>): Json {
  const known: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(members)) if (value !== undefined) known[name] = value;
  return known;
}

function sdkOf(attributes: Attributes): string | undefined {
  const name = firstText(attributes, ['telemetry.sdk.name']);
  const language = firstText(attributes, ['telemetry.sdk.language']);
  return name === undefined || language === undefined ? name : `${name} for ${language}`;
}

function platformOf(attributes: Attributes): string | undefined {
  return firstText(attributes, ['cloud.platform']);
}

/** `host.id` alone says nothing: a laptop has one too. */
function ec2Of(attributes: Attributes): Json | undefined {
  const isHostOfAws =
    firstText(attributes, ['host.id']) !== undefined && firstText(attributes, ['cloud.provider']) === 'aws';
  if (platformOf(attributes) !== 'aws_ec2' && !isHostOfAws) return undefined;
  return filled({
    instance_id: firstText(attributes, ['host.id']),
    availability_zone: firstText(attributes, ['cloud.availability_zone']),
    instance_size: firstText(attributes, ['host.type']),
    ami_id: firstText(attributes, ['host.image.id']),
  });
}

function ecsOf(attributes: Attributes): Json | undefined {
  if (platformOf(attributes) !== 'aws_ecs') return undefined;
  return filled({
    container: firstText(attributes, ['container.name']),
    container_id: firstText(attributes, ['container.id']),
    task_arn: firstText(attributes, ['aws.ecs.task.arn']),
    task_family: firstText(attributes, ['aws.ecs.task.family']),
    cluster_arn: firstText(attributes, ['aws.ecs.cluster.arn']),
    container_arn: firstText(attributes, ['aws.ecs.container.arn']),
    availability_zone: firstText(attributes, ['cloud.availability_zone']),
    launch_type: firstText(attributes, ['aws.ecs.launchtype']),
  });
}

/** Also of clusters outside of EKS. */
function eksOf(attributes: Attributes): Json | undefined {
  const cluster = firstText(attributes, ['k8s.cluster.name']);
  if (platformOf(attributes) !== 'aws_eks' && cluster === undefined) return undefined;
  return filled({
    cluster_name: cluster,
    pod: firstText(attributes, ['k8s.pod.name']),
    container_id: firstText(attributes, ['container.id']),
  });
}

function beanstalkOf(attributes: Attributes): Json | undefined {
  const instance = attributes['service.instance.id'];
  if (platformOf(attributes) !== 'aws_elastic_beanstalk' || instance === undefined) return undefined;
  return filled({
    environment_name: firstText(attributes, ['service.namespace']),
    version_label: firstText(attributes, ['service.version']),
    deployment_id: integerOf(instance) ?? 0,
  });
}

/** By ARN, else by name, else as configured. */
function logsOf(attributes: Attributes, configured: readonly string[]): readonly Json[] | undefined {
  const arns = groupsIn(attributes['aws.log.group.arns']);
  if (arns.length > 0) return arns.map((arn) => ({ log_group: arn.split(':')[6] ?? arn, arn }));
  const names = groupsIn(attributes['aws.log.group.names']);
  const groups = names.length > 0 ? names : configured;
  return groups.length > 0 ? groups.map((log_group) => ({ log_group })) : undefined;
}

/** compat: `OTEL_RESOURCE_ATTRIBUTES` holds texts only, so that several groups are joined by `&`. */
function groupsIn(value: Value | undefined): string[] {
  const groups = typeof value === 'string' ? value.split('&') : textsOf(value);
  return groups.filter((group) => group !== '');
}
