import { nameInOrder } from '../query/name-in-order.ts';
import { statusRank } from '../query/answers.ts';
import type { Span, TraceDocument } from '../trace/model.ts';
import { outcomeName } from '../trace/outcome.ts';

/**
 * What the list shows of a trace: its root, or a substitute. Stored, so that a list can be sorted without reading all
 * documents.
 */
export interface Head {
  /**
   * 0: a root; 1: another segment; 2: an independent subsegment. The lowest kind counts, and within it the earliest.
   */
  readonly kind: number;
  readonly start: number;
  /** 1 while it is in progress. */
  readonly isOpen: number;
  /** The URL, or else the name. */
  readonly name: string;
  /** `statusRank`. */
  readonly status: number;
}

export function headOf(span: Span): Head {
  return {
    kind: span.isSubsegment ? 2 : span.parentId === undefined ? 0 : 1,
    start: span.start,
    isOpen: span.isInProgress ? 1 : 0,
    name: nameInOrder(span.http?.url ?? span.xrayName),
    status: statusRank(outcomeName(span), span.httpStatus),
  };
}

/**
 * The head of a trace after these documents, if it changes; of two versions, or two documents that start at the same
 * time, the last counts.
 */
export function headAfter(
  head: Pick<Head, 'kind' | 'start'> | undefined,
  documents: readonly TraceDocument[],
): Head | undefined {
  let first = head;
  let changed: Head | undefined;
  for (const top of documents.flatMap(({ tops }) => tops)) {
    // Most documents of a trace are below its root and cannot change the head.
    if (first?.kind === 0 && (top.isSubsegment || top.parentId !== undefined)) continue;
    const other = headOf(top);
    if (first !== undefined && (other.kind > first.kind || (other.kind === first.kind && other.start > first.start)))
      continue;
    first = other;
    changed = other;
  }
  return changed;
}

/** Updates the table of traces; the last parameter is the row. */
export const SET_HEAD =
  'UPDATE trace SET head_kind = ?, head_start = ?, is_open = ?, name = ?, status = ? WHERE row = ?';

export function headValues({ kind, start, isOpen, name, status }: Head): [number, number, number, string, number] {
  return [kind, start, isOpen, name, status];
}
