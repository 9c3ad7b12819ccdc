import { useMemo } from 'preact/hooks';
import type { RowOutcome, SortKey } from '../../../src/xray/api/page-types.ts';
import { count, plural } from '../format.ts';
import { list } from '../live.ts';
import { OUTCOMES, severityOf, WORDS } from '../outcomes.ts';
import { param, setParams } from '../route.ts';
import { searched } from '../search.ts';
import { nowSeconds } from '../wall-clock.ts';
import { shownTimes, type ShownTimes } from './chart-scale.ts';
import { sortOf } from './order.ts';

/** What the colours of the charts mean. */
export const NAMES: Readonly<Record<RowOutcome, readonly [word: string, status: string]>> = {
  ok: [WORDS.ok, ''],
  live: [WORDS.live, ''],
  error: [WORDS.error, ', 4xx'],
  throttle: [WORDS.throttle, ', 429'],
  fault: [WORDS.fault, ', 5xx'],
};

/** Fewer are read in the list; a chart of one trace is a dot on an axis. */
const LEAST_TRACES = 5;

export function hasCharts(): boolean {
  return list.rows.length >= LEAST_TRACES;
}

/** The times of the chart, for what is searched for. */
export function chartTimes(): ShownTimes {
  const { from, to } = searched.peek() ?? {};
  return shownTimes(list.rows, { from, to, isAll: param('chart') === 'all', now: nowSeconds() });
}

const ORDERS: Readonly<Record<SortKey, readonly [descending: string, ascending: string]>> = {
  start: ['newest first', 'oldest first'],
  name: ['by request, from Z to A', 'by request, from A to Z'],
  services: ['most services first', 'fewest services first'],
  status: ['worst status first', 'best status first'],
  duration: ['longest first', 'shortest first'],
  spans: ['most spans first', 'fewest spans first'],
};

/** Above the list: of how many traces it is, in which order, and what the colours mean. */
export function Legend() {
  const version = list.version.value;
  const counts = useMemo(() => countsOf(), [version]);
  if (list.rows.length === 0) return null;
  const { key, isDescending } = sortOf(param('sort'));
  return (
    <div class="legend">
      <span>
        <b>{howMany()}</b>, {ORDERS[key][isDescending ? 0 : 1]}
      </span>
      {hasCharts() && <Elsewhere />}
      <span class="spacer" />
      {OUTCOMES.map((outcome) => {
        const number = counts[severityOf(outcome)]!;
        return (
          number > 0 && (
            <span key={outcome} class="outcome-count">
              <i class={`swatch ${outcome}`} aria-hidden="true" />
              {count(number)} {NAMES[outcome][0]}
              <span class="wide">{NAMES[outcome][1]}</span>
            </span>
          )
        );
      })}
    </div>
  );
}

function countsOf(): number[] {
  const counts = OUTCOMES.map(() => 0);
  for (const { outcome } of list.rows) counts[severityOf(outcome)]!++;
  return counts;
}

/** "1,284 traces"; while they are read, and of more than the page holds: "17,245 of 39,000 traces". */
function howMany(): string {
  const { length } = list.rows;
  const { traces, isAll } = list.found;
  const what = param('pinned') === '' ? 'trace' : 'pinned trace';
  if (list.isOrdering.value) return `The newest ${plural(length, what)}, all of them are being sorted`;
  if (traces > length) return `${count(length)} of ${isAll ? '' : 'more than '}${count(traces)} ${what}s`;
  if (isAll) return plural(length, what);
  return `${count(length)} ${what}s read so far`;
}

/** Traces that the chart leaves out because of when they began. */
function Elsewhere() {
  void list.version.value;
  const { older, newer, isFuture } = chartTimes();
  if (param('chart') === 'all') {
    return (
      <button type="button" class="button small" onClick={() => setParams({ chart: '' }, { isAside: true })}>
        Chart: the last hour with traces
      </button>
    );
  }
  if (older + newer === 0) return null;
  const parts = [
    ...(older === 0 ? [] : [`${count(older)} older`]),
    ...(newer === 0 ? [] : [`${count(newer)} ${isFuture ? 'in the future' : 'newer'}`]),
  ];
  return (
    <button
      type="button"
      class="button small"
      title="Not in the chart, which has the last hour with traces. Click: all of them"
      onClick={() => setParams({ chart: 'all' }, { isAside: true })}
    >
      {parts.join(', ')}
    </button>
  );
}
