import type { TargetedEvent } from 'preact';
import { lengthOf, type SortKey, type TraceRow } from '../../../src/api/page-types.ts';
import { clock, count, duration, fullTime, pathOf, plural } from '../format.ts';
import { hideCard, showCard } from '../hover-card.tsx';
import { pinned } from '../live.ts';
import { badgeText, WORDS } from '../outcomes.ts';
import { hrefTo, param, setParams } from '../route.ts';
import { quoted } from '../search.ts';
import { Value } from '../value.tsx';
import { now } from './elapsed.ts';
import type { Sort } from './order.ts';

/** Height of each row, px. The same as --row. */
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

/** `scale`: tooltip that explains the length of bars. */
export function HeaderRow({ sort, scale }: { sort: Sort; scale: string }) {
  return (
    <div role="rowgroup" class="head">
      <div role="row" class="row">
        {COLUMNS.map(({ key, title }) => {
          const isThis = sort.key === key;
          // Numbers are sorted largest first.
          const next = isThis ? !sort.isDescending : key !== 'name';
          return (
            <div
              key={key}
              role="columnheader"
              class={`cell ${key}`}
              title={key === 'duration' ? scale : undefined}
              aria-sort={isThis ? (sort.isDescending ? 'descending' : 'ascending') : 'none'}
            >
              <button
                type="button"
                class="sort"
                onClick={() => setParams({ sort: key === 'start' && next ? '' : `${next ? '-' : ''}${key}` })}
              >
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

export interface RowProps {
  readonly row: TraceRow;
  readonly index: number;
  /** Seconds of the longest bar. */
  readonly longest: number;
  readonly isSelected: boolean;
}

export function Row({ row, index, longest, isSelected }: RowProps) {
  const { id, start, spans } = row;
  return (
    <div
      role="row"
      class={isSelected ? 'row selected' : 'row'}
      style={{ top: `${index * ROW_HEIGHT}px` }}
      aria-rowindex={index + 2}
      aria-current={isSelected}
    >
      <div role="cell" class="cell start dim">
        {clock(start)}
      </div>
      <div role="cell" class="cell name">
        {pinned.value.has(id) && param('pinned') === '' && <span class="mark">pinned</span>}
        {!row.isSampled && (
          <span class="mark" title="AWS would not keep this trace">
            unsampled
          </span>
        )}
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
        {row.isOpen ? (
          <Elapsed row={row} longest={longest} />
        ) : (
          <Length row={row} seconds={row.duration} longest={longest} />
        )}
      </div>
      <div role="cell" class="cell spans dim">
        {count(spans)}
      </div>
    </div>
  );
}

/** A component of its own, so that updating a running duration renders nothing else. */
function Elapsed({ row, longest }: { row: TraceRow; longest: number }) {
  return <Length row={row} seconds={lengthOf(row, now.value)} longest={longest} />;
}

function Length({
  row: { outcome, isOpen },
  seconds,
  longest,
}: {
  row: TraceRow;
  seconds: number | null;
  longest: number;
}) {
  const share = seconds === null || longest === 0 ? 0 : Math.min(1, seconds / longest);
  return (
    <>
      <span class="number">
        {seconds === null ? '–' : duration(seconds)}
        {isOpen && <span class="unseen"> so far</span>}
      </span>
      <i
        class={`length ${isOpen ? 'live' : outcome}`}
        style={{ width: `${seconds === null ? 0 : Math.max(2, share * BAR)}px` }}
        aria-hidden="true"
      />
    </>
  );
}

/** Tooltip of the link, which covers the whole row. */
function titleOf({ url, name, id, start }: TraceRow): string {
  return `${url ?? name}\n${id}\nStarted ${fullTime(start)}`;
}

/** The request: method and path, or kind and name if it is not an HTTP request. */
export function Request({ row: { method, url, name, type } }: { row: TraceRow }) {
  if (url !== null) {
    return (
      <>
        <span class="faint">{method ?? 'HTTP'}</span> <bdi>{pathOf(url)}</bdi>
      </>
    );
  }
  const kind = type?.startsWith('AWS::Lambda') === true ? 'lambda' : undefined;
  return (
    <>
      {kind !== undefined && <span class="faint">{kind} </span>}
      <bdi>{name}</bdi>
    </>
  );
}

/** The number of names that fit in a row. */
const SHOWN_SERVICES = 2;

function Services({ row: { services, serviceCount } }: { row: TraceRow }) {
  const more = serviceCount - Math.min(SHOWN_SERVICES, services.length);
  const show = ({ currentTarget }: TargetedEvent<Element>): void =>
    showCard(currentTarget.getBoundingClientRect(), <Chain names={services} of={serviceCount} />);
  return (
    <span class="chain" onMouseEnter={show} onMouseLeave={hideCard} onFocusCapture={show} onBlurCapture={hideCard}>
      {services.slice(0, SHOWN_SERVICES).map((name, i) => (
        <span key={i}>
          {i > 0 && <span class="faint"> → </span>}
          <Value condition={`service(${quoted(name)})`}>{name}</Value>
        </span>
      ))}
      {more > 0 && (
        <button
          type="button"
          class="plain faint more"
          onClick={show}
          aria-label={`${plural(more, 'more service')}: ${services.slice(SHOWN_SERVICES).join(', ')}`}
        >
          {' '}
          +{count(more)}
        </button>
      )}
    </span>
  );
}

/** All services, the entry on top. */
function Chain({ names, of }: { names: readonly string[]; of: number }) {
  return (
    <>
      <b>{plural(of, 'service')}</b>
      <ol>
        {names.map((name, i) => (
          // A name may occur twice, with two types.
          <li key={`${i} ${name}`}>
            <bdi>{name}</bdi>
          </li>
        ))}
      </ol>
      {of > names.length && <span class="faint">and {count(of - names.length)} more</span>}
    </>
  );
}

export function Badge({ row }: { row: TraceRow }) {
  return <span class={`badge ${row.outcome}`}>{badgeText(row.outcome, row.status)}</span>;
}

function Status({ row }: { row: TraceRow }) {
  const { outcome, status } = row;
  if (outcome === 'live') return <Badge row={row} />;
  const text = badgeText(row.outcome, row.status);
  const condition = status === null ? (outcome === 'ok' ? 'ok' : outcome) : `http.status = ${status}`;
  return (
    <Value condition={condition} label={`${text}, ${WORDS[outcome]}`}>
      <Badge row={row} />
    </Value>
  );
}
