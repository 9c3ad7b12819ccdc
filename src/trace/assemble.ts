import { Entity, walk } from './entity.ts';
import { arrayOf, isObject, textOf, type Json } from '../json/json.ts';
import type { ServiceId } from './service-id.ts';
import { MAX_DEPTH } from './validate.ts';

/** Facts that the store knows of a trace besides its documents. */
export interface TraceFacts {
  readonly id: string;
  readonly revision: number;
  readonly receivedAt: number;
  readonly bytes: number;
  /** The account that it was sent to. */
  readonly accountId?: string | undefined;
}

/** One trace, assembled. */
export class Trace {
  readonly id: string;
  /** Segments, earliest first. */
  readonly segments: readonly Entity[];
  /** Subsegments that were sent separately and whose parent is not here (yet). */
  readonly orphans: readonly Entity[];
  /** Number of batches that changed the trace. */
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

  /** The entry point of the trace: the earliest segment without a caller. */
  get root(): Entity | undefined {
    return this.segments.find(({ parentId }) => parentId === undefined);
  }

  find(id: string): Entity | undefined {
    return this.#find(id);
  }

  /** The service that served a segment. compat: AWS includes the account only if it is another one. Source: recorded answers of X-Ray. */
  serviceOf(segment: Entity): ServiceId {
    const accountId = textOf(segment.aws['account_id']) ?? null;
    return { name: segment.name, type: textOf(segment.json['origin']) ?? null, accountId: accountId === this.#accountId ? null : accountId };
  }

  /** Segments whose caller is this (sub)segment. */
  calleesOf({ id }: Entity): readonly Entity[] {
    return this.#callees.get(id) ?? NONE;
  }

  /** Whether X-Ray infers a segment from a call, because its callee does not report. */
  isInferring(entity: Entity): boolean {
    return entity.isCall && entity.end !== undefined && this.calleesOf(entity).length === 0;
  }

  /** Segments and everything in them, with or without orphans. */
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
 * Assembles a trace from its documents, which are valid: streamed subsegments are folded into their parents, and versions of an entity
 * are merged. The result does not depend on the order of the documents.
 */
export function assemble(documents: readonly Json[]): Parts {
  return new Assembly(documents).parts();
}

class Assembly {
  readonly #segments = new Map<string, Entity>();
  readonly #subsegments = new Map<string, Entity>();
  /** Subsegments that were sent separately. */
  readonly #streamed: Entity[] = [];
  /** Whether an entity is in more than one document. */
  #hasVersions = false;

  constructor(documents: readonly Json[]) {
    const all = documents.map((json, arrival) => new Entity(json, json['type'] === 'subsegment', arrival)).sort(byStart);
    for (const entity of all) if (!entity.isSubsegment) this.#add(entity, this.#segments);
    for (const entity of all) if (entity.isSubsegment && this.#add(entity, this.#subsegments)) this.#streamed.push(entity);
    for (const entity of this.#streamed) {
      // An entity that is embedded in another document already has its place.
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

  /** False if another version of the entity exists, which then absorbs this one. */
  #add(entity: Entity, known: Map<string, Entity>): boolean {
    const other = known.get(entity.id);
    if (other === undefined) known.set(entity.id, entity);
    else other.takeVersion(entity.json, entity.arrival);
    this.#addChildren(other ?? entity, entity.json, entity.arrival);
    return other === undefined;
  }

  /** Adds the subsegments in `json`, a version of `owner`. Subsegments of all versions are kept. */
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
        // Most subsegments have no children.
        if (child['subsegments'] !== undefined) open.push({ owner: entity, json: child });
      }
    }
  }

  /** Subsegments without a segment: their parent is missing, is inside themselves, or is too deep to be serialised again. */
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
    // The list grows while tops are too deep.
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
