import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { TraceRow } from '../../../src/xray/api/page-types.ts';
import { list } from '../live.ts';
import { sorted, sortOf } from './order.ts';

interface Sorted {
  readonly rows: readonly TraceRow[];
  readonly sort: string;
  readonly version: number;
  readonly atMs: number;
  readonly costMs: number;
}

/** Sorting takes one part in so many of the time, however often the list changes while its pages come. */
const REST = 5;

/** The rows of the list in the order of the address, a moment late when sorting them takes long. */
export function useSorted(sort: string): readonly TraceRow[] {
  const last = useRef<Sorted>(undefined);
  const late = useSignal(0);
  void late.value;
  const version = list.version.value;
  const startedMs = performance.now();
  const before = last.current?.sort === sort ? last.current : undefined;
  const isKnown = before?.version === version;
  const waitMs = before === undefined || isKnown ? 0 : before.atMs + REST * before.costMs - startedMs;
  useEffect(() => {
    if (waitMs <= 0) return undefined;
    const due = setTimeout(() => late.value++, waitMs);
    return () => clearTimeout(due);
  });
  if (before !== undefined && (isKnown || waitMs > 0)) return before.rows;
  const rows = sorted(list.rows, sortOf(sort));
  const atMs = performance.now();
  last.current = { rows, sort, version, atMs, costMs: atMs - startedMs };
  return rows;
}
