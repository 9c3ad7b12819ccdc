import { double, exactNumber, seconds } from '../json/aws-json.ts';
import { ExactNumber } from '../json/exact-number.ts';
import { member, textOf } from '../json/json.ts';
import { servicesOf } from '../trace/map.ts';
import { causeMembers, outcomeMembers, serviceMembers } from '../trace/members.ts';
import type { AnnotationValue } from '../trace/model.ts';
import type { TraceView } from '../trace/trace-view.ts';

/** What GetTraceSummaries adds, depending on the range and filter that found the trace. */
export interface Match {
  /** Seconds since the epoch; for the range types Event and Service. */
  readonly eventTime: number | undefined;
  readonly service: object | undefined;
  readonly edge: object | undefined;
}

/**
 * Values of annotations in a summary. AWS lists those that it indexes, 50 of a trace. As objects and text, all values
 * of a large trace took 20 times the memory of its documents.
 */
const MAX_ANNOTATIONS = 1_000;

const OK = { isFault: false, isError: false, isThrottle: false };

/** A member of `TraceSummaries`. Has every key, with null if there is no value. Source: recorded answers of X-Ray. */
export function summaryOf(view: TraceView, match: Match): object {
  const { trace, root } = view;
  const http = root?.http;
  return {
    Id: trace.id,
    StartTime: double(view.startSecond),
    Duration: seconds(view.duration),
    ResponseTime: seconds(view.responseTime),
    ...outcomeMembers(root?.outcome ?? OK),
    IsPartial: view.isPartial,
    Http: {
      HttpURL: http?.url ?? null,
      HttpStatus: root?.httpStatus ?? null,
      HttpMethod: http?.method ?? null,
      UserAgent: http?.userAgent ?? null,
      ClientIp: http?.clientIp ?? null,
    },
    Annotations: annotationsIn(view),
    Users: view.textsOf(({ user }) => user).map((UserName) => ({ UserName, ServiceIds: null })),
    ServiceIds: servicesOf(view.map).map(serviceMembers),
    ResourceARNs: view.textsOf(({ resourceArn }) => resourceArn).map((ARN) => ({ ARN })),
    InstanceIds: view.textsOf(({ aws }) => textOf(member(aws['ec2'], 'instance_id'))).map((Id) => ({ Id })),
    AvailabilityZones: view
      .textsOf(({ aws }) => textOf(member(aws['ec2'], 'availability_zone')))
      .map((Name) => ({ Name })),
    EntryPoint: root === undefined ? null : serviceMembers(trace.serviceOf(root)),
    FaultRootCauses: view.causes('fault').map((cause) => causeMembers('fault', cause)),
    ErrorRootCauses: view.causes('error').map((cause) => causeMembers('error', cause)),
    ResponseTimeRootCauses: view.causes('responsetime').map((cause) => causeMembers('responsetime', cause)),
    Revision: trace.revision,
    MatchedEventTime: double(match.eventTime),
    MatchedService: match.service ?? null,
    MatchedEdge: match.edge ?? null,
  };
}

function annotationsIn({ annotations }: TraceView): Record<string, object[]> {
  const members: [key: string, values: object[]][] = [];
  let left = MAX_ANNOTATIONS;
  for (const [key, values] of annotations) {
    if (left === 0) break;
    const shown = values.slice(0, left);
    members.push([key, shown.map(annotationMembers)]);
    left -= shown.length;
  }
  return Object.fromEntries(members);
}

function annotationMembers(value: AnnotationValue): object {
  return {
    AnnotationValue: {
      NumberValue: typeof value === 'number' ? double(value) : value instanceof ExactNumber ? exactNumber(value) : null,
      BooleanValue: typeof value === 'boolean' ? value : null,
      StringValue: typeof value === 'string' ? value : null,
    },
    ServiceIds: null,
  };
}
