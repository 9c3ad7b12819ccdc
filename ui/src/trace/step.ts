import { firstError } from './cause.ts';
import type { Span } from './model.ts';
import { oncePerRow } from './rows.ts';
import type { TraceState } from './trace-state.ts';

/**
 * Shows the next (or previous) of `spans` from the selected one, in the order of the timeline, and starts again at the
 * end. `first`: where nothing is selected.
 */
function stepIn(state: TraceState, spans: readonly Span[], by: 1 | -1, first?: Span): void {
  const all = state.model.peek()?.spans ?? [];
  const selected = state.selected.peek() ?? state.selectedFold.peek()?.spans[0];
  if (selected === undefined && first !== undefined) {
    state.show(first);
    return;
  }
  const here = selected === undefined ? (by === 1 ? -1 : all.length) : all.indexOf(selected);
  const order = by === 1 ? spans : spans.toReversed();
  const next = order.find((span) => span !== selected?.callee && (all.indexOf(span) - here) * by > 0) ?? order[0];
  if (next !== undefined) state.show(next);
}

/** Shows the next or previous failed span; the cause first. */
export function showError(state: TraceState, by: 1 | -1): void {
  const model = state.model.peek();
  if (model !== undefined) stepIn(state, oncePerRow(model.errors), by, by === 1 ? firstError(model) : undefined);
}

/** Shows the next or previous match of the find field. */
export function showMatch(state: TraceState, by: 1 | -1): void {
  stepIn(state, state.matches.peek(), by);
}
