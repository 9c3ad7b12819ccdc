import { useComputed } from '@preact/signals';
import type { TraceRow } from '../../../src/api/page-types.ts';
import { list } from '../live.ts';
import { param } from '../route.ts';
import { sorted, sortOf } from './order.ts';
import type { RowList } from './row-list.ts';

/** The list by position from 0, in the order of the address: rows of the page, or of the store if it has more. */
export interface Listed {
  readonly length: number;
  /** undefined until it is loaded. */
  readonly at: (position: number) => TraceRow | undefined;
  /** -1 if unknown. */
  readonly placeOf: (id: string) => number;
  /** Whether the position of a trace may still become known. */
  readonly mayCome: (id: string) => boolean;
  /** Requests the visible rows, from `first` up to, not including, `last`. */
  readonly want: (first: number, last: number) => void;
}

/** The list as it is now, in the order of the address. */
export function useListed(): Listed {
  return useComputed(() => {
    void [list.version.value, list.overview.value];
    return listedOf(list, param('sort'));
  }).value;
}

export function listedOf(of: RowList, sort: string): Listed {
  const { key, isDescending } = sortOf(sort);
  const isNewestFirst = key === 'start' && isDescending;
  if (!of.isOfStore) return all(sorted(of.rows, sortOf(sort)), of);
  if (isNewestFirst) return newestFirst(of);
  const { ofStore } = of;
  const ask = (first: number, last: number): void => of.askStore()?.want(first, last);
  const mayCome = (id: string): boolean => of.askStore()?.locate(id) ?? false;
  // Until then the newest are shown, and labelled as such.
  if (of.isOrdering || ofStore === undefined) return { ...all(of.isOrdering ? of.rows : [], of), want: ask, mayCome };
  return {
    length: ofStore.traces ?? 0,
    at: (position) => ofStore.at(position),
    placeOf: (id) => ofStore.placeOf(id),
    mayCome,
    want: ask,
  };
}

function all(rows: readonly TraceRow[], of: RowList): Listed {
  return {
    length: rows.length,
    at: (position) => rows[position],
    placeOf: (id) => rows.findIndex((row) => row.id === id),
    mayCome: (id) => !of.isComplete.peek() || of.get(id) !== undefined,
    want: () => {},
  };
}

/**
 * Sorted by newest: first the rows that the page holds, then older ones from the store, whose order is created when
 * they come into view.
 */
function newestFirst(of: RowList): Listed {
  const { rows, ofStore } = of;
  const joint = jointOf(rows);
  const last = rows[joint - 1];
  const place = last === undefined ? -1 : (ofStore?.placeOf(last.id) ?? -1);
  // Traces that arrived since then and are held back come first in the store's order.
  const isJoined = ofStore?.traces !== undefined && (place >= 0 || last === undefined);
  const shift = place + 1 - joint;
  const length = Math.max(rows.length, isJoined ? ofStore.traces - shift : of.found.traces);
  return {
    length,
    at: (position) => (isJoined && position >= joint ? ofStore.at(position + shift) : rows[position]),
    placeOf: (id) => {
      const here = rows.findIndex((row) => row.id === id);
      if (here >= 0) return here;
      const there = ofStore?.placeOf(id) ?? -1;
      return isJoined && there >= 0 ? Math.max(0, there - shift) : -1;
    },
    mayCome: (id) => {
      if (!of.isComplete.peek() || of.get(id) !== undefined) return true;
      const asked = of.askStore();
      const isJoining = last !== undefined && (asked?.locate(last.id) ?? false);
      return (asked?.locate(id) ?? false) || isJoining || !isJoined;
    },
    want: (from, to) => {
      if (to <= joint || (!isJoined && to < rows.length) || !of.isComplete.peek()) return;
      const asked = of.askStore();
      if (last !== undefined) asked?.locate(last.id);
      if (isJoined || last === undefined) asked?.want(Math.max(from, joint) + shift, to + shift);
    },
  };
}

/**
 * The number of newest rows before a unique start time: the store may order traces with equal start times differently.
 */
function jointOf(rows: readonly TraceRow[]): number {
  const startAt = (position: number): number | undefined => rows[position]?.start;
  let joint = rows.length - 1;
  while (joint > 0 && (startAt(joint - 1) === startAt(joint) || startAt(joint - 2) === startAt(joint - 1))) joint--;
  return Math.max(0, joint);
}
