import { numberOf, type Json } from '../../json/json.ts';
import {
  NOTHING,
  type Event,
  type Http,
  type Link,
  type Outcome,
  type Resource,
  type Scope,
  type Span,
  type SpanException,
  type SpanKind,
  type SpanPart,
  type Status,
} from '../../trace/model.ts';
import { xrayTraceId } from '../../trace/trace-id.ts';
import { replaces } from '../../trace/version.ts';
import { segmentDocument } from '../xray/segment-document.ts';
import { XRaySpan } from '../xray/span.ts';
import { jsonAttributes, jsonSeconds } from './json-value.ts';
import type * as otlp from './messages.ts';
import { endOf, isInProgress, isSubsegment, parentId, segmentId, segmentOf } from './segment/convert.ts';
import type { Role } from './segment/name.ts';
import { optionsOfStored } from './segment/options.ts';
import { tracesJson } from './write-json.ts';

const NO_SPANS: readonly SpanPart[] = [];
const KINDS: readonly SpanKind[] = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'];
const STATUSES: readonly Status[] = ['unset', 'ok', 'error'];

/** A span as a document of the format has it. */
export interface Version {
  readonly span: otlp.Span;
  readonly resource: otlp.Resource;
  readonly scope: otlp.Scope;
  /** Position of its document among those of the trace, in order of arrival. */
  readonly arrival: number;
}

/**
 * A span of an OTLP document, with its own name, kind, events and so on. The facts that only X-Ray has are those of its
 * conversion, which is made when the first of them is read. A local root that is a call is two of these.
 */
export class OtlpSpan implements SpanPart {
  readonly id: string;
  readonly isSubsegment: boolean;
  parent: SpanPart | undefined;
  readonly #role: Role;
  #version: Version;
  #children: SpanPart[] | undefined;
  #converted: XRaySpan | undefined;
  #attributes: Json | undefined;

  constructor(version: Version, role: Role) {
    this.#version = version;
    this.#role = role;
    this.id = segmentId(version.span, role);
    this.isSubsegment = isSubsegment(version.span, optionsOfStored(), role);
  }

  get format(): 'otlp' {
    return 'otlp';
  }

  /** In the form of X-Ray. */
  get traceId(): string {
    return xrayTraceId(this.#span.traceId);
  }

  get children(): readonly SpanPart[] {
    return this.#children ?? NO_SPANS;
  }

  addChild(child: SpanPart): void {
    if (this.#children === undefined) this.#children = [child];
    else this.#children.push(child);
  }

  removeChild(child: SpanPart): void {
    this.#children?.splice(this.#children.indexOf(child), 1);
  }

  get embedded(): readonly SpanPart[] {
    return NO_SPANS;
  }

  takeVersion(other: SpanPart): void {
    if (!(other instanceof OtlpSpan) || !replaces(other, this)) return;
    this.#version = other.#version;
    this.#converted = undefined;
    this.#attributes = undefined;
  }

  /** The span as its document contains it. */
  get received(): Version {
    return this.#version;
  }

  /** Whether it stands for the service around a call, and not for the span itself. */
  get isAroundCall(): boolean {
    return this.#role === 'service';
  }

  /** The (sub)segment document that it becomes, of any size. */
  get converted(): Json {
    return this.#xray.recorded;
  }

  get recorded(): Json {
    const { span, resource, scope } = this.#version;
    return tracesJson({
      resourceSpans: [{ resource, schemaUrl: '', scopeSpans: [{ scope, schemaUrl: '', spans: [span] }] }],
    });
  }

  get recordedAlone(): Json {
    return this.recorded;
  }

  segmentDocument(): Record<string, unknown> {
    return segmentDocument(this.#xray.recorded, {
      name: this.xrayName,
      isInside: this.parent !== undefined,
      isCall: this.isCall,
    });
  }

  /** The segment around a call has no name of its own. */
  get name(): string {
    return this.#role === 'service' ? this.xrayName : this.#span.name;
  }

  get parentId(): string | undefined {
    return parentId(this.#span, this.#role);
  }

  get kind(): SpanKind {
    return this.#role === 'service' ? 'server' : (KINDS[this.#span.kind] ?? 'internal');
  }

  get start(): number {
    return numberOf(jsonSeconds(this.#span.startTimeUnixNano)) ?? 0;
  }

  get end(): number | undefined {
    return this.isInProgress ? undefined : numberOf(jsonSeconds(endOf(this.#span)));
  }

  get isInProgress(): boolean {
    return isInProgress(this.#span);
  }

  get seconds(): number | undefined {
    const { end } = this;
    return end === undefined ? undefined : Math.max(0, end - this.start);
  }

  get segment(): Span {
    return this.parent === undefined ? this : this.parent.segment;
  }

  get status(): Status {
    return STATUSES[this.#span.status.code] ?? 'unset';
  }

  get statusMessage(): string {
    return this.#span.status.message;
  }

  get attributes(): Json {
    return (this.#attributes ??= this.#role === 'service' ? NOTHING : jsonAttributes(this.#span.attributes));
  }

  get events(): readonly Event[] {
    if (this.#role === 'service') return [];
    return this.#span.events.map(({ name, timeUnixNano, attributes }) => ({
      name,
      time: numberOf(jsonSeconds(timeUnixNano)) ?? 0,
      attributes: jsonAttributes(attributes),
    }));
  }

  /** A span links to what caused it. */
  get links(): readonly Link[] {
    if (this.#role !== 'whole' && this.#xray.links.length === 0) return [];
    return this.#span.links.map(({ traceId, spanId }) => ({
      traceId: xrayTraceId(traceId),
      id: spanId,
      isToReceiver: false,
      service: undefined,
      receivedAt: undefined,
    }));
  }

  get resource(): Resource {
    return { attributes: jsonAttributes(this.#version.resource.attributes) };
  }

  get scope(): Scope | undefined {
    const { name, version } = this.#version.scope;
    return name === '' && version === '' ? undefined : { name, version };
  }

  get traceState(): string {
    return this.#span.traceState;
  }

  get xrayName(): string {
    return this.#xray.xrayName;
  }

  get outcome(): Outcome {
    return this.#xray.outcome;
  }

  get namespace(): string | undefined {
    return this.#xray.namespace;
  }

  get isCall(): boolean {
    return this.#xray.isCall;
  }

  get origin(): string | undefined {
    return this.#xray.origin;
  }

  get resourceArn(): string | undefined {
    return this.#xray.resourceArn;
  }

  get user(): string | undefined {
    return this.#xray.user;
  }

  get http(): Http | undefined {
    return this.#xray.http;
  }

  get httpStatus(): number | undefined {
    return this.#xray.httpStatus;
  }

  get aws(): Json {
    return this.#xray.aws;
  }

  get service(): Json {
    return this.#xray.service;
  }

  get annotations(): Json {
    return this.#xray.annotations;
  }

  get metadata(): Json {
    return this.#xray.metadata;
  }

  get sql(): Json | undefined {
    return this.#xray.sql;
  }

  get exceptions(): readonly SpanException[] {
    return this.#xray.exceptions;
  }

  get causeId(): string | undefined {
    return this.#xray.causeId;
  }

  get workingDirectory(): string | undefined {
    return this.#xray.workingDirectory;
  }

  get arrival(): number {
    return this.#version.arrival;
  }

  get #span(): otlp.Span {
    return this.#version.span;
  }

  get #xray(): XRaySpan {
    if (this.#converted === undefined) {
      const { span, resource, scope } = this.#version;
      const segment = segmentOf(span, resource, scope, optionsOfStored(), this.#role);
      this.#converted = new XRaySpan(segment, this.isSubsegment);
    }
    return this.#converted;
  }
}
