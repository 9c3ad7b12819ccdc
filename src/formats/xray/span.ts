import { outcomeOfStatus } from '../../trace/outcome.ts';
import { replaces } from '../../trace/version.ts';
import { integerOf, isObject, member, numberOf, textOf, type Json } from '../../json/json.ts';
import { MAX_NAME_LENGTH } from '../../trace/limits.ts';
import {
  NOTHING,
  type Event,
  type Http,
  type Link,
  type Outcome,
  type Resource,
  type Span,
  type SpanException,
  type SpanKind,
  type SpanPart,
  type Status,
} from '../../trace/model.ts';
import { embeddedIn } from './embedded.ts';
import { causeIdIn, exceptionsIn } from './exceptions.ts';
import { linksIn } from './links.ts';
import { segmentDocument } from './segment-document.ts';

const NO_SPANS: readonly XRaySpan[] = [];
const NO_EVENTS: readonly Event[] = [];
const OK: Outcome = { isFault: false, isError: false, isThrottle: false };

/**
 * A segment or a subsegment of an X-Ray document: getters over its parsed JSON, so that reading a document makes one
 * small object per span.
 */
export class XRaySpan implements SpanPart {
  readonly isSubsegment: boolean;
  parent: SpanPart | undefined;
  #json: Json;
  /** Position of its document among those of the trace, in order of arrival. */
  arrival: number;
  #embedded: readonly XRaySpan[] | undefined;
  #children: SpanPart[] | undefined;

  /** `json` has passed `readDocument`, as a document or inside one; its document was the `arrival`th of the trace. */
  constructor(json: Json, isSubsegment: boolean, arrival = 0) {
    this.#json = json;
    this.arrival = arrival;
    this.isSubsegment = isSubsegment;
  }

  get format(): 'xray' {
    return 'xray';
  }

  get id(): string {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `readDocument` has checked it; a getter of every document
    return this.#json['id'] as string;
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

  /** Those of the version that it was made of: `takeVersion` does not change them. */
  get embedded(): readonly XRaySpan[] {
    // Most subsegments have none.
    if (this.#embedded === undefined && this.#json['subsegments'] === undefined) return NO_SPANS;
    return (this.#embedded ??= embeddedIn(this.#json).map((child) => new XRaySpan(child, true, this.arrival)));
  }

  takeVersion(other: SpanPart): void {
    if (!(other instanceof XRaySpan) || !replaces(other, this)) return;
    this.#embedded = this.embedded;
    this.#json = other.#json;
    this.arrival = other.arrival;
  }

  get recorded(): Json {
    return this.#json;
  }

  get recordedAlone(): Json {
    const { subsegments: _, ...alone } = this.#json;
    return alone;
  }

  segmentDocument(): Record<string, unknown> {
    return segmentDocument(this.#json, {
      name: this.xrayName,
      isInside: this.parent !== undefined,
      isCall: this.isCall,
    });
  }

  get name(): string {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `readDocument` has checked it; a getter of every document
    return this.#json['name'] as string;
  }

  get xrayName(): string {
    const { name } = this;
    return name.length > MAX_NAME_LENGTH ? name.slice(0, MAX_NAME_LENGTH) : name;
  }

  get parentId(): string | undefined {
    return textOf(this.#json['parent_id']);
  }

  get start(): number {
    return numberOf(this.#json['start_time']) ?? 0;
  }

  get end(): number | undefined {
    return numberOf(this.#json['end_time']);
  }

  get isInProgress(): boolean {
    return this.end === undefined;
  }

  get seconds(): number | undefined {
    const { end } = this;
    return end === undefined ? undefined : Math.max(0, end - this.start);
  }

  get segment(): Span {
    return this.parent === undefined ? this : this.parent.segment;
  }

  /** As the collector's receiver for X-Ray decides, except that it takes no subsegment for a server. */
  get kind(): SpanKind {
    if (!this.isSubsegment) return 'server';
    return this.isCall ? 'client' : 'internal';
  }

  get outcome(): Outcome {
    const { fault, error, throttle, http } = this.#json;
    // The usual case: a quarter of the page's time to open 10,000 spans was spent here and in their details.
    if (fault === undefined && error === undefined && throttle === undefined && http === undefined) return OK;
    const ofStatus = outcomeOfStatus(this.httpStatus);
    const isThrottle = throttle === true || ofStatus.isThrottle;
    const isFault = fault === true || ofStatus.isFault;
    const isError = !isThrottle && (error === true || ofStatus.isError);
    return { isFault, isError, isThrottle };
  }

  get status(): Status {
    const { isFault, isError, isThrottle } = this.outcome;
    return isFault || isError || isThrottle ? 'error' : 'unset';
  }

  /** X-Ray's documents have none: what failed is in `exceptions`. */
  get statusMessage(): string {
    return '';
  }

  get attributes(): Json {
    return this.annotations;
  }

  /** X-Ray's documents have none, and no time of an exception. */
  get events(): readonly Event[] {
    return NO_EVENTS;
  }

  get links(): readonly Link[] {
    return linksIn(this.#json['links']);
  }

  get resource(): Resource {
    const { name, service, aws } = this.segment;
    const version = textOf(service['version']);
    const account = textOf(aws['account_id']);
    return {
      attributes: {
        'service.name': name,
        ...(version === undefined ? {} : { 'service.version': version }),
        ...(account === undefined ? {} : { 'cloud.account.id': account }),
      },
    };
  }

  get scope(): undefined {
    return undefined;
  }

  get traceState(): string {
    return '';
  }

  get namespace(): string | undefined {
    return textOf(this.#json['namespace']);
  }

  get isCall(): boolean {
    const { namespace } = this.#json;
    return this.isSubsegment && (namespace === 'aws' || namespace === 'remote');
  }

  get origin(): string | undefined {
    return textOf(this.#json['origin']);
  }

  get resourceArn(): string | undefined {
    return textOf(this.#json['resource_arn']);
  }

  get user(): string | undefined {
    return textOf(this.#json['user']);
  }

  get http(): Http | undefined {
    const { http } = this.#json;
    return isObject(http) ? new XRayHttp(http) : undefined;
  }

  get httpStatus(): number | undefined {
    const { http } = this.#json;
    return isObject(http) ? integerOf(blockOf(http['response'])['status']) : undefined;
  }

  get aws(): Json {
    return blockOf(this.#json['aws']);
  }

  get service(): Json {
    return blockOf(this.#json['service']);
  }

  get annotations(): Json {
    return blockOf(this.#json['annotations']);
  }

  get metadata(): Json {
    return blockOf(this.#json['metadata']);
  }

  get sql(): Json | undefined {
    const { sql } = this.#json;
    return isObject(sql) ? sql : undefined;
  }

  get exceptions(): readonly SpanException[] {
    return exceptionsIn(this.#json['cause'], this);
  }

  get causeId(): string | undefined {
    return causeIdIn(this.#json['cause']);
  }

  get workingDirectory(): string | undefined {
    return textOf(member(this.#json['cause'], 'working_directory'));
  }
}

function blockOf(value: unknown): Json {
  return isObject(value) ? value : NOTHING;
}

class XRayHttp implements Http {
  readonly #request: Json;
  readonly #response: unknown;

  constructor({ request, response }: Json) {
    this.#request = blockOf(request);
    this.#response = response;
  }

  get url(): string | undefined {
    return textOf(this.#request['url']);
  }

  get method(): string | undefined {
    return textOf(this.#request['method']);
  }

  get userAgent(): string | undefined {
    return textOf(this.#request['user_agent']);
  }

  get clientIp(): string | undefined {
    return textOf(this.#request['client_ip']);
  }

  get hasResponse(): boolean {
    return this.#response !== undefined;
  }

  get contentLength(): number | undefined {
    return numberOf(member(this.#response, 'content_length'));
  }
}
