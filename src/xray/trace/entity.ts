import { arrayOf, isObject, member, numberOf, objectOf, textOf, type Json } from './json.ts';
import { MAX_NAME_LENGTH } from './validate.ts';

/** What became of a request. Each falls in exactly one of throttle, fault, error and ok, in this order. */
export interface Outcome {
  readonly isFault: boolean;
  readonly isError: boolean;
  readonly isThrottle: boolean;
}

/** The same in a word; `live` is what is still open and none of the others. */
export type OutcomeName = 'ok' | 'error' | 'throttle' | 'fault' | 'live';

/** Clocks of two machines that agree better than this are good enough. */
export const SKEW_SECONDS = 0.005;

export interface TraceException {
  readonly id: string | undefined;
  readonly type: string | null;
  readonly message: string | null;
}

/** A segment or a subsegment of an assembled trace. Times are in seconds since the epoch. */
export class Entity {
  readonly id: string;
  readonly name: string;
  readonly parentId: string | undefined;
  readonly isSubsegment: boolean;
  json: Json;
  /** Subsegments, in the order of their documents; streamed ones after those that came inside. */
  readonly children: Entity[] = [];
  /** The (sub)segment that this subsegment lies in. */
  parent: Entity | undefined;

  /** `json` has passed `readDocument`, alone or inside another. */
  constructor(json: Json, isSubsegment: boolean) {
    this.json = json;
    this.isSubsegment = isSubsegment;
    this.id = json['id'] as string;
    this.name = (json['name'] as string).slice(0, MAX_NAME_LENGTH);
    this.parentId = textOf(json['parent_id']);
  }

  get start(): number {
    return numberOf(this.json['start_time']) ?? 0;
  }

  /** undefined while in progress. */
  get end(): number | undefined {
    return numberOf(this.json['end_time']);
  }

  get isInProgress(): boolean {
    return this.json['in_progress'] === true;
  }

  /** Seconds; undefined while in progress. */
  get seconds(): number | undefined {
    return this.end === undefined ? undefined : this.end - this.start;
  }

  /** The segment that this lies in; itself for a segment. */
  get segment(): Entity {
    return this.parent === undefined ? this : this.parent.segment;
  }

  get httpStatus(): number | undefined {
    return numberOf(member(member(this.json['http'], 'response'), 'status'));
  }

  /** compat: a throttle hides the error it comes with; statuses count as flags do. Source: recorded answers of X-Ray. */
  get outcome(): Outcome {
    const { fault, error, throttle } = this.json;
    const status = this.httpStatus ?? 0;
    const isThrottle = throttle === true || status === 429;
    const isFault = fault === true || status >= 500;
    const isError = !isThrottle && (error === true || (status >= 400 && status < 500));
    return { isFault, isError, isThrottle };
  }

  /** A call to another service: AWS's, or any other. */
  get isCall(): boolean {
    const { namespace } = this.json;
    return this.isSubsegment && (namespace === 'aws' || namespace === 'remote');
  }

  get aws(): Json {
    return objectOf(this.json['aws']);
  }

  /** The exceptions recorded here, without those that are only referred to. */
  get exceptions(): readonly TraceException[] {
    return arrayOf(member(this.json['cause'], 'exceptions'))
      .filter(isObject)
      .map(({ id, type, message }) => ({ id: textOf(id), type: textOf(type) ?? null, message: textOf(message) ?? null }));
  }

  /** The id of an exception that another entity has recorded. Node writes an object, the others a text. */
  get causeId(): string | undefined {
    const { cause } = this.json;
    return textOf(cause) ?? (isObject(cause) && cause['exceptions'] === undefined ? textOf(cause['id']) : undefined);
  }
}

export function outcomeName(entity: Entity, isOpen: boolean): OutcomeName {
  const { fault, error, throttle, http } = entity.json;
  // Most are plain: a quarter of the page's time to open 10,000 spans was here and in their details.
  if (http === undefined && fault === undefined && error === undefined && throttle === undefined) return isOpen ? 'live' : 'ok';
  const { isFault, isError, isThrottle } = entity.outcome;
  if (isThrottle) return 'throttle';
  if (isFault) return 'fault';
  if (isError) return 'error';
  return isOpen ? 'live' : 'ok';
}

/** Calls `visit` for `entity` and all below it. */
export function walk(entity: Entity, visit: (entity: Entity) => void): void {
  visit(entity);
  for (const child of entity.children) walk(child, visit);
}
