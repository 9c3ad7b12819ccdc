import { hereWith, param, setParams } from '../route.ts';
import type { TraceState } from './trace-state.ts';

/** The views of a trace: what stands in the address, and what they are called. */
export const VIEWS = [
  { tab: '', title: 'Timeline', isWhole: false },
  { tab: 'flame', title: 'Flame', isWhole: false },
  { tab: 'self', title: 'Self time', isWhole: false },
  { tab: 'exceptions', title: 'Exceptions', isWhole: false },
  { tab: 'map', title: 'Map', isWhole: true },
  { tab: 'findings', title: 'Findings', isWhole: true },
  { tab: 'raw', title: 'Raw', isWhole: true },
] as const;

export type View = (typeof VIEWS)[number];

/** A view that has the whole width. */
export function isWhole(tab: string): boolean {
  return VIEWS.some((view) => view.tab === tab && view.isWhole);
}

/** A whole view has no panel until something is selected in it; the span comes back with the other views. */
function changesFor(state: TraceState, { tab, isWhole }: View): Record<string, string> {
  return { tab, span: isWhole ? '' : state.lastSelected.value };
}

export function viewHref(state: TraceState, view: View): string {
  return param('tab') === view.tab ? hereWith({}) : hereWith(changesFor(state, view));
}

export function showView(state: TraceState, view: View): void {
  if (param('tab') !== view.tab) setParams(changesFor(state, view));
}
