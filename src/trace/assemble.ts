import { Entity, walk } from './entity.ts';
import { arrayOf, isObject, textOf, type Json } from '../json/json.ts';
import type { ServiceId } from './service-id.ts';
import { MAX_DEPTH } from './validate.ts';

/** What the store knows of a trace beside its documents. */
export interface TraceFacts {
  readonly id: string;
  readonly revision: number;
  readonly receivedAt: number;
  readonly bytes: number;
  /** Of the account that it was sent to. */
  readonly accountId?: string | undefined;
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
  readonly #accountId: string | undefined;
  readonly #find: Parts['find'];
  readonly #callees = new Map<string, Entity[]>();

  constructor({ id, revision, receivedAt, bytes, accountId }: TraceFacts, parts: Parts) {
    this.id = id;
    this.#accountId = accountId;
    this.bytes = bytes;
    this.segments = parts.segments;
    this.orphans = parts.orphans;
    this.revision = revision;
    this.receivedAt = receivedAt;
    this.#find = parts.find;
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
    return this.#find(id);
  }

  /** The service that a segment is a request of. compat: AWS names its account only when it is another. Source: recorded answers of X-Ray. */
  serviceOf(segment: Entity): ServiceId {
    const accountId = textOf(segment.aws['account_id']) ?? null;
    return { name: segment.name, type: textOf(segment.json['origin']) ?? null, accountId: accountId === this.#accountId ? null : accountId };
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
  entities(hasOrphans = true): readonly Entity[] {
    const all: Entity[] = [];
    for (const top of hasOrphans ? [...this.segments, ...this.orphans] : this.segments) walk(top, (entity) => all.push(entity));
    return all;
  }
}

const NONE: readonly Entity[] = [];

interface Parts {
  readonly segments: readonly Entity[];
  readonly orphans: readonly Entity[];
  readonly find: (id: string) => Entity | undefined;
}

/**
 * Puts a trace together from its documents, which are valid: streamed subsegments are folded into their parents, and versions of one entity
 * are one. The result is the same in whatever order the documents come.
 */
export function assemble(documents: readonly Json[]): Parts {
  return new Assembly(documents).parts();
}

class Assembly {
  readonly #segments = new Map<string, Entity>();
  readonly #subsegments = new Map<string, Entity>();
  /** That came alone. */
  readonly #streamed: Entity[] = [];
  /** Something lies in more than one document. */
  #hasVersions = false;

  constructor(documents: readonly Json[]) {
    const all = documents.map((json, arrival) => new Entity(json, json['type'] === 'subsegment', arrival)).sort(byStart);
    for (const entity of all) if (!entity.isSubsegment) this.#add(entity, this.#segments);
    for (const entity of all) if (entity.isSubsegment && this.#add(entity, this.#subsegments)) this.#streamed.push(entity);
    for (const entity of this.#streamed) {
      // Where it lies in another document, it has its place.
      const parent = entity.parent === undefined && entity.parentId !== undefined ? this.#find(entity.parentId) : undefined;
      if (parent !== undefined) place(entity, parent);
    }
  }

  parts(): Parts {
    const segments = [...this.#segments.values()];
    const orphans = this.#streamed.length > 0 || this.#hasVersions ? this.#orphans(segments) : [];
    return { segments, orphans, find: (id) => this.#find(id) };
  }

  #find(id: string): Entity | undefined {
    return this.#segments.get(id) ?? this.#subsegments.get(id);
  }

  /** False when another version of it is there already, which has taken it in. */
  #add(entity: Entity, known: Map<string, Entity>): boolean {
    const other = known.get(entity.id);
    if (other === undefined) known.set(entity.id, entity);
    else other.takeVersion(entity.json, entity.arrival);
    this.#addChildren(other ?? entity, entity.json, entity.arrival);
    return other === undefined;
  }

  /** What lies in `json`, a version of `owner`. Subsegments of any version stay. */
  #addChildren(owner: Entity, json: Json, arrival: number): void {
    const open = [{ owner, json }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const child of arrayOf(next.json['subsegments'])) {
        if (!isObject(child)) continue;
        let entity = this.#subsegments.get(child['id'] as string);
        if (entity === undefined) {
          entity = new Entity(child, true, arrival);
          this.#subsegments.set(entity.id, entity);
          place(entity, next.owner);
        } else {
          this.#hasVersions = true;
          entity.takeVersion(child, arrival);
          if (entity.parent === undefined && entity !== next.owner) place(entity, next.owner);
        }
        // Most have nothing in them.
        if (child['subsegments'] !== undefined) open.push({ owner: entity, json: child });
      }
    }
  }

  /** The subsegments that are in no segment: their parent is missing, lies in themselves, or is so deep that it could not be written again. */
  #orphans(segments: readonly Entity[]): Entity[] {
    const orphans = this.#streamed.filter(({ parent }) => parent === undefined);
    const reached = new Set<Entity>();
    const reach = (top: Entity): void => {
      const open = [{ entity: top, depth: 0 }];
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        const { entity, depth } = next;
        reached.add(entity);
        for (const child of entity.children.slice()) {
          if (depth < MAX_DEPTH) open.push({ entity: child, depth: depth + 1 });
          else {
            remove(child);
            orphans.push(child);
          }
        }
      }
    };
    for (const segment of segments) reach(segment);
    // It grows while tops are too deep.
    for (let i = 0; i < orphans.length; i++) reach(orphans[i]!);
    for (const entity of this.#streamed) {
      if (reached.has(entity)) continue;
      remove(entity);
      for (let i = orphans.push(entity) - 1; i < orphans.length; i++) reach(orphans[i]!);
    }
    return orphans.sort(byStart);
  }
}

function place(entity: Entity, parent: Entity): void {
  entity.parent = parent;
  parent.children.push(entity);
}

function remove(entity: Entity): void {
  const { parent } = entity;
  parent?.children.splice(parent.children.indexOf(entity), 1);
  entity.parent = undefined;
}

function byStart(a: Entity, b: Entity): number {
  return a.start - b.start || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
