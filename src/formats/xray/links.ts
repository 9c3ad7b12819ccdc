import { arrayOf, isObject, member, numberOf, textOf } from '../../json/json.ts';
import type { Link } from '../../trace/model.ts';

const NONE: readonly Link[] = [];

/**
 * The links of one (sub)segment. Lambda adds them to `Invocation`, with attributes; a link without attributes, as SDKs
 * write it, refers to the sender. Source: traces of AWS in the test data of awslabs/aws-iatk
 * (test/fixtures/lambda-links.json).
 */
export function linksIn(links: unknown): readonly Link[] {
  // The usual case.
  if (links === undefined) return NONE;
  return arrayOf(links).flatMap((link) => {
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
