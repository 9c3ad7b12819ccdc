import { arrayOf, integerOf, isObject, member, numberOf, objectOf, textOf, type Json } from '../json/json.ts';
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

const NO_EXCEPTIONS: readonly TraceException[] = [];

/** A segment or a subsegment of an assembled trace. Times are in seconds since the epoch. */
export class Entity {
  readonly id: string;
  readonly isSubsegment: boolean;
  #json: Json;
  /** Where its document is among those of the trace, in the order they came. */
  #arrival: number;
  /** Subsegments, in the order of their documents; streamed ones after those that came inside. */
  readonly children: Entity[] = [];
  /** The (sub)segment that this subsegment lies in. */
  parent: Entity | undefined;

  /** `json` has passed `readDocument`, alone or inside another; its document was the `arrival`th of the trace to come. */
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
   * Takes another version of itself in: a completed one counts before one in progress, and of two completed ones the first that came, inside another or
   * alone. Source: recorded answers of X-Ray.
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

  /** undefined while in progress. */
  get end(): number | undefined {
    return numberOf(this.json['end_time']);
  }

  /** No document says that it has ended: one with an end is complete, whatever else it says. */
  get isInProgress(): boolean {
    return this.end === undefined;
  }

  /** Seconds; undefined while in progress. What ends before it starts took no time. */
  get seconds(): number | undefined {
    const { end } = this;
    return end === undefined ? undefined : Math.max(0, end - this.start);
  }

  /** The segment that this lies in; itself for a segment. */
  get segment(): Entity {
    return this.parent === undefined ? this : this.parent.segment;
  }

  get httpStatus(): number | undefined {
    return integerOf(member(member(this.json['http'], 'response'), 'status'));
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
    const { cause } = this.json;
    // Of most.
    if (cause === undefined) return NO_EXCEPTIONS;
    return arrayOf(member(cause, 'exceptions'))
      .filter(isObject)
      .map(({ id, type, message }) => ({ id: textOf(id), type: textOf(type) ?? null, message: textOf(message) ?? null }));
  }

  /** The id of an exception that another entity has recorded. Node writes an object, the others a text. */
  get causeId(): string | undefined {
    const { cause } = this.json;
    return textOf(cause) ?? (isObject(cause) && cause['exceptions'] === undefined ? textOf(cause['id']) : undefined);
  }
}

/** The one name of what became of an entity: on the console, in the list, on the timeline, in the statistics. */
export function outcomeName(entity: Entity): OutcomeName {
  const { fault, error, throttle, http } = entity.json;
  // Most are plain: a quarter of the page's time to open 10,000 spans was here and in their details.
  const isPlain = http === undefined && fault === undefined && error === undefined && throttle === undefined;
  const name = isPlain ? 'ok' : requestOutcome(entity.outcome);
  return name === 'ok' && entity.isInProgress ? 'live' : name;
}

/** Which one of them a request counts as. */
export function requestOutcome({ isFault, isError, isThrottle }: Outcome): Exclude<OutcomeName, 'live'> {
  if (isThrottle) return 'throttle';
  if (isFault) return 'fault';
  return isError ? 'error' : 'ok';
}

/** Calls `visit` for `entity` and all below it. */
export function walk(entity: Entity, visit: (entity: Entity) => void): void {
  visit(entity);
  for (const child of entity.children) walk(child, visit);
}
