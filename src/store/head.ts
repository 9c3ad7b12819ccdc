import { nameInOrder } from '../query/name-in-order.ts';
import { statusRank } from '../query/answers.ts';
import { Entity, outcomeName } from '../trace/entity.ts';
import { httpOf } from '../trace/http.ts';
import type { SegmentDocument } from '../trace/validate.ts';

/** What a trace is shown as in the list: its root, or what there is in its place. So that a list can be put in order without reading all documents. */
export interface Head {
  /** 0 for a root, 1 for another segment, 2 for a subsegment that came alone: the lowest there is counts, and of these the earliest. */
  readonly kind: number;
  readonly start: number;
  /** 1 while it is in progress. */
  readonly isOpen: number;
  /** URL, or else the name. */
  readonly name: string;
  /** `statusRank`. */
  readonly status: number;
}

export function headOf({ json, isSubsegment, parentId }: SegmentDocument): Head {
  const entity = new Entity(json, isSubsegment);
  const { url, status } = httpOf(entity);
  return {
    kind: isSubsegment ? 2 : parentId === undefined ? 0 : 1,
    start: entity.start,
    isOpen: entity.isInProgress ? 1 : 0,
    name: nameInOrder(url ?? entity.name),
    status: statusRank(outcomeName(entity), status),
  };
}

/** The head of a trace that had `head`, after these documents; of versions of one, and of two that begin at one time, the last counts. */
export function headAfter(head: Pick<Head, 'kind' | 'start'> | undefined, documents: readonly SegmentDocument[]): Head | undefined {
  let first = head;
  let changed: Head | undefined;
  for (const document of documents) {
    const { isSubsegment, parentId } = document;
    // Most documents of a trace belong below its root, and cannot change it.
    if (first?.kind === 0 && (isSubsegment || parentId !== undefined)) continue;
    const other = headOf(document);
    if (first !== undefined && (other.kind > first.kind || (other.kind === first.kind && other.start > first.start))) continue;
    first = other;
    changed = other;
  }
  return changed;
}

/** Of the table of traces, with its row as the last parameter. */
export const SET_HEAD = 'UPDATE trace SET head_kind = ?, head_start = ?, is_open = ?, name = ?, status = ? WHERE row = ?';

export function headValues({ kind, start, isOpen, name, status }: Head): [number, number, number, string, number] {
  return [kind, start, isOpen, name, status];
}
