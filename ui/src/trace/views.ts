import { hereWith, param, setParams } from '../route.ts';

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

/** Of how a trace is looked at: the id of the span that was selected last. */
interface Selecting {
  readonly lastSelected: { readonly value: string };
}

/** A whole view has no panel until something is selected in it; the span comes back with the other views. */
function changesFor(state: Selecting, { tab, isWhole }: View): Record<string, string> {
  return { tab, span: isWhole ? '' : state.lastSelected.value };
}

export function viewHref(state: Selecting, view: View): string {
  return param('tab') === view.tab ? hereWith({}) : hereWith(changesFor(state, view));
}

export function showView(state: Selecting, view: View): void {
  if (param('tab') !== view.tab) setParams(changesFor(state, view));
}
