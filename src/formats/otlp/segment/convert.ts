import { objectOf, type Json } from '../../../json/json.ts';
import { jsonAttributes, jsonSeconds } from '../json-value.ts';
import {
  FLAG_HAS_IS_REMOTE,
  FLAG_IS_REMOTE,
  KIND,
  newAttributes,
  type Attributes,
  type Resource,
  type Scope,
  type Span,
  type TracesData,
} from '../messages.ts';
import { xrayTraceId } from '../../../trace/trace-id.ts';
import { awsOf, CALL_MEMBERS } from './aws.ts';
import { causeOf, type Cause } from './cause.ts';
import { derivedId } from './derived-id.ts';
import { documentText } from './document-text.ts';
import { httpOf, httpStatus } from './http.ts';
import { Store } from './metadata.ts';
import { isAwsApi, nameOf, type Role } from './name.ts';
import { DEFAULT_OPTIONS, type ConversionOptions } from './options.ts';
import { factsOf, RESOURCE_PREFIX, type ResourceFacts } from './resource.ts';
import { sqlOf } from './sql.ts';
import { keyGroup, Taken } from './taken.ts';

/** The documents for PutTraceSegments of all spans of a request, each within X-Ray's limit of 64 KB. */
export function segmentTexts({ resourceSpans }: TracesData, options: ConversionOptions = DEFAULT_OPTIONS): string[] {
  const texts: string[] = [];
  for (const { resource, scopeSpans } of resourceSpans) {
    for (const { scope, spans } of scopeSpans) {
      for (const span of spans)
        for (const segment of segmentsOf(span, resource, scope, options)) texts.push(documentText(segment));
    }
  }
  return texts;
}

/**
 * The segment or subsegment of a span. The local root of a service that is a call becomes two: the subsegment of the
 * call, and the segment of the service around it. Equal spans become equal documents, so that one sent again replaces
 * the first. Source of each rule: docs/opentelemetry.md.
 */
export function segmentsOf(
  span: Span,
  resource: Resource,
  scope: Scope,
  options: ConversionOptions = DEFAULT_OPTIONS,
): Json[] {
  return rolesOf(span, options).map((role) => segmentOf(span, resource, scope, options, role));
}

/** The documents that a span becomes. */
export function rolesOf(span: Span, options: ConversionOptions = DEFAULT_OPTIONS): readonly Role[] {
  const isSplit = span.kind !== KIND.server && span.kind !== KIND.internal && isLocalRootOf(span, options);
  return isSplit ? SPLIT : WHOLE;
}

const SPLIT: readonly Role[] = ['dependency', 'service'];
const WHOLE: readonly Role[] = ['whole'];

/** The document of a span in one of its roles. Its members may be undefined, which JSON leaves out. */
export function segmentOf(span: Span, resource: Resource, scope: Scope, options: ConversionOptions, role: Role): Json {
  return new Conversion(span, resource, scope, options, role).segment();
}

/** Whether that document is a subsegment. */
export function isSubsegment(span: Span, options: ConversionOptions, role: Role): boolean {
  if (role !== 'whole') return role === 'dependency';
  const { kind, parentSpanId } = span;
  return kind !== KIND.server && kind !== KIND.consumer && parentSpanId !== '' && !isLocalRootOf(span, options);
}

/** The ID of that document. */
export function segmentId({ traceId, spanId }: Span, role: Role): string {
  return role === 'service' ? derivedId(`${traceId}${spanId} service`) : spanId;
}

export function parentId(span: Span, role: Role): string | undefined {
  return role === 'dependency' ? segmentId(span, 'service') : span.parentSpanId || undefined;
}

/** Whether the span has not ended, as X-Ray's receiver of the collector marks it. */
export function isInProgress({ attributes }: Span): boolean {
  return attributes[IN_PROGRESS] === true;
}

function isLocalRootOf({ attributes, flags, kind, parentSpanId }: Span, options: ConversionOptions): boolean {
  if (attributes['aws.span.kind'] === 'LOCAL_ROOT') return true;
  const isRemote = FLAG_HAS_IS_REMOTE | FLAG_IS_REMOTE;
  return (
    options.remoteParentIsLocalRoot &&
    parentSpanId !== '' &&
    (flags & isRemote) === isRemote &&
    (kind === KIND.internal || kind === KIND.client || kind === KIND.producer)
  );
}

const IN_PROGRESS = 'aws.xray.inprogress';
const USER_KEYS = ['enduser.id', 'user.id'];
const USER = keyGroup(USER_KEYS);
/** Attributes of a call that its service's segment does not have. */
const CALL_ATTRIBUTES = new Set(['aws.remote.service', 'aws.remote.operation', 'remoteTarget', 'K8s.RemoteNamespace']);
const KIND_NAMES = ['', 'internal', 'server', 'client', 'producer', 'consumer'];

class Conversion {
  readonly #span: Span;
  readonly #resource: Resource;
  readonly #scope: Scope;
  readonly #options: ConversionOptions;
  readonly #role: Role;
  readonly #isLocalRoot: boolean;
  readonly #attributes: Taken;
  readonly #facts: ResourceFacts;

  constructor(span: Span, resource: Resource, scope: Scope, options: ConversionOptions, role: Role) {
    this.#span = span;
    this.#resource = resource;
    this.#scope = scope;
    this.#options = options;
    this.#role = role;
    this.#facts = factsOf(resource, options);
    this.#isLocalRoot = isLocalRootOf(span, options);
    this.#attributes = new Taken(role === 'service' ? withoutCall(span.attributes) : span.attributes);
  }

  /** Each block takes attributes, so that their order counts. */
  segment(): Json {
    const span = this.#span;
    const attributes = this.#attributes;
    const { name, isFromAws } = nameOf(span, this.#resource, attributes, this.#role, this.#isLocalRoot);
    const isSub = isSubsegment(span, this.#options, this.#role);
    const id = segmentId(span, this.#role);
    const namespace = this.#namespace(isFromAws, isSub);
    const http = httpOf(span, attributes);
    const cause = causeOf(span, this.#resource, attributes, id);
    const aws = this.#aws();
    const sql = sqlOf(span, attributes);
    const user = this.#user();
    if (typeof span.attributes[IN_PROGRESS] === 'boolean') attributes.take(IN_PROGRESS);
    const links = this.#links();
    const { annotations, metadata } = this.#stored(name, namespace, isSub, cause);
    const isOpen = isInProgress(span);
    const { fault, error, throttle } = outcomeOf(span, attributes);
    // One shape for all spans, so that V8 makes it in one step.
    return {
      name,
      id,
      trace_id: xrayTraceId(span.traceId),
      parent_id: parentId(span, this.#role),
      type: isSub ? 'subsegment' : undefined,
      start_time: jsonSeconds(span.startTimeUnixNano),
      in_progress: isOpen ? true : undefined,
      end_time: isOpen ? undefined : jsonSeconds(endOf(span)),
      namespace,
      origin: this.#facts.origin,
      service: this.#facts.service,
      user,
      fault,
      error,
      throttle,
      http: this.#role === 'service' ? undefined : http,
      cause: cause.json,
      aws,
      sql,
      links,
      annotations: Object.keys(annotations).length > 0 ? annotations : undefined,
      metadata: Object.keys(metadata).length > 0 ? metadata : undefined,
    };
  }

  #namespace(isFromAws: boolean, isSub: boolean): string | undefined {
    if (this.#role === 'service' || (this.#role === 'whole' && this.#isLocalRoot)) return undefined;
    if (isFromAws || isAwsApi(this.#attributes)) return 'aws';
    const { kind } = this.#span;
    const isCall = kind === KIND.client || kind === KIND.producer;
    if (isCall || this.#role === 'dependency') return 'remote';
    return isSub && kind === KIND.consumer && this.#attributes.has('aws.remote.service') ? 'remote' : undefined;
  }

  #aws(): Json | undefined {
    const { aws: ofResource } = this.#facts;
    if (ofResource === undefined) return undefined;
    const aws = awsOf(ofResource, this.#attributes);
    if (this.#role !== 'service') return aws;
    const ofService = { ...aws };
    for (const name of CALL_MEMBERS) delete ofService[name];
    return ofService;
  }

  #user(): string | undefined {
    if (!this.#attributes.hasAny(USER)) return undefined;
    for (const key of USER_KEYS) {
      const user = this.#attributes.text(key);
      if (user === undefined) continue;
      this.#attributes.take(key);
      return user;
    }
    return undefined;
  }

  /** The link of a message belongs to the service that receives it, other links to the call. */
  #links(): readonly Json[] | undefined {
    const isConsumer = this.#span.kind === KIND.consumer;
    const hasLinks = this.#role === 'whole' || (this.#role === 'service') === isConsumer;
    if (!hasLinks || this.#span.links.length === 0) return undefined;
    return this.#span.links.map(({ traceId, spanId, attributes }) => ({
      trace_id: xrayTraceId(traceId),
      id: spanId,
      ...(Object.keys(attributes).length > 0 ? { attributes: jsonAttributes(attributes) } : {}),
    }));
  }

  #stored(
    name: string,
    namespace: string | undefined,
    isSub: boolean,
    cause: Cause,
  ): { readonly annotations: Json; readonly metadata: Json } {
    const store = new Store(this.#options);
    store.addAttributes(this.#attributes);
    if (!isSub) store.addResource(this.#facts);
    if (this.#role === 'service') {
      const { annotations, metadata } = store.stored();
      return { annotations, metadata: ofResource(metadata) };
    }
    const span = this.#span;
    if (span.name !== '' && span.name !== name) store.addFact('otel.span.name', span.name);
    const kind = KIND_NAMES[span.kind] ?? '';
    if (kind !== '' && kind !== shownKind(isSub, namespace)) store.addFact('otel.span.kind', kind);
    if (this.#scope.name !== '') store.addFact('otel.scope.name', this.#scope.name);
    if (this.#scope.version !== '') store.addFact('otel.scope.version', this.#scope.version);
    if (span.traceState !== '') store.addFact('otel.trace_state', span.traceState);
    if (span.status.message !== '' && !cause.hasStatusMessage)
      store.addFact('otel.status_description', span.status.message);
    store.addEvents(span.events.filter((event) => !cause.events.has(event)));
    return store.stored();
  }
}

/** The kind that a reader of the segment assumes. */
function shownKind(isSub: boolean, namespace: string | undefined): string {
  if (!isSub) return 'server';
  return namespace === undefined ? 'internal' : 'client';
}

/** A span without an end took no time. */
export function endOf({ startTimeUnixNano, endTimeUnixNano }: Span): bigint {
  return endTimeUnixNano === 0n ? startTimeUnixNano : endTimeUnixNano;
}

function withoutCall(attributes: Attributes): Attributes {
  const rest = newAttributes();
  for (const key of Object.keys(attributes)) if (!CALL_ATTRIBUTES.has(key)) rest[key] = attributes[key]!;
  return rest;
}

function ofResource(metadata: Json): Json {
  const members = objectOf(metadata['default']);
  const kept = Object.entries(members).filter(([key]) => key.startsWith(RESOURCE_PREFIX));
  return kept.length > 0 ? { default: Object.fromEntries(kept) } : {};
}

interface Outcome {
  readonly fault: boolean;
  readonly error: boolean;
  readonly throttle: boolean;
}

/** An HTTP status decides, also against the status of the span. */
function outcomeOf({ status }: Span, attributes: Taken): Outcome {
  const code = httpStatus(attributes) ?? 0;
  const isHttpError = code >= 400 && code <= 499;
  const isHttpFault = code >= 500 && code <= 599;
  return {
    fault: isHttpFault || (!isHttpError && status.code === 2),
    error: isHttpError,
    throttle: code === 429,
  };
}
