import { useComputed, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { TraceRow } from '../../../src/api/page-types.ts';
import { absolute, count, duration, plural } from '../format.ts';
import { useLatest, useSize } from '../hooks.ts';
import { later } from '../later.tsx';
import { isPaused, list } from '../live.ts';
import { go, hrefTo, param, setParams } from '../route.ts';
import { settings } from '../settings.ts';
import { addKeys } from '../shell/keys.ts';
import { togglePause } from '../shell/top-bar.tsx';
import { useCounting } from './elapsed.ts';
import { heldBy, isScrolled } from './hold.ts';
import { useListed, type Listed } from './listed.ts';
import { sortOf } from './order.ts';
import { usePlaceInList } from './place-in-list.ts';
import { HeaderRow, Row, ROW_HEIGHT } from './row.tsx';
import { windowOf } from './window.ts';

const NoRows = later(async () => (await import('./no-rows.tsx')).NoRows);

/** Assumed height of the list until it has been laid out, px. */
const FIRST_HEIGHT = 800;

/** The list of traces, of which only the visible rows are rendered. */
export function Table() {
  const box = useRef<HTMLElement>(null);
  const top = useSignal(0);
  const height = useSize(box).value?.height ?? FIRST_HEIGHT;
  const selected = param('sel');
  const sort = sortOf(param('sort'));
  const listed = useListed();
  const inList = usePlaceInList(box, listed, (y) => {
    top.value = y;
    isScrolled.value = y > 0;
  });
  const isHeld = isPaused.value || heldBy.value !== undefined;
  useEffect(() => list.hold(isHeld), [isHeld]);
  const step = useLatest((by: number): void => {
    const index = Math.max(0, Math.min(listed.length - 1, listed.placeOf(selected) + by));
    const row = listed.at(index);
    if (row === undefined) return;
    setParams({ sel: row.id }, { isAside: true });
    inList.select(index);
  });
  const open = useLatest((): void => {
    const row = listed.at(listed.placeOf(selected));
    if (row !== undefined) go(hrefTo(`/traces/${row.id}`));
  });
  useLayoutEffect(
    () =>
      addKeys('Traces', [
        { keys: ['j', 'ArrowDown'], does: 'next trace', run: () => step(1) },
        { keys: ['k', 'ArrowUp'], does: 'previous trace', run: () => step(-1) },
        { keys: ['Enter', 'o'], does: 'open the trace', run: open },
        { keys: ['Escape'], does: 'clear the selection', run: () => setParams({ sel: '' }, { isAside: true }) },
        { keys: ['p'], does: 'pause or resume', run: togglePause },
        { keys: ['n'], does: 'show new traces', run: () => showNew(box) },
      ]),
    [step, open],
  );
  const { first, last } = windowOf({ top: top.value, height, rowHeight: ROW_HEIGHT, rows: listed.length });
  const overview = list.overview.value;
  useEffect(() => listed.want(first, last), [listed, first, last]);
  const seen = seenOf(listed, first, last);
  const longestOfAll = useComputed(() => {
    void list.version.value;
    return longestOf(list.rows);
  });
  const longest = Math.max(longestOf(seen.map(({ row }) => row)), longestOfAll.value, overview?.longest ?? 0);
  useCounting(seen.some(({ row: { isOpen } }) => isOpen));
  return (
    <div class="table-frame">
      <Waiting box={box} />
      <section
        class={hasDates() ? 'table with-dates' : 'table'}
        ref={box}
        onScroll={inList.onScroll}
        onWheel={inList.onMove}
        onPointerDown={inList.onMove}
        tabIndex={0}
        aria-label="List of traces"
      >
        <div role="table" aria-label="Traces" aria-rowcount={listed.length + 1}>
          <HeaderRow sort={sort} scale={scaleText(longest, Math.max(overview?.traces ?? 0, list.rows.length))} />
          {listed.length > 0 && (
            <div role="rowgroup" class="rows" style={{ height: `${listed.length * ROW_HEIGHT}px` }}>
              {seen.map(({ row, position }) => (
                <Row key={row.id} row={row} index={position} longest={longest} isSelected={row.id === selected} />
              ))}
            </div>
          )}
        </div>
        {listed.length === 0 && list.state.value !== 'loading' && <NoRows />}
      </section>
    </div>
  );
}

/** The loaded rows in view, each once: a trace may have moved between two answers of the store. */
function seenOf(listed: Listed, first: number, last: number): { row: TraceRow; position: number }[] {
  const byId = new Map<string, { row: TraceRow; position: number }>();
  for (let position = first; position < last; position++) {
    const row = listed.at(position);
    if (row !== undefined && !byId.has(row.id)) byId.set(row.id, { row, position });
  }
  return [...byId.values()];
}

/** Seconds of a full-length bar: one scale for the whole list. Running traces do not change it. */
function longestOf(rows: readonly TraceRow[]): number {
  let longest = 0;
  for (const { duration: seconds, isOpen } of rows)
    if (!isOpen && seconds !== null && seconds > longest) longest = seconds;
  return longest;
}

function scaleText(longest: number, traces: number): string {
  return longest === 0 ? '' : `A bar of full length is ${duration(longest)}, the longest of ${plural(traces, 'trace')}`;
}

/** Whether some traces started on another day: rows are sorted by newest, and a clock may be in the future. */
function hasDates(): boolean {
  const { rows } = list;
  const { times } = list.overview.value ?? {};
  const starts = [rows[0]?.start, rows.at(-1)?.start, times?.from];
  const isOther = starts.some((start) => start !== undefined && /^\d{4}-/.test(absolute(start)));
  return settings.value.times === 'absolute' && (isOther || (times?.older ?? 0) > 0);
}

function showNew(box: RefObject<HTMLElement | null>): void {
  list.release();
  box.current?.scrollTo({ top: 0 });
}

/** Announces new traces that are held back while the list is in use. */
function Waiting({ box }: { box: RefObject<HTMLElement | null> }) {
  const waiting = list.waiting.value;
  return (
    <output class="waiting">
      {waiting > 0 && (
        <button type="button" class="pill" onClick={() => showNew(box)}>
          {count(waiting)} new {waiting === 1 ? 'trace' : 'traces'}
        </button>
      )}
    </output>
  );
}
