import type { Trace } from './assemble.ts';
import type { Entity } from './entity.ts';
import { arrayOf, isObject, member, numberOf, textOf } from '../json/json.ts';
import { inferredServiceOf, type ServiceId } from './service-id.ts';

/** A link from a (sub)segment to another trace that it continues, or that continues it, for example through a message in a queue. */
export interface Link {
  readonly traceId: string;
  /** ID of the (sub)segment at the other end. */
  readonly id: string;
  /** Whether the other end received what this one sent. */
  readonly isToReceiver: boolean;
  /** The service at the other end, if the link names it. */
  readonly service: ServiceId | undefined;
  /** When it was received, in seconds since the epoch, if the link has it. */
  readonly receivedAt: number | undefined;
}

/**
 * The links of one entity. Lambda adds them to `Invocation`, with attributes; a link without attributes, as SDKs write it, refers to the sender.
 * Source: traces of AWS in the test data of awslabs/aws-iatk (test/fixtures/lambda-links.json).
 */
export function linksOf({ json }: Entity): Link[] {
  return arrayOf(json['links']).flatMap((link) => {
    const traceId = textOf(member(link, 'trace_id'));
    const id = textOf(member(link, 'id'));
    if (!isObject(link) || traceId === undefined || id === undefined) return [];
    const reserved = (name: string): unknown => member(link['attributes'], `aws.xray.reserved.${name}`);
    const name = textOf(arrayOf(reserved('names'))[0]);
    return {
      traceId,
      id,
      isToReceiver: reserved('reference_type') === 'child',
      service: name === undefined ? undefined : { name, type: textOf(reserved('type')) ?? null, accountId: null },
      receivedAt: numberOf(reserved('received_event_end_time')),
    };
  });
}

/** The service that a message came from: the queue or topic that it was sent to, or the sender itself if it made no call. */
export function senderOf(trace: Trace, entity: Entity): ServiceId {
  if (!entity.isCall) return trace.serviceOf(entity.segment);
  const [callee] = trace.calleesOf(entity);
  return callee === undefined ? inferredServiceOf(entity) : trace.serviceOf(callee);
}
