import { useComputed } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { count, duration } from '../format.ts';
import { SPANS_AT_ONCE } from './critical-path.ts';
import { showMatch } from './step.ts';
import type { TraceState } from './trace-state.ts';

/** Finds spans in the trace; also has the other controls of the timeline. */
export function FindBar({ state }: { state: TraceState }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    state.setFindField(input.current);
    return () => state.setFindField(null);
  }, [state]);
  const matches = state.matches.value;
  const selected = state.selected.value;
  const at = selected === undefined ? -1 : matches.indexOf(selected);
  const gaps = state.zoom.gaps.value;
  return (
    <search class="find" aria-label="In this trace">
      <input
        ref={input}
        class="text"
        type="search"
        aria-label="Find in the trace"
        placeholder="Find in this trace (f)"
        value={state.find.value}
        onInput={(event) => state.search(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') showMatch(state, event.shiftKey ? -1 : 1);
          if (event.key === 'Escape') {
            state.search('');
            event.currentTarget.blur();
          }
        }}
      />
      {state.find.value !== '' && (
        <>
          <output class="faint">
            {matches.length === 0 ? 'Nothing found' : `${at < 0 ? '–' : count(at + 1)} of ${count(matches.length)}`}
          </output>
          <button
            type="button"
            class="button small"
            onClick={() => showMatch(state, -1)}
            disabled={matches.length === 0}
          >
            Previous
          </button>
          <button
            type="button"
            class="button small"
            onClick={() => showMatch(state, 1)}
            disabled={matches.length === 0}
          >
            Next
          </button>
        </>
      )}
      <span class="spacer" />
      <LineKey state={state} />
      {gaps.length > 0 && (
        <button
          type="button"
          class="button small"
          aria-pressed={state.zoom.isFoldingGaps.value}
          onClick={() => (state.zoom.isFoldingGaps.value = !state.zoom.isFoldingGaps.value)}
        >
          {state.zoom.isFoldingGaps.value ? 'Idle folded' : 'Idle shown'},{' '}
          {duration(gaps.reduce((sum, { from, to }) => sum + to - from, 0))}
        </button>
      )}
      {state.zoom.chosen.value !== undefined && (
        <button type="button" class="button small" onClick={() => state.zoom.to(undefined)}>
          Whole trace
        </button>
      )}
      <button type="button" class="button small" onClick={() => state.openTo(1)}>
        Collapse
      </button>
      <button type="button" class="button small" onClick={() => state.openTo(Infinity)}>
        Expand
      </button>
    </search>
  );
}

/** Legend of the strokes that the timeline contains. */
function LineKey({ state }: { state: TraceState }) {
  const hasCalls = useComputed(() => state.rows.value.some(({ call }) => call !== undefined)).value;
  const hasPath = state.path.value.size > 0;
  const isLater = !hasPath && (state.model.value?.spans.length ?? 0) > SPANS_AT_ONCE;
  if (!hasPath && !isLater && !hasCalls) return null;
  return (
    <span class="line-key faint wide">
      {hasCalls && (
        <>
          <span title="The call as the caller saw it, with the time in the network and in queues">
            <i class="outlined" aria-hidden="true" /> as called
          </span>
          <span title="The part in which the called service did its work">
            <i class="filled" aria-hidden="true" /> as served
          </span>
        </>
      )}
      {(hasPath || isLater) && (
        <span class={isLater ? 'reserved' : undefined} title="The spans that determine the duration of the trace">
          <i class="stroke" aria-hidden="true" /> critical path
        </span>
      )}
    </span>
  );
}
