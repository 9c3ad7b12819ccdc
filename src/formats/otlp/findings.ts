import { parseJson } from '../../json/exact-number.ts';
import { arrayOf, member, objectOf, textOf } from '../../json/json.ts';
import type { DocumentSize, Finding, Span } from '../../trace/model.ts';
import { shown } from '../../trace/shown.ts';
import type { Value } from './messages.ts';
import { documentText, REMOVED } from './segment/document-text.ts';
import { isScalar, textsOf } from './segment/taken.ts';
import { RESOURCE_PREFIX } from './segment/resource.ts';
import { OtlpSpan } from './span.ts';

const MAX_SHOWN = 5;

/** A kind of data that spans lose on the way to AWS, or that AWS keeps where nobody looks for it. */
interface Loss {
  readonly code: string;
  /** What this span loses, by name; empty if nothing. */
  readonly what: (span: OtlpSpan) => readonly string[];
  /** `what` lists it, `whose` is "the span" or "12 spans". */
  readonly message: (what: string, whose: string) => string;
  readonly remedy: string;
  /** AWS keeps the data as metadata, so nothing is lost. */
  readonly isNote?: true;
}

const ANNOTATE = 'List the keys to search for in the attribute aws.xray.annotations, or with --indexed-attributes.';

/** One row for each kind of data that is lost or kept as metadata according to docs/opentelemetry.md. */
const LOSSES: readonly Loss[] = [
  {
    code: 'dropped_by_sdk',
    what: ({ received: { span } }) => [
      ...counted(span.droppedAttributesCount, 'attribute'),
      ...counted(span.droppedEventsCount, 'event'),
      ...counted(span.droppedLinksCount, 'link'),
    ],
    message: (what, whose) => `${what} of ${whose} were dropped at a limit before they were stored, and are lost`,
    remedy: 'Raise OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT, OTEL_SPAN_EVENT_COUNT_LIMIT or OTEL_SPAN_LINK_COUNT_LIMIT.',
  },
  {
    code: 'attribute_without_value',
    what: ({ received: { span } }) => keysOf(span.attributes, (value) => value === null),
    message: (what, whose) => `AWS does not get ${what} of ${whose}: the attribute has no value`,
    remedy: 'Set a value, or leave the attribute out.',
  },
  {
    code: 'attribute_not_finite',
    what: ({ received: { span } }) =>
      keysOf(span.attributes, (value) => typeof value === 'number' && !Number.isFinite(value)),
    message: (what, whose) => `AWS gets ${what} of ${whose} as a string: JSON has no such number`,
    remedy: 'Leave out numbers that are not finite.',
  },
  {
    code: 'attribute_not_indexable',
    what: ({ received: { span, resource }, isSubsegment }) => {
      const chosen = new Set(textsOf(span.attributes['aws.xray.annotations']));
      if (chosen.size === 0) return [];
      const values: Record<string, Value> = { ...span.attributes };
      if (!isSubsegment)
        for (const key of Object.keys(resource.attributes)) values[RESOURCE_PREFIX + key] = resource.attributes[key]!;
      return keysOf(values, (value, key) => chosen.has(key) && value !== null && !isScalar(value));
    },
    message: (what, whose) => `${what} of ${whose} stays in metadata: an annotation is a string, a number or a boolean`,
    remedy: 'Annotate its parts, or a string that joins them.',
  },
  {
    code: 'exception_details_lost',
    what: (span) => exceptionsOf(span).flatMap(({ attributes }) => keysOf(attributes, (_, key) => !SHOWN.has(key))),
    message: (what, whose) => `AWS does not get ${what} of exceptions of ${whose}: X-Ray has type, message and stack`,
    remedy: 'Set it as an attribute of the span.',
  },
  {
    code: 'exception_stack_unread',
    what: (span) =>
      exceptionsOf(span).length < span.events.filter(isException).length
        ? [textOf(span.resource.attributes['telemetry.sdk.language']) ?? 'an unknown language']
        : [],
    message: (what, whose) => `AWS gets stack traces of ${whose} as metadata, without frames: they are in ${what}`,
    remedy: 'Set telemetry.sdk.language on the resource to the language of the stack, as OpenTelemetry’s SDKs do.',
  },
  {
    code: 'link_details_lost',
    what: ({ received: { span } }) => (span.links.some(({ traceState }) => traceState !== '') ? ['tracestate'] : []),
    message: (what, whose) => `AWS does not get the ${what} of links of ${whose}`,
    remedy: 'Put what a reader needs into attributes of the link.',
  },
  {
    code: 'scope_attributes_lost',
    what: ({ received: { scope } }) => Object.keys(scope.attributes),
    message: (what, whose) => `AWS does not get ${what} of the instrumentation scope of ${whose}`,
    remedy: 'Set it on the resource or on the spans.',
  },
  {
    code: 'span_without_end',
    what: ({ isInProgress, received: { span } }) => (isInProgress || span.endTimeUnixNano !== 0n ? [] : ['end']),
    message: (what, whose) => `AWS gets ${whose} without duration, because there is no ${what}`,
    remedy: 'End the span, or mark it with aws.xray.inprogress=true until it ends.',
  },
  {
    code: 'span_ends_before_start',
    what: ({ received: { span } }) =>
      span.endTimeUnixNano !== 0n && span.endTimeUnixNano < span.startTimeUnixNano ? ['end'] : [],
    message: (what, whose) => `AWS gets ${whose} with a negative duration: the ${what} is before the start`,
    remedy: 'Take both times from one clock that is not set back, as OpenTelemetry’s SDKs do.',
  },
  {
    code: 'call_without_service',
    what: ({ kind, isSubsegment, xrayName }) =>
      !isSubsegment && (kind === 'client' || kind === 'producer') ? [xrayName] : [],
    message: (what, whose) => `${whose} has no parent, so X-Ray mistakes the called ${what} for the caller`,
    remedy: 'Start a span of the kind SERVER, CONSUMER or INTERNAL around the work of a job or worker.',
  },
  {
    code: 'attributes_not_indexed',
    what: ({ metadata }) =>
      keysOf(objectOf(metadata['default']), (_, key) => !key.startsWith('otel.') && !key.startsWith(RESOURCE_PREFIX)),
    isNote: true,
    message: (what, whose) => `filters do not search all attributes of ${whose}; in metadata: ${what}`,
    remedy: ANNOTATE,
  },
  {
    code: 'span_name_in_metadata',
    what: (span) => (factOf(span, 'otel.span.name') === undefined ? [] : [span.name]),
    isNote: true,
    message: (what, whose) => `X-Ray shows a service instead of the name of ${whose}; in metadata: ${what}`,
    remedy: 'Search by URL or annotation, or set the name as an attribute that is an annotation.',
  },
  {
    code: 'span_kind_in_metadata',
    what: (span) => textsOfFact(span, 'otel.span.kind'),
    isNote: true,
    message: (what, whose) => `X-Ray does not show the kind of ${whose}; in metadata: ${what}`,
    remedy: ANNOTATE,
  },
  {
    code: 'events_in_metadata',
    what: (span) => arrayOf(factOf(span, 'otel.events')).map((event) => String(member(event, 'name'))),
    isNote: true,
    message: (what, whose) => `X-Ray does not show the events of ${whose}; in metadata: ${what}`,
    remedy: 'Record what you look for as an exception, an attribute or a span.',
  },
  {
    code: 'status_message_in_metadata',
    what: (span) => textsOfFact(span, 'otel.status_description'),
    isNote: true,
    message: (what, whose) => `X-Ray does not show the status message of ${whose}; in metadata: ${what}`,
    remedy: 'Record an exception with this message.',
  },
  {
    code: 'trace_state_in_metadata',
    what: (span) => textsOfFact(span, 'otel.trace_state'),
    isNote: true,
    message: (what, whose) => `X-Ray does not show the tracestate of ${whose}; in metadata: ${what}`,
    remedy: 'Copy the part that a filter needs into an attribute that is an annotation.',
  },
  {
    code: 'scope_in_metadata',
    what: (span) => {
      const scope = [...textsOfFact(span, 'otel.scope.name'), ...textsOfFact(span, 'otel.scope.version')];
      return scope.length === 0 ? [] : [scope.join(' ')];
    },
    isNote: true,
    message: (what, whose) => `X-Ray does not show the instrumentation scope of ${whose}; in metadata: ${what}`,
    remedy: 'Search by service, or set an attribute of your own that is an annotation.',
  },
];

/**
 * What AWS does not get of spans, and, as notes, what it gets as metadata: one finding for all spans with the same kind
 * of data.
 */
export function* otlpFindings(all: readonly Span[]): Generator<Finding> {
  const documents = all.filter((span) => span instanceof OtlpSpan);
  for (const span of documents) yield* tooLarge(span);
  const spans = documents.filter(({ isAroundCall }) => !isAroundCall);
  for (const { code, what, message, remedy, isNote } of LOSSES) {
    const names = new Set<string>();
    const ids: string[] = [];
    for (const span of spans) {
      const lost = what(span);
      if (lost.length === 0) continue;
      ids.push(span.id);
      for (const name of lost) names.add(name);
    }
    if (ids.length === 0) continue;
    const whose = ids.length === 1 ? 'the span' : `${ids.length} spans`;
    yield {
      code,
      id: ids.length === 1 ? ids[0]! : null,
      message: message(listed([...names]), whose),
      remedy,
      ...(isNote === undefined ? {} : { isNote }),
    };
  }
}

/** X-Ray receives each span as a separate document. */
export function segmentSizes(spans: readonly Span[]): DocumentSize[] {
  return spans
    .filter((span) => span instanceof OtlpSpan)
    .map((span) => ({ bytes: Buffer.byteLength(documentText(span.converted)), id: () => span.id }));
}

function* tooLarge(span: OtlpSpan): Generator<Finding> {
  const text = documentText(span.converted);
  // The usual case, without parsing.
  if (!text.includes(REMOVED)) return;
  const removed = arrayOf(member(member(member(parseJson(text), 'metadata'), 'default'), REMOVED));
  if (removed.length === 0) return;
  yield {
    code: 'span_too_large',
    id: span.id,
    message: `as a segment the span has more than 64 KB; AWS gets it without ${listed(removed.map(String))}`,
    remedy: 'Put less into attributes and events.',
  };
}

function listed(names: readonly string[]): string {
  const first = names.slice(0, MAX_SHOWN).map((name) => shown(name));
  const more = names.length - first.length;
  return `${first.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function counted(count: number, what: string): string[] {
  return count === 0 ? [] : [`${count} ${what}${count === 1 ? '' : 's'}`];
}

function keysOf<V>(values: Readonly<Record<string, V>>, isWanted: (value: V, key: string) => boolean): string[] {
  return Object.keys(values).filter((key) => isWanted(values[key]!, key));
}

function factOf({ metadata }: Span, key: string): unknown {
  return member(metadata['default'], key);
}

function textsOfFact(span: Span, key: string): string[] {
  const fact = textOf(factOf(span, key));
  return fact === undefined ? [] : [fact];
}

const isException = (event: unknown): boolean => member(event, 'name') === 'exception';
/** Attributes of an exception that its segment contains; nobody misses `exception.escaped`. */
const SHOWN = new Set(['exception.type', 'exception.message', 'exception.stacktrace', 'exception.escaped']);

/** The events that become exceptions of the segment. The others are in metadata. */
function exceptionsOf(span: OtlpSpan) {
  const stackOf = (event: unknown): unknown => member(member(event, 'attributes'), 'exception.stacktrace');
  const inMetadata = new Set(arrayOf(factOf(span, 'otel.events')).filter(isException).map(stackOf));
  return span.events.filter((event) => isException(event) && !inMetadata.has(stackOf(event)));
}
