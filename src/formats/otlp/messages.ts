/**
 * OTLP's messages for traces, decoded. Names are those of opentelemetry-proto 1.11; members that traces do not use
 * (entity references, indexes into a table of strings) are left out.
 */

/** The messages `TracesData` and `ExportTraceServiceRequest`, which have the same encoding. */
export interface TracesData {
  readonly resourceSpans: readonly ResourceSpans[];
}

export interface ResourceSpans {
  resource: Resource;
  schemaUrl: string;
  readonly scopeSpans: ScopeSpans[];
}

export interface Resource {
  readonly attributes: Attributes;
  droppedAttributesCount: number;
}

export interface ScopeSpans {
  scope: Scope;
  schemaUrl: string;
  readonly spans: Span[];
}

export interface Scope extends Resource {
  name: string;
  version: string;
}

export interface Span {
  /** 32 lower-case hex digits, not all zero. */
  traceId: string;
  /** 16 lower-case hex digits, not all zero. */
  spanId: string;
  /** "" without a parent. */
  parentSpanId: string;
  traceState: string;
  name: string;
  /** One of `KIND`; other numbers come from newer versions of OTLP. */
  kind: number;
  startTimeUnixNano: bigint;
  /** 0 while the span is in progress. */
  endTimeUnixNano: bigint;
  readonly attributes: Attributes;
  droppedAttributesCount: number;
  readonly events: Event[];
  droppedEventsCount: number;
  readonly links: Link[];
  droppedLinksCount: number;
  status: Status;
  flags: number;
}

export interface Event {
  timeUnixNano: bigint;
  name: string;
  readonly attributes: Attributes;
  droppedAttributesCount: number;
}

export interface Link {
  traceId: string;
  spanId: string;
  traceState: string;
  readonly attributes: Attributes;
  droppedAttributesCount: number;
  flags: number;
}

export interface Status {
  message: string;
  code: number;
}

export const KIND = { unspecified: 0, internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
export const STATUS = { unset: 0, ok: 1, error: 2 } as const;

/** Bits of `flags` in addition to W3C's: whether the span knows if its parent is remote, and whether it is. */
export const FLAG_HAS_IS_REMOTE = 0x100;
export const FLAG_IS_REMOTE = 0x200;

/** An attribute's value: `number` is a double, `bigint` an integer of 64 bits, null a value that is not set. */
export type Value = string | boolean | number | bigint | Bytes | readonly Value[] | Attributes | null;

/** Of several attributes with the same key the last one counts. */
export interface Attributes {
  readonly [key: string]: Value;
}

/** Bytes as base64, which is how JSON has them. */
export class Bytes {
  readonly base64: string;

  constructor(base64: string) {
    this.base64 = base64;
  }
}

/** Objects of this class inherit nothing, so that any key is an ordinary one, `__proto__` too. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a constructor of such objects is faster than Object.create
const Bare = function Bare() {} as unknown as new () => Record<string, Value>;
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
Bare.prototype = Object.create(null) as object;

/** Attributes to be filled. */
export function newAttributes(): Record<string, Value> {
  return new Bare();
}

export function isAttributes(value: Value | undefined): value is Attributes {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Bytes);
}

export function newResourceSpans(): ResourceSpans {
  return { resource: newResource(), schemaUrl: '', scopeSpans: [] };
}

export function newResource(): Resource {
  return { attributes: newAttributes(), droppedAttributesCount: 0 };
}

export function newScopeSpans(): ScopeSpans {
  return { scope: newScope(), schemaUrl: '', spans: [] };
}

export function newScope(): Scope {
  return { name: '', version: '', attributes: newAttributes(), droppedAttributesCount: 0 };
}

export function newSpan(): Span {
  return {
    traceId: '',
    spanId: '',
    parentSpanId: '',
    traceState: '',
    name: '',
    kind: KIND.unspecified,
    startTimeUnixNano: 0n,
    endTimeUnixNano: 0n,
    attributes: newAttributes(),
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    status: NO_STATUS,
    flags: 0,
  };
}

const NO_STATUS: Status = Object.freeze({ message: '', code: STATUS.unset });

export function newEvent(): Event {
  return { timeUnixNano: 0n, name: '', attributes: newAttributes(), droppedAttributesCount: 0 };
}

export function newLink(): Link {
  return { traceId: '', spanId: '', traceState: '', attributes: newAttributes(), droppedAttributesCount: 0, flags: 0 };
}
