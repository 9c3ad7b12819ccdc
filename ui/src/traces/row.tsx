import type { TraceRow } from '../../../src/xray/api/page-types.ts';
import { clock, count, duration, fullTime, pathOf } from '../format.ts';
import { hrefTo, setParams } from '../route.ts';
import { quoted } from '../search.ts';
import { Value } from '../value.tsx';
import type { Sort, SortKey } from './row-list.ts';

/** px; of each row, so that which are seen is arithmetic. As --row. */
export const ROW_HEIGHT = 28;
/** px of the longest bar. */
const BAR = 84;

const COLUMNS: readonly { key: SortKey; title: string }[] = [
  { key: 'start', title: 'Started' },
  { key: 'name', title: 'Request' },
  { key: 'services', title: 'Services' },
  { key: 'status', title: 'Status' },
  { key: 'duration', title: 'Duration' },
  { key: 'spans', title: 'Spans' },
];

export function HeaderRow({ sort }: { sort: Sort }) {
  return (
    <div role="rowgroup" class="head">
      <div role="row" class="row">
        {COLUMNS.map(({ key, title }) => {
          const isThis = sort.key === key;
          // Numbers are most wanted large first.
          const next = isThis ? !sort.isDescending : key !== 'name';
          return (
            <div key={key} role="columnheader" class={`cell ${key}`} aria-sort={isThis ? (sort.isDescending ? 'descending' : 'ascending') : 'none'}>
              <button type="button" class="sort" onClick={() => setParams({ sort: key === 'start' && next ? '' : `${next ? '-' : ''}${key}` })}>
                {title}
                {isThis ? (sort.isDescending ? ' ↓' : ' ↑') : ''}
              </button>
            </div>
          );
        })}
      </div>
    </div>
  );
}

export function Row({ row, index, longest, isSelected }: { row: TraceRow; index: number; longest: number; isSelected: boolean }) {
  const { id, start, outcome, spans } = row;
  // What is complete of a live one says nothing yet.
  const length = outcome === 'live' ? null : row.duration;
  return (
    <div role="row" class={isSelected ? 'row selected' : 'row'} style={{ top: `${index * ROW_HEIGHT}px` }} aria-rowindex={index + 2}>
      <div role="cell" class="cell start dim" title={fullTime(start)}>
        {clock(start)}
      </div>
      <div role="cell" class="cell name">
        <a href={hrefTo(`/traces/${id}`)} data-trace={id} title={titleOf(row)}>
          <Request row={row} />
        </a>
      </div>
      <div role="cell" class="cell services">
        <Services row={row} />
      </div>
      <div role="cell" class="cell status">
        <Status row={row} />
      </div>
      <div role="cell" class="cell duration">
        <span class="number">{length === null ? '…' : duration(length)}</span>
        <i
          class={`length ${outcome}`}
          style={{ width: `${length === null ? BAR / 2 : Math.max(2, longest === 0 ? 0 : (length / longest) * BAR)}px` }}
          aria-hidden="true"
        />
      </div>
      <div role="cell" class="cell spans dim">
        {count(spans)}
      </div>
    </div>
  );
}

function titleOf({ url, name, id }: TraceRow): string {
  return `${url ?? name}\n${id}`;
}

/** What was asked for: method and path; of what is no HTTP request its kind and name. */
function Request({ row: { method, url, name, type } }: { row: TraceRow }) {
  if (url !== null) {
    return (
      <>
        <span class="faint">{method ?? 'HTTP'}</span> {pathOf(url)}
      </>
    );
  }
  const kind = type?.startsWith('AWS::Lambda') === true ? 'lambda' : undefined;
  return (
    <>
      {kind !== undefined && <span class="faint">{kind} </span>}
      {name}
    </>
  );
}

function Services({ row: { services, serviceCount } }: { row: TraceRow }) {
  const more = serviceCount - Math.min(2, services.length);
  return (
    <>
      {services.slice(0, 2).map((name, i) => (
        <span key={name}>
          {i > 0 && <span class="faint"> → </span>}
          <Value condition={`service(${quoted(name)})`}>{name}</Value>
        </span>
      ))}
      {more > 0 && <span class="faint"> +{more}</span>}
    </>
  );
}

const WORDS = { ok: 'ok', error: 'error', throttle: 'throttle', fault: 'fault', live: 'live' } as const;

function Status({ row: { outcome, status } }: { row: TraceRow }) {
  if (outcome === 'live') return <span class="badge live">live</span>;
  const text = status === null ? WORDS[outcome] : String(status);
  const condition = status === null ? (outcome === 'ok' ? 'ok' : outcome) : `http.status = ${status}`;
  return (
    <Value condition={condition} label={`${text}, ${WORDS[outcome]}`}>
      <span class={`badge ${outcome}`}>{text}</span>
    </Value>
  );
}
