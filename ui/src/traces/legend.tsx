import type { SortKey } from '../../../src/api/page-types.ts';
import type { ShownTimes } from '../../../src/trace/shown-times.ts';
import { count, plural } from '../format.ts';
import { list } from '../live.ts';
import { LEGEND, OUTCOMES, severityOf } from '../outcomes.ts';
import { param, setParams } from '../route.ts';
import { chartData } from './chart-data.ts';
import { sortOf } from './order.ts';
import { MAX_ORDERED } from './store-order.ts';
import { Unsampled } from './unsampled.tsx';

/** Below this number, the list alone is sufficient. */
const MIN_TRACES = 5;

export function hasCharts(): boolean {
  return list.rows.length >= MIN_TRACES;
}

const ORDERS: Readonly<Record<SortKey, readonly [descending: string, ascending: string]>> = {
  start: ['newest first', 'oldest first'],
  name: ['by request, from Z to A', 'by request, from A to Z'],
  services: ['most services first', 'fewest services first'],
  status: ['worst status first', 'best status first'],
  duration: ['longest first', 'shortest first'],
  spans: ['most spans first', 'fewest spans first'],
};

/** Above the list: the number of traces, their order, and the meaning of the colours. */
export function Legend() {
  void [list.version.value, list.overview.value];
  if (list.rows.length === 0) return null;
  const { outcomes: counts, times } = chartData();
  const { key, isDescending } = sortOf(param('sort'));
  // Counts of the first rows would be wrong, and be replaced.
  const isCounted = list.overview.value !== undefined || list.found.isAll;
  return (
    <div class="legend">
      {/* The final sentence replaces that of the first rows. */}
      <span key={isCounted} class="how-many">
        <b>{howMany()}</b>, {ORDERS[key][isDescending ? 0 : 1]}
      </span>
      {isCounted && hasCharts() && <Elsewhere {...times} />}
      {isCounted && <Unsampled />}
      <span class="spacer" />
      <span class={isCounted ? 'outcomes' : 'outcomes uncounted'}>
        {OUTCOMES.map((outcome) => {
          const number = counts[severityOf(outcome)] ?? 0;
          return (
            number > 0 && (
              <span key={outcome} class="outcome-count">
                <i class={`swatch ${outcome}`} aria-hidden="true" />
                {count(number)} {LEGEND[outcome][0]}
                <span class="wide">{LEGEND[outcome][1]}</span>
              </span>
            )
          );
        })}
      </span>
    </div>
  );
}

/** "1,284 traces"; if the store does not sort them all, "200,000 of 1,039,000 traces". */
function howMany(): string {
  const { length } = list.rows;
  const { traces, isAll } = list.found;
  const what = param('pinned') === '' ? 'trace' : 'pinned trace';
  if (list.isOrdering) return `The newest ${plural(length, what)}, all of them are being sorted`;
  const ordered = list.ofStore?.traces;
  if (ordered !== undefined && ordered >= MAX_ORDERED && traces > ordered)
    return `${count(ordered)} of ${isAll ? '' : 'more than '}${count(traces)} ${what}s`;
  if (isAll) return plural(traces, what);
  return list.overview.value === undefined
    ? `${count(length)} ${what}s read so far`
    : `More than ${plural(traces, what)}`;
}

/** Traces outside the time range of the chart. */
function Elsewhere({ older, newer, isFuture }: Pick<ShownTimes, 'older' | 'newer' | 'isFuture'>) {
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
      title="Outside the chart, which shows the last hour with traces. Click to show all"
      onClick={() => setParams({ chart: 'all' }, { isAside: true })}
    >
      {parts.join(', ')}
    </button>
  );
}
