import { useSignal } from '@preact/signals';
import type { RowOutcome } from '../../../src/api/page-types.ts';
import { count, duration, percent } from '../format.ts';
import { isFailed, severityOf } from '../outcomes.ts';
import { selfSecondsOf, type Span } from './model.ts';
import type { ViewProps } from './view.ts';

export interface SelfTimeLine {
  readonly service: string;
  readonly name: string;
  readonly calls: number;
  readonly total: number;
  readonly self: number;
  readonly longest: number;
  readonly errors: number;
  /** Of those that failed. */
  readonly worst: RowOutcome;
  readonly first: Span;
}

/** Where the time went, by service and name. Seconds. */
export function selfTimesOf(spans: readonly Span[]): SelfTimeLine[] {
  type Line = { -readonly [K in keyof SelfTimeLine]: SelfTimeLine[K] };
  const lines = new Map<string, Line>();
  for (const span of spans) {
    if (span.kind === 'inferred') continue;
    const key = `${span.service}\n${span.name}`;
    const line: Line = lines.get(key) ?? {
      service: span.service,
      name: span.name,
      calls: 0,
      total: 0,
      self: 0,
      longest: 0,
      errors: 0,
      worst: 'ok',
      first: span,
    };
    const length = span.end - span.start;
    line.calls++;
    line.total += length;
    line.self += selfSecondsOf(span);
    if (length > line.longest) [line.longest, line.first] = [length, span];
    if (isFailed(span.outcome)) {
      line.errors++;
      if (severityOf(span.outcome) > severityOf(line.worst)) line.worst = span.outcome;
    }
    lines.set(key, line);
  }
  return [...lines.values()];
}

const COLUMNS = [
  ['name', 'Span'],
  ['calls', 'Calls'],
  ['errors', 'Errors'],
  ['self', 'Self time'],
  ['total', 'Total'],
  ['average', 'Average'],
  ['longest', 'Longest'],
] as const;
/** Tooltip of the column that the view is named after. */
const SELF_TIME = 'Time in which a span itself worked or waited, without the spans below it';
type Column = (typeof COLUMNS)[number][0];

export function SelfTime({ state, model }: ViewProps) {
  const by = useSignal<Column>('self');
  void state.tick.value;
  const lines = selfTimesOf(model.spans);
  const all = lines.reduce((sum, { self }) => sum + self, 0);
  const most = Math.max(1e-9, ...lines.map(({ self }) => self));
  const value = (line: SelfTimeLine): number | string =>
    by.value === 'name' ? line.name : by.value === 'average' ? line.total / line.calls : line[by.value];
  lines.sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    return typeof x === 'string' ? x.localeCompare(String(y)) : Number(y) - x;
  });
  return (
    <div class="self-time">
      <table>
        <thead>
          <tr>
            {COLUMNS.map(([key, title]) => (
              <th
                key={key}
                scope="col"
                class={key === 'name' ? 'name' : undefined}
                title={key === 'self' ? SELF_TIME : undefined}
                aria-sort={by.value === key ? (key === 'name' ? 'ascending' : 'descending') : 'none'}
              >
                <button type="button" class="sort" onClick={() => (by.value = key)}>
                  {title}
                  {by.value === key ? (key === 'name' ? ' ↑' : ' ↓') : ''}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.slice(0, 500).map((line) => (
            <tr
              key={`${line.service} ${line.name}`}
              class={state.selected.value === line.first ? 'selected' : ''}
              aria-current={state.selected.value === line.first}
            >
              <td class="name">
                <button
                  type="button"
                  class="plain"
                  title={`${line.name}${line.service === line.name ? '' : ` in ${line.service}`}\nClick to select the longest`}
                  onClick={() => state.select(line.first)}
                >
                  {line.name} {line.service !== line.name && <span class="faint">in {line.service}</span>}
                </button>
              </td>
              <td>{count(line.calls)}</td>
              <td class={line.errors > 0 ? `${line.worst}-text` : 'faint'}>{count(line.errors)}</td>
              <td class="self">
                <i class="length" style={{ width: `${(line.self / most) * 84}px` }} aria-hidden="true" />
                {duration(line.self)} <span class="faint share">{percent(all === 0 ? 0 : line.self / all)}</span>
              </td>
              <td>{duration(line.total)}</td>
              <td>{duration(line.total / line.calls)}</td>
              <td>{duration(line.longest)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {lines.length > 500 && <p class="faint">The first 500 of {count(lines.length)}.</p>}
    </div>
  );
}
