import { setParams } from '../route.ts';
import { isNarrowed, searched } from '../search.ts';

/** A button, if the search is limited to a time. */
export function AllTime() {
  if (searched.value?.from === undefined) return null;
  return (
    <button type="button" class="button" onClick={() => setParams({ range: '', from: '', to: '' })}>
      Search all time
    </button>
  );
}

/** A button, if the search has a filter or words. */
export function ClearFilter() {
  if (!isNarrowed.value) return null;
  return (
    <button type="button" class="button" onClick={() => setParams({ q: '', text: '' })}>
      Clear the filter
    </button>
  );
}
