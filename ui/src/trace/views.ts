import { ExceptionsView, thrownIn } from './exceptions-view.tsx';
import { FindingsView } from './findings-view.tsx';
import { Flame } from './flame.tsx';
import { Raw } from './raw.tsx';
import { SelfTime } from './self-time.tsx';
import { TimelineView } from './timeline.tsx';
import { TraceMap } from './trace-map.tsx';
import type { View } from './view.ts';

const TIMELINE: View = { tab: '', title: 'Timeline', key: '1', Component: TimelineView };

/** In the order of the tabs. A new view is an entry here. */
export const VIEWS: readonly View[] = [
  TIMELINE,
  { tab: 'flame', title: 'Flame', key: '2', Component: Flame },
  { tab: 'self', title: 'Self time', key: '3', Component: SelfTime },
  {
    tab: 'exceptions',
    title: 'Exceptions',
    key: '4',
    Component: ExceptionsView,
    count: ({ model }) => thrownIn(model.value?.spans ?? []).length,
  },
  { tab: 'map', title: 'Map', key: '5', Component: TraceMap, isFullWidth: true },
  {
    tab: 'findings',
    title: 'Findings',
    key: '6',
    Component: FindingsView,
    isFullWidth: true,
    count: ({ problems }) => problems.value.length,
  },
  { tab: 'raw', title: 'Raw', key: '7', Component: Raw, isFullWidth: true },
];

/** The view for a tab in the address; the timeline for an unknown tab. */
export function viewOf(name: string): View {
  return VIEWS.find(({ tab }) => tab === name) ?? TIMELINE;
}
