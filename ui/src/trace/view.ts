import type { ComponentType } from 'preact';
import { hereWith, param, setParams } from '../route.ts';
import type { TraceModel } from './model.ts';
import type { TraceState } from './trace-state.ts';

export interface ViewProps {
  readonly state: TraceState;
  readonly model: TraceModel;
}

/** A view of a trace: all that the page knows about it. */
export interface View {
  /** `?tab=` of the address; "" for the view that a trace opens in. */
  readonly tab: string;
  /** On its tab, and in the list of keys. */
  readonly title: string;
  /** The key that opens it. */
  readonly key: string;
  readonly Component: ComponentType<ViewProps>;
  /** It takes up the full width: there is no panel until something is selected in it. */
  readonly isFullWidth?: boolean;
  /** The number beside the title, unless it is 0. */
  readonly count?: (state: TraceState) => number;
}

/** A view in full width clears the selection; the span that was selected last comes back with the others. */
function changesFor(state: TraceState, { tab, isFullWidth = false }: View): Record<string, string> {
  return { tab, span: isFullWidth ? '' : state.lastSelected.value };
}

export function viewHref(state: TraceState, view: View): string {
  return param('tab') === view.tab ? hereWith({}) : hereWith(changesFor(state, view));
}

export function showView(state: TraceState, view: View): void {
  if (param('tab') !== view.tab) setParams(changesFor(state, view));
}
