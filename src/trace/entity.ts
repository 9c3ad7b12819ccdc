import { arrayOf, integerOf, isObject, member, numberOf, objectOf, textOf, type Json } from '../json/json.ts';
import { MAX_NAME_LENGTH } from './validate.ts';

/** The outcome of a request: exactly one of throttle, fault, error and ok, in this order. */
export interface Outcome {
  readonly isFault: boolean;
  readonly isError: boolean;
  readonly isThrottle: boolean;
}

/** The outcome as a word; `live` if the request is in progress and none of the others applies. */
export type OutcomeName = 'ok' | 'error' | 'throttle' | 'fault' | 'live';

/** Clock differences up to this are ignored. */
export const SKEW_SECONDS = 0.005;

export interface TraceException {
  readonly id: string | undefined;
  readonly type: string | null;
  readonly message: string | null;
}

const NO_EXCEPTIONS: readonly TraceException[] = [];

/** A segment or a subsegment of an assembled trace. Times are in seconds since the epoch. */
export class Entity {
  readonly id: string;
  readonly isSubsegment: boolean;
  #json: Json;
  /** Position of its document among those of the trace, in order of arrival. */
  #arrival: number;
  /** Subsegments, in the order of their documents; streamed ones after embedded ones. */
  readonly children: Entity[] = [];
  /** The (sub)segment that contains this subsegment. */
  parent: Entity | undefined;

  /** `json` has passed `readDocument`, as a document or inside one; its document was the `arrival`th of the trace. */
  constructor(json: Json, isSubsegment: boolean, arrival = 0) {
    this.#json = json;
    this.#arrival = arrival;
    this.isSubsegment = isSubsegment;
    this.id = json['id'] as string;
  }

  get json(): Json {
    return this.#json;
  }

  get arrival(): number {
    return this.#arrival;
  }

  /**
   * Merges another version of this entity: a completed version takes precedence over one in progress; of two completed versions, the first to
   * arrive does, embedded or not. Source: recorded answers of X-Ray.
   */
  takeVersion(json: Json, arrival: number): void {
    const isCompleted = numberOf(json['end_time']) !== undefined;
    if (this.isInProgress ? !isCompleted && arrival >= this.#arrival : !isCompleted || arrival >= this.#arrival) return;
    this.#json = json;
    this.#arrival = arrival;
  }

  get name(): string {
    const name = this.json['name'] as string;
    return name.length > MAX_NAME_LENGTH ? name.slice(0, MAX_NAME_LENGTH) : name;
  }

  get parentId(): string | undefined {
    return textOf(this.json['parent_id']);
  }

  get start(): number {
    return numberOf(this.json['start_time']) ?? 0;
  }

  /** undefined while it is in progress. */
  get end(): number | undefined {
    return numberOf(this.json['end_time']);
  }

  /** No document has its end: an entity with an end is complete, whatever else the documents say. */
  get isInProgress(): boolean {
    return this.end === undefined;
  }

  /** Seconds; undefined while it is in progress, and 0 if it ends before it starts. */
  get seconds(): number | undefined {
    const { end } = this;
    return end === undefined ? undefined : Math.max(0, end - this.start);
  }

  /** The segment that contains this entity; for a segment, itself. */
  get segment(): Entity {
    return this.parent === undefined ? this : this.parent.segment;
  }

  get httpStatus(): number | undefined {
    return integerOf(member(member(this.json['http'], 'response'), 'status'));
  }

  /** compat: a throttle replaces its error; HTTP statuses count like flags. Source: recorded answers of X-Ray. */
  get outcome(): Outcome {
    const { fault, error, throttle } = this.json;
    const status = this.httpStatus ?? 0;
    const isThrottle = throttle === true || status === 429;
    const isFault = fault === true || status >= 500;
    const isError = !isThrottle && (error === true || (status >= 400 && status < 500));
    return { isFault, isError, isThrottle };
  }

  /** Whether this is a call to another service, AWS's or any other. */
  get isCall(): boolean {
    const { namespace } = this.json;
    return this.isSubsegment && (namespace === 'aws' || namespace === 'remote');
  }

  get aws(): Json {
    return objectOf(this.json['aws']);
  }

  /** The exceptions that are recorded here, without references to others. */
  get exceptions(): readonly TraceException[] {
    const { cause } = this.json;
    // The usual case.
    if (cause === undefined) return NO_EXCEPTIONS;
    return arrayOf(member(cause, 'exceptions'))
      .filter(isObject)
      .map(({ id, type, message }) => ({ id: textOf(id), type: textOf(type) ?? null, message: textOf(message) ?? null }));
  }

  /** The ID of an exception that another entity has recorded. Node's SDK writes an object, the others a text. */
  get causeId(): string | undefined {
    const { cause } = this.json;
    return textOf(cause) ?? (isObject(cause) && cause['exceptions'] === undefined ? textOf(cause['id']) : undefined);
  }
}

/** The outcome of an entity under the name that console, list, timeline and statistics all use. */
export function outcomeName(entity: Entity): OutcomeName {
  const { fault, error, throttle, http } = entity.json;
  // Shortcut for the usual case: a quarter of the page's time to open 10,000 spans was spent here and in their details.
  const isPlain = http === undefined && fault === undefined && error === undefined && throttle === undefined;
  const name = isPlain ? 'ok' : requestOutcome(entity.outcome);
  return name === 'ok' && entity.isInProgress ? 'live' : name;
}

/** The single outcome that a request counts as. */
export function requestOutcome({ isFault, isError, isThrottle }: Outcome): Exclude<OutcomeName, 'live'> {
  if (isThrottle) return 'throttle';
  if (isFault) return 'fault';
  return isError ? 'error' : 'ok';
}

/** Calls `visit` for `entity` and everything in it. */
export function walk(entity: Entity, visit: (entity: Entity) => void): void {
  visit(entity);
  for (const child of entity.children) walk(child, visit);
}
