import { plural } from '../format.ts';
import { list, status } from '../live.ts';
import { boxText } from '../query/reading.ts';
import { Instead, MissingDigits, SearchAsText, Unsearched } from '../query/unsearched.tsx';
import { AllTime, ClearFilter } from '../query/widen.tsx';
import { hrefTo, LIST, param } from '../route.ts';
import { boxed, isNarrowed, searched, words } from '../search.ts';
import { Unsampled } from './unsampled.tsx';

/** Shown instead of rows: why there are none, and what to search for instead. */
export function NoRows() {
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
  if (!list.isComplete.value)
    return <p class="empty faint">Searching {plural(status.value?.traces ?? 0, 'trace')} …</p>;
  if (param('pinned') !== '') return <NoPinned />;
  const hasRange = searched.value?.from !== undefined;
  return (
    <div class="empty">
      <h2>No trace matches</h2>
      {boxed.value !== '' && <p class="mono">{boxed.value}</p>}
      {words.value !== '' && boxed.value !== boxText(words.value) && <p>with the text “{words.value}”</p>}
      <MissingDigits />
      <p>
        {plural(status.value?.traces ?? 0, 'trace')} in the store
        {hasRange ? ', not all of them in this time range' : ''}. A matching trace appears here automatically.
      </p>
      <p class="buttons">
        <AllTime />
        <Unsampled />
        <Instead />
        <SearchAsText />
        <ClearFilter />
      </p>
    </div>
  );
}

function NoPinned() {
  return (
    <div class="empty">
      <h2>No pinned trace{isNarrowed.value ? ' matches' : ''}</h2>
      <p>Pin a trace in its header to keep it when the store is full or cleared.</p>
      <p class="buttons">
        <a class="button" href={hrefTo(LIST)}>
          All traces
        </a>
      </p>
    </div>
  );
}
