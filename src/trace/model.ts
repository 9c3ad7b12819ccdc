/**
 * A trace in OpenTelemetry's words, with the facts that X-Ray's documents and API have besides. Queries, filters,
 * findings and the page read only this; each format in src/formats implements it. Times are in seconds since the epoch.
 */
import type { ExactNumber } from '../json/exact-number.ts';
import type { Json } from '../json/json.ts';
import type { ServiceId } from './service-id.ts';

/** An empty block. It is the same object everywhere, so that hot paths can skip it. */
export const NOTHING: Json = Object.freeze({});

/** The formats in which documents are stored. The name is part of the store's file and of the page's API. */
export type FormatName = 'xray' | 'otlp';

/** One trace, put together from its documents. */
export interface Trace extends TraceFacts {
  /** Segments, earliest first. */
  readonly segments: readonly Span[];
  /** Subsegments that were sent separately and whose parent is not here (yet). */
  readonly orphans: readonly Span[];
  /** The entry point: the earliest segment without a caller. */
  readonly root: Span | undefined;
  find(id: string): Span | undefined;
  /** The service that served a segment. */
  serviceOf(segment: Span): ServiceId;
  /** Segments whose caller is this span. */
  calleesOf(span: Span): readonly Span[];
  /** Whether X-Ray infers a segment from a call, because its callee does not report. */
  isInferring(span: Span): boolean;
  /** Segments and everything in them, with or without orphans. */
  spans(hasOrphans?: boolean): readonly Span[];
}

/** Facts that the store knows of a trace besides its documents. */
export interface TraceFacts {
  readonly id: string;
  /** Number of batches that changed the trace. */
  readonly revision: number;
  /** When the trace last changed. */
  readonly receivedAt: number;
  /** Bytes of its documents. */
  readonly bytes: number;
  /** Whether any of its documents arrived sampled. Of other traces, AWS keeps statistics only. */
  readonly isSampled: boolean;
  /** The account that it was sent to. */
  readonly accountId?: string | undefined;
}

/**
 * One operation of a trace. Members are read when they are asked for: an implementation is an object over the document,
 * and computes nothing that is not read.
 */
export interface Span extends SegmentFacts {
  readonly format: FormatName;
  /** 16 hex digits. */
  readonly id: string;
  readonly parentId: string | undefined;
  /** As recorded, of any length. X-Ray's documents have no other name than `xrayName`. */
  readonly name: string;
  readonly kind: SpanKind;
  readonly start: number;
  /** undefined while it is in progress. */
  readonly end: number | undefined;
  readonly status: Status;
  /** "" without one. */
  readonly statusMessage: string;
  readonly attributes: Json;
  readonly events: readonly Event[];
  readonly links: readonly Link[];
  readonly resource: Resource;
  readonly scope: Scope | undefined;
  /** W3C's `tracestate`; "" without one. */
  readonly traceState: string;
  /** Seconds; undefined while it is in progress, and 0 if it ends before it starts. */
  readonly seconds: number | undefined;
  /** The span that contains this subsegment; undefined for a segment and an orphan. */
  readonly parent: Span | undefined;
  /** Subsegments, in the order of their documents; those that were sent separately come last. */
  readonly children: readonly Span[];
  /** The segment that contains this span; for a segment, itself. */
  readonly segment: Span;
  /** The span as its document has it, with the spans inside it, for a person who wants to see what was sent. */
  readonly recorded: Json;
  /** The same without the spans inside it. */
  readonly recordedAlone: Json;
}

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

export type Status = 'unset' | 'ok' | 'error';

export interface Event {
  readonly name: string;
  readonly time: number;
  readonly attributes: Json;
}

/**
 * A link to a span of another trace that this one continues, or that continues it, for example through a message in a
 * queue.
 */
export interface Link {
  readonly traceId: string;
  /** ID of the span at the other end. */
  readonly id: string;
  /** Whether the other end received what this one sent. */
  readonly isToReceiver: boolean;
  /** The service at the other end, if the link names it. */
  readonly service: ServiceId | undefined;
  /** When it was received, if the link has it. */
  readonly receivedAt: number | undefined;
}

/** What a span's process is and runs on. */
export interface Resource {
  readonly attributes: Json;
}

/** The library that made a span. */
export interface Scope {
  readonly name: string;
  readonly version: string;
}

/**
 * What X-Ray knows of a (sub)segment and its filters, statistics and service map use. Other formats have it by
 * conversion.
 */
interface SegmentFacts {
  /**
   * The service of a segment, what a call goes to, or the name of a step: at most as many characters as X-Ray shows.
   */
  readonly xrayName: string;
  readonly isSubsegment: boolean;
  /** No document has its end: a span with an end is complete, whatever else the documents say. */
  readonly isInProgress: boolean;
  /** compat: a throttle replaces its error; HTTP statuses count like flags. Source: recorded answers of X-Ray. */
  readonly outcome: Outcome;
  /** Of a call: `aws` or `remote`. */
  readonly namespace: string | undefined;
  /** Whether this is a call to another service, AWS's or any other. */
  readonly isCall: boolean;
  /** Of an AWS or another resource: `AWS::ECS::Container`. */
  readonly origin: string | undefined;
  readonly resourceArn: string | undefined;
  readonly user: string | undefined;
  /** undefined unless the span is an HTTP request. */
  readonly http: Http | undefined;
  readonly httpStatus: number | undefined;
  /** Blocks as X-Ray's documents have them, with the names of their members; without them `NOTHING`. */
  readonly aws: Json;
  readonly service: Json;
  /** What X-Ray indexes, and may contain values that it does not. */
  readonly annotations: Json;
  /** By namespace; not indexed. */
  readonly metadata: Json;
  /** undefined if it is no query. */
  readonly sql: Json | undefined;
  /** The exceptions that are recorded here, without references to others. */
  readonly exceptions: readonly SpanException[];
  /** The ID of an exception that another span has recorded, or of that span. */
  readonly causeId: string | undefined;
  /** The folder that paths in stacks are relative to. */
  readonly workingDirectory: string | undefined;
  /** As X-Ray's API returns it: a (sub)segment document without the subsegments in it. */
  segmentDocument(): Record<string, unknown>;
}

/** The outcome of a request: exactly one of throttle, fault, error and ok, in this order. */
export interface Outcome {
  readonly isFault: boolean;
  readonly isError: boolean;
  readonly isThrottle: boolean;
}

/** Of the request that a span served or made. */
export interface Http {
  readonly url: string | undefined;
  readonly method: string | undefined;
  readonly userAgent: string | undefined;
  readonly clientIp: string | undefined;
  /** Whether the response is recorded, even without a status. */
  readonly hasResponse: boolean;
  /** Bytes of the response's body. */
  readonly contentLength: number | undefined;
}

export interface SpanException {
  readonly id: string | undefined;
  readonly type: string | null;
  readonly message: string | null;
  /** Innermost first. */
  readonly frames: readonly StackFrame[];
}

export interface StackFrame {
  readonly path: string;
  /** 0 if it is unknown. */
  readonly line: number;
  readonly label: string;
}

export type AnnotationValue = string | number | boolean | ExactNumber;

/** A document as it was sent, read by its format. */
export interface TraceDocument {
  readonly traceId: string;
  /** Of its only top; null if it has several. */
  readonly id: string | null;
  /** Another document of the trace with this key is a version of this one. */
  readonly key: string;
  /** Whether a later version replaces it. */
  readonly isInProgress: boolean;
  /** Its spans that are not inside others. */
  readonly tops: readonly SpanPart[];
  /** All of its spans. */
  readonly spans: readonly Span[];
}

/** A span of a document, from which a trace is assembled. Nothing but the assembly changes it. */
export interface SpanPart extends Span {
  parent: SpanPart | undefined;
  readonly children: readonly SpanPart[];
  addChild(child: SpanPart): void;
  removeChild(child: SpanPart): void;
  /** The spans directly inside it in its document. */
  readonly embedded: readonly SpanPart[];
  /** Merges another version of this span, from whichever document. */
  takeVersion(other: SpanPart): void;
}

/** Why X-Ray refuses a document: one entry of `UnprocessedTraceSegments`. */
export interface Refusal {
  readonly id: string | null;
  readonly code: string;
  readonly message: string;
  /** The trace ID in the document. */
  readonly traceId: string | undefined;
}

/** Something that AWS would silently do differently: a member of `Findings` of `GET /api/traces/ID/findings`. */
export interface Finding {
  readonly code: string;
  /** The affected (sub)segment; null for the whole trace. */
  readonly id: string | null;
  readonly message: string;
  readonly remedy: string;
  /** Nothing is lost: AWS has the data in another place. Absent from other findings. */
  readonly isNote?: true;
}

/** The size of a document for X-Ray. */
export interface DocumentSize {
  readonly bytes: number;
  /** Of its (sub)segment. */
  readonly id: () => string | null;
}

/** What is known of the documents of a trace besides its spans. */
export interface DocumentFacts {
  /** Of those that X-Ray would receive. */
  readonly sizes: readonly DocumentSize[];
  /** What the formats found in them. */
  readonly findings: readonly Finding[];
}
