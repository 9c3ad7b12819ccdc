import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { TraceRow } from '../../../src/api/page-types.ts';
import { whenResized } from '../canvas.ts';
import { absolute, count, duration, plural } from '../format.ts';
import { isPaused, list, status } from '../live.ts';
import { HoverCard } from '../hover-card.tsx';
import { go, hrefTo, param, setParams } from '../route.ts';
import { boxed, isNarrowed, searched, words } from '../search.ts';
import { settings } from '../settings.ts';
import { addKeys } from '../shell/keys.ts';
import { togglePause } from '../shell/top-bar.tsx';
import { boxText } from '../query/reading.ts';
import { Instead, MissingDigits, SearchAsText, Unsearched } from '../query/unsearched.tsx';
import { useCounting } from './elapsed.ts';
import { later } from '../later.tsx';
import { heldBy, isScrolled } from './hold.ts';
import { usePlaceInList } from './place-in-list.ts';
import { sortOf } from './order.ts';
import { useListed, type Listed } from './listed.ts';
import { HeaderRow, Row, ROW_HEIGHT } from './row.tsx';
import { Histogram } from './histogram.tsx';
import { hasCharts, Legend } from './legend.tsx';
import { Scatter } from './scatter.tsx';
import { windowOf } from './window.ts';

const FirstRun = later(async () => (await import('../connect/connect.tsx')).FirstRun);

/** The list of traces, as they come. */
export function TracesScreen() {
  void list.version.value;
  const isEmptyStore = status.value?.traces === 0 && list.rows.length === 0 && list.waiting.value === 0;
  if (isEmptyStore && list.state.value === 'ready') return <FirstRun />;
  return (
    <div class="traces">
      <h1 class="unseen">Traces</h1>
      {hasCharts() && (
        <div class="charts">
          <Scatter />
          <Histogram />
        </div>
      )}
      <Legend />
      <Table />
      <HoverCard />
    </div>
  );
}

function Table() {
  const box = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(800);
  const selected = param('sel');
  const sort = sortOf(param('sort'));
  const listed = useListed(param('sort'));
  const shown = useRef(listed);
  shown.current = listed;
  const inList = usePlaceInList(box, listed, (y) => {
    top.value = y;
    isScrolled.value = y > 0;
  });
  const isHeld = isPaused.value || heldBy.value !== undefined;
  useEffect(() => list.hold(isHeld), [isHeld]);
  useEffect(() => whenResized(box.current!, () => (height.value = box.current!.clientHeight)), []);
  useLayoutEffect(() => addKeys('Traces', keysOf(box, shown, inList.select)), []);
  const { first, last } = windowOf({ top: top.value, height: height.value, rowHeight: ROW_HEIGHT, rows: listed.length });
  const overview = list.overview.value;
  useEffect(() => listed.want(first, last), [listed, first, last]);
  const seen = seenOf(listed, first, last);
  const longest = Math.max(
    longestOf(seen.map(({ row }) => row)),
    useMemo(() => longestOf(list.rows), [list.version.value]),
    overview?.longest ?? 0,
  );
  useCounting(seen.some(({ row: { isOpen } }) => isOpen));
  return (
    <div class="table-frame">
      <Waiting box={box} />
      <div
        class={hasDates() ? 'table with-dates' : 'table'}
        ref={box}
        onScroll={inList.onScroll}
        onWheel={inList.onMove}
        onPointerDown={inList.onMove}
        tabIndex={0}
        role="region"
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
        {listed.length === 0 && <Nothing />}
      </div>
    </div>
  );
}

/** The rows that are here, each once: between two answers of the store one may have moved. */
function seenOf(listed: Listed, first: number, last: number): { row: TraceRow; position: number }[] {
  const byId = new Map<string, { row: TraceRow; position: number }>();
  for (let position = first; position < last; position++) {
    const row = listed.at(position);
    if (row !== undefined && !byId.has(row.id)) byId.set(row.id, { row, position });
  }
  return [...byId.values()];
}

/** Seconds of a bar of full length: one scale for all, wherever the list is scrolled to. What is still running does not change it. */
function longestOf(rows: readonly TraceRow[]): number {
  let longest = 0;
  for (const { duration: seconds, isOpen } of rows) if (!isOpen && seconds !== null && seconds > longest) longest = seconds;
  return longest;
}

function scaleText(longest: number, traces: number): string {
  return longest === 0 ? '' : `A bar of full length is ${duration(longest)}, the longest of ${plural(traces, 'trace')}`;
}

/** Whether some began on another day than today: rows come newest first, and a clock may be in the future. */
function hasDates(): boolean {
  const { rows } = list;
  const { times } = list.overview.value ?? {};
  const starts = [rows[0]?.start, rows.at(-1)?.start, times?.from];
  const isOther = starts.some((start) => start !== undefined && /^\d{4}-/.test(absolute(start)));
  return settings.value.times === 'absolute' && (isOther || (times?.older ?? 0) > 0);
}

interface Ref<T> {
  readonly current: T;
}

/** What the keys do is looked up when one is pressed. */
function keysOf(box: Ref<HTMLDivElement | null>, shown: Ref<Listed>, show: (index: number) => void) {
  const at = (): number => shown.current.placeOf(param('sel'));
  const select = (next: number): void => {
    const index = Math.max(0, Math.min(shown.current.length - 1, next));
    const row = shown.current.at(index);
    if (row === undefined) return;
    setParams({ sel: row.id }, { isAside: true });
    show(index);
  };
  const open = (): void => {
    const row = shown.current.at(at());
    if (row !== undefined) go(hrefTo(`/traces/${row.id}`));
  };
  return [
    { keys: ['j', 'ArrowDown'], does: 'next trace', run: () => select(at() + 1) },
    { keys: ['k', 'ArrowUp'], does: 'previous trace', run: () => select(at() - 1) },
    { keys: ['Enter', 'o'], does: 'open the trace', run: open },
    { keys: ['Escape'], does: 'clear the selection', run: () => setParams({ sel: '' }, { isAside: true }) },
    { keys: ['p'], does: 'pause or resume', run: togglePause },
    { keys: ['n'], does: 'show new traces', run: () => showNew(box) },
  ];
}

function showNew(box: Ref<HTMLDivElement | null>): void {
  list.release();
  box.current?.scrollTo({ top: 0 });
}

/** New traces are announced, not pushed in, while the reader is looking at something. */
function Waiting({ box }: { box: Ref<HTMLDivElement | null> }) {
  const waiting = list.waiting.value;
  return (
    <div class="waiting" role="status">
      {waiting > 0 && (
        <button type="button" class="pill" onClick={() => showNew(box)}>
          {count(waiting)} new {waiting === 1 ? 'trace' : 'traces'}
        </button>
      )}
    </div>
  );
}

function Nothing() {
  if (list.state.value === 'loading') return null;
  if (list.state.value === 'unsearched') return <Unsearched />;
  if (list.state.value === 'failed') {
    return (
      <div class="empty">
        <h2>The traces could not be read</h2>
        <p>{list.problem.value}</p>
        <p>
          <button type="button" class="button" onClick={() => list.show(searched.peek())}>
            Try again
          </button>
        </p>
      </div>
    );
  }
  if (!list.isComplete.value) return <p class="empty faint">Searching {plural(status.value?.traces ?? 0, 'trace')} …</p>;
  const hasRange = searched.value?.from !== undefined;
  return (
    <div class="empty">
      <h2>No trace matches</h2>
      {boxed.value !== '' && <p class="mono">{boxed.value}</p>}
      {words.value !== '' && boxed.value !== boxText(words.value) && <p>with the text “{words.value}”</p>}
      <MissingDigits />
      <p>
        {plural(status.value?.traces ?? 0, 'trace')} in the store{hasRange ? ', not all of them in this time range' : ''}. A trace that matches
        appears here by itself.
      </p>
      <p class="buttons">
        {hasRange && (
          <button type="button" class="button" onClick={() => setParams({ range: '', from: '', to: '' })}>
            Search all time
          </button>
        )}
        <Instead />
        <SearchAsText />
        {isNarrowed.value && (
          <button type="button" class="button" onClick={() => setParams({ q: '', text: '' })}>
            Clear the filter
          </button>
        )}
      </p>
    </div>
  );
}
