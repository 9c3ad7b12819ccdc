import { copyAndAnnounce } from '../copy.tsx';
import { go, listHref, param, setParams } from '../route.ts';
import type { KeyHandler } from '../shell/keys.ts';
import type { TimelineRow } from './rows.ts';
import { showError, showMatch } from './step.ts';
import type { TraceState } from './trace-state.ts';
import { showView } from './view.ts';
import { VIEWS } from './views.ts';

/** Keyboard shortcuts of the trace screen. */
export function keysFor(state: TraceState): KeyHandler[] {
  const rows = () => state.rows.peek();
  const at = (): number => rows().findIndex((row) => state.isSelected(row));
  const selectRow = (row: TimelineRow | undefined): void => {
    if (row !== undefined) state.select(row.fold ?? row.span);
  };
  const step = (by: number): void =>
    selectRow(rows()[Math.max(0, Math.min(rows().length - 1, at() < 0 ? 0 : at() + by))]);
  const open = (isOpen: boolean): void => {
    const row = rows()[at()];
    if (row === undefined) return;
    if (row.hasChildren && row.isOpen !== isOpen) state.toggle(row.fold?.key ?? row.span.id, row.fold !== undefined);
    else if (!isOpen)
      selectRow(
        rows()
          .slice(0, at())
          .findLast(({ depth }) => depth < row.depth),
      );
    else if (row.hasChildren) step(1);
  };
  const part = (): number => {
    const { from, to } = state.zoom.window.peek();
    return (to - from) / 5;
  };
  return [
    { keys: ['j', 'ArrowDown'], does: 'next span', run: () => step(1) },
    { keys: ['k', 'ArrowUp'], does: 'previous span', run: () => step(-1) },
    { keys: ['ArrowRight'], does: 'expand, or go to the first child', run: () => open(true) },
    { keys: ['ArrowLeft'], does: 'collapse, or go to the parent', run: () => open(false) },
    { keys: ['e'], does: 'go to the cause, then to the next error', run: () => showError(state, 1) },
    { keys: ['E'], does: 'previous error', run: () => showError(state, -1) },
    { keys: ['f'], does: 'find in the trace', run: () => void state.focusFind() },
    { keys: ['Ctrl+f'], does: 'find in the timeline; again for the browser’s own find', run: () => state.focusFind() },
    { keys: ['n'], does: 'next match', run: () => showMatch(state, 1) },
    { keys: ['N'], does: 'previous match', run: () => showMatch(state, -1) },
    {
      keys: ['y'],
      does: 'copy the id of the selected span',
      run: () => {
        const span = state.selected.peek();
        if (span !== undefined) void copyAndAnnounce(span.entity.id, `id ${span.entity.id}`);
      },
    },
    { keys: ['+', '='], does: 'zoom in', run: () => state.zoom.by(0.5) },
    { keys: ['-'], does: 'zoom out', run: () => state.zoom.by(2) },
    { keys: ['0'], does: 'show the whole trace', run: () => state.zoom.to(undefined) },
    {
      keys: ['z'],
      does: 'zoom to the selected span',
      run: () => {
        const spans = state.selectedFold.peek()?.spans ?? [state.selected.peek()].filter((span) => span !== undefined);
        if (spans.length > 0) state.zoom.toSpans(spans);
      },
    },
    { keys: ['a'], does: 'pan to earlier', run: () => state.zoom.pan(-part()) },
    { keys: ['d'], does: 'pan to later', run: () => state.zoom.pan(part()) },
    { keys: ['['], does: 'collapse one level', run: () => state.openBy(-1) },
    { keys: [']'], does: 'expand one level', run: () => state.openBy(1) },
    {
      keys: ['i'],
      does: 'show or hide services inferred from calls',
      run: () => setParams({ inferred: state.hasInferred.peek() ? '' : '1' }, { isAside: true }),
    },
    ...VIEWS.map((view) => ({ keys: [view.key], does: view.title, run: () => showView(state, view) })),
    {
      keys: ['Escape'],
      // A panel that the page opened by itself need not be closed first.
      does: 'close the panel, then the trace',
      run: () => (param('span') === '' ? go(listHref()) : state.select(undefined)),
    },
  ];
}
