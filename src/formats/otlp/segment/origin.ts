import type { Resource } from '../messages.ts';
import { firstText } from './taken.ts';

const BY_PLATFORM: ReadonlyMap<string | undefined, string> = new Map([
  ['aws_app_runner', 'AWS::AppRunner::Service'],
  ['aws_eks', 'AWS::EKS::Container'],
  ['aws_elastic_beanstalk', 'AWS::ElasticBeanstalk::Environment'],
  ['aws_ec2', 'AWS::EC2::Instance'],
]);
const BY_LAUNCH_TYPE: ReadonlyMap<string | undefined, string> = new Map([
  ['ec2', 'AWS::ECS::EC2'],
  ['fargate', 'AWS::ECS::Fargate'],
]);

/** Whether the resource is in another cloud than AWS. One that names no cloud may be anywhere. */
export function isElsewhere({ attributes }: Resource): boolean {
  const provider = firstText(attributes, ['cloud.provider']);
  return provider !== undefined && provider !== 'aws';
}

/** The kind of AWS resource that a span's process runs on. Lambda has none: Lambda itself reports its functions. */
export function originOf(resource: Resource): string | undefined {
  if (isElsewhere(resource)) return undefined;
  const platform = firstText(resource.attributes, ['cloud.platform']);
  if (platform === 'aws_ecs') {
    const launchType = firstText(resource.attributes, ['aws.ecs.launchtype'])?.toLowerCase();
    return BY_LAUNCH_TYPE.get(launchType) ?? 'AWS::ECS::Container';
  }
  return BY_PLATFORM.get(platform);
}
