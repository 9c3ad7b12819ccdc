import { connection, list, pinned, rate, status } from '../live.ts';
import { absoluteSecond, count, megabytes, plural } from '../format.ts';
import { hrefTo, LIST, listHref, param, place, TRACE } from '../route.ts';
import type { Screen } from '../screens.tsx';
import { expression, isNarrowed, words } from '../search.ts';
import { forget, hrefOfSaved, isSaved, saved } from '../query/saved-filters.ts';

/** On the left side; on narrow screens at the bottom. */
export function Navigation({ screens }: { screens: readonly Pick<Screen, 'path' | 'go' | 'label'>[] }) {
  const { path: current } = place.value;
  const isPinnedList = current === LIST && param('pinned') !== '';
  return (
    <nav aria-label="Screens">
      <div class="brand">
        <svg viewBox="0 0 18 18" aria-hidden="true">
          <path d="M2 4h8M5 9h10M8 14h8" />
        </svg>
        xrayd
      </div>
      <a href={listHref()} aria-current={isPinnedList || (current !== LIST && current !== TRACE) ? undefined : 'page'}>
        Traces <Found />
      </a>
      {pinned.value.size > 0 && (
        <a href={hrefTo(LIST, { pinned: 'true' })} aria-current={isPinnedList ? 'page' : undefined}>
          Pinned{' '}
          <span class="faint" title={`${plural(pinned.value.size, 'pinned trace')} in the store`}>
            {count(pinned.value.size)}
          </span>
        </a>
      )}
      {screens.map(
        ({ path, go, label }) =>
          go !== undefined &&
          label !== undefined && (
            <a key={path} href={go.href()} aria-current={current === path ? 'page' : undefined}>
              {label}
            </a>
          ),
      )}
      <Saved />
      <Foot />
    </nav>
  );
}

/** The number of matches, in a place of constant size; the link to pinned traces has its own number. */
function Found() {
  void list.version.value;
  const { traces, isAll } = list.found;
  // The number of the first rows, until the total replaces it. For a search, other screens do not read on.
  const isPreliminary = !isAll && list.overview.value === undefined && (place.value.path === LIST || !isNarrowed.value);
  if (traces === 0 || isPreliminary || param('pinned') !== '') return <span class="faint found" />;
  const more = isAll ? '' : '+';
  return (
    <span
      class="faint found"
      title={
        isNarrowed.value
          ? `${plural(traces, 'trace')} ${traces === 1 ? 'matches' : 'match'} the search`
          : plural(traces, 'trace')
      }
    >
      {traces < 10_000 ? (
        `${count(traces)}${more}`
      ) : (
        <>
          <span class="wide">{`${count(traces)}${more}`}</span>
          <span class="narrow">{`${count(Math.floor(traces / 1_000))}k${more}`}</span>
        </>
      )}
    </span>
  );
}

function Saved() {
  if (saved.value.length === 0) return null;
  return (
    <div class="saved">
      <h2>Saved filters</h2>
      {saved.value.map((each) => (
        <div key={each.name} class="saved-filter">
          <a
            href={hrefOfSaved(each)}
            title={[each.filter, each.text].filter(Boolean).join(' · ')}
            aria-current={isSaved(each, expression.value, words.value) ? 'true' : undefined}
          >
            {each.name}
          </a>
          <button
            type="button"
            class="quiet"
            aria-label={`Remove the saved filter ${each.name}`}
            onClick={() => forget(each.name)}
          >
            ×
          </button>
        </div>
      ))}
    </div>
  );
}

function Foot() {
  const now = status.value;
  const { lostSince } = connection.value;
  return (
    <output class="foot">
      {lostSince !== undefined && (
        <span class="fault-text">Disconnected since {absoluteSecond(lostSince)}, retrying</span>
      )}
      {now !== undefined && (
        <>
          {lostSince === undefined && (
            <>
              <span>Listening on</span>
              <span class="mono">{now.address}</span>
              <span title="Segment documents received per second, and how many were received but lost">
                {rate.value >= 10 ? count(Math.round(rate.value)) : rate.value.toFixed(rate.value === 0 ? 0 : 1)}{' '}
                segments/s · {count(now.lost)} lost
              </span>
            </>
          )}
          <span
            title={
              now.file === '' ? 'In a temporary file that is deleted when xrayd stops; --data FILE keeps it' : now.file
            }
          >
            {megabytes(now.bytes)} of {megabytes(now.maxBytes)} MB stored
          </span>
        </>
      )}
    </output>
  );
}
