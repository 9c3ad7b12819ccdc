import { Entity, walk, type TraceException } from './entity.ts';
import { arrayOf, isObject, numberOf, type Json } from './json.ts';
import { MAX_DEPTH } from './validate.ts';

/** What the store knows of a trace beside its documents. */
export interface TraceFacts {
  readonly id: string;
  readonly revision: number;
  readonly receivedAt: number;
  readonly bytes: number;
}

/** All that is known of one trace. */
export class Trace {
  readonly id: string;
  /** Segments, earliest first. */
  readonly segments: readonly Entity[];
  /** Subsegments that came alone and whose parent is not here (yet). */
  readonly orphans: readonly Entity[];
  /** Counts the batches that changed the trace. */
  readonly revision: number;
  /** When the trace last changed, in seconds since the epoch. */
  readonly receivedAt: number;
  /** Bytes of its documents. */
  readonly bytes: number;
  readonly #byId: ReadonlyMap<string, Entity>;
  readonly #callees = new Map<string, Entity[]>();
  #exceptions: Map<string, TraceException> | undefined;

  constructor({ id, revision, receivedAt, bytes }: TraceFacts, parts: Parts) {
    this.id = id;
    this.bytes = bytes;
    this.segments = parts.segments;
    this.orphans = parts.orphans;
    this.revision = revision;
    this.receivedAt = receivedAt;
    this.#byId = parts.byId;
    for (const segment of parts.segments) {
      if (segment.parentId === undefined) continue;
      const callees = this.#callees.get(segment.parentId);
      if (callees === undefined) this.#callees.set(segment.parentId, [segment]);
      else callees.push(segment);
    }
  }

  /** The entry of the trace: the earliest segment that nobody called. */
  get root(): Entity | undefined {
    return this.segments.find(({ parentId }) => parentId === undefined);
  }

  find(id: string): Entity | undefined {
    return this.#byId.get(id);
  }

  /** Segments whose caller is the (sub)segment with this id. */
  calleesOf({ id }: Entity): readonly Entity[] {
    return this.#callees.get(id) ?? NONE;
  }

  /** A call whose callee does not report: X-Ray infers a segment from it. */
  isInferring(entity: Entity): boolean {
    return entity.isCall && entity.end !== undefined && this.calleesOf(entity).length === 0;
  }

  /** Segments and what lies in them; with orphans, those too. */
  *entities(hasOrphans = true): Generator<Entity> {
    const all: Entity[] = [];
    for (const top of hasOrphans ? [...this.segments, ...this.orphans] : this.segments) walk(top, (entity) => all.push(entity));
    yield* all;
  }

  /** What went wrong in `entity`: its own exceptions, or the one of another that it refers to. */
  exceptionsOf(entity: Entity): readonly TraceException[] {
    const own = entity.exceptions;
    if (own.length > 0 || entity.causeId === undefined) return own;
    if (this.#exceptions === undefined) {
      this.#exceptions = new Map();
      for (const each of this.entities())
        for (const exception of each.exceptions) if (exception.id !== undefined) this.#exceptions.set(exception.id, exception);
    }
    const exception = this.#exceptions.get(entity.causeId);
    return exception === undefined ? [] : [exception];
  }
}

const NONE: readonly Entity[] = [];

interface Parts {
  readonly segments: readonly Entity[];
  readonly orphans: readonly Entity[];
  readonly byId: ReadonlyMap<string, Entity>;
}

/**
 * Puts a trace together from its documents, which are valid and come in any order: streamed subsegments are folded into their parents,
 * and of two versions of an entity the completed one counts.
 */
export function assemble(documents: readonly Json[]): Parts {
  const byId = new Map<string, Entity>();
  const segments: Entity[] = [];
  const streamed: Entity[] = [];
  for (const json of documents) {
    const isSubsegment = json['type'] === 'subsegment';
    const entity = new Entity(json, isSubsegment);
    (isSubsegment ? streamed : segments).push(entity);
  }
  for (const segment of segments) grow(segment, byId);
  const roots = streamed.filter((entity) => grow(entity, byId));
  const orphans = roots.filter((entity) => !attach(entity, byId));
  const start = ({ json }: Entity): number => numberOf(json['start_time']) ?? 0;
  segments.sort((a, b) => start(a) - start(b));
  orphans.sort((a, b) => start(a) - start(b));
  return { segments, orphans, byId };
}

/** Registers `entity` and what lies in it; false when another version of it is there already. */
function grow(entity: Entity, byId: Map<string, Entity>): boolean {
  const open = [entity];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const other = byId.get(next.id);
    if (other !== undefined) {
      // The first completed version wins.
      if (other.isInProgress && !next.isInProgress) other.json = next.json;
      if (next === entity) return false;
      next.parent?.children.splice(next.parent.children.indexOf(next), 1);
      continue;
    }
    byId.set(next.id, next);
    for (const child of arrayOf(next.json['subsegments'])) {
      if (!isObject(child)) continue;
      const childEntity = new Entity(child, true);
      childEntity.parent = next;
      next.children.push(childEntity);
    }
    for (let i = next.children.length - 1; i >= 0; i--) open.push(next.children[i]!);
  }
  return true;
}

/** Hangs a streamed subsegment under its parent. False when that is not here, or lies in the subsegment itself. */
function attach(entity: Entity, byId: ReadonlyMap<string, Entity>): boolean {
  const parent = entity.parentId === undefined ? undefined : byId.get(entity.parentId);
  if (parent === undefined) return false;
  let depth = 0;
  for (let above: Entity | undefined = parent; above !== undefined; above = above.parent) {
    if (above === entity || ++depth > MAX_DEPTH) return false;
  }
  entity.parent = parent;
  parent.children.push(entity);
  return true;
}
