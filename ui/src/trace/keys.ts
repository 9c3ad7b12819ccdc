import { copyAloud } from '../copy.tsx';
import { go, listHref, param, setParams } from '../route.ts';
import type { KeyHandler } from '../shell/keys.ts';
import { focusFind } from './find-focus.ts';
import { firstError } from './cause.ts';
import type { Span } from './model.ts';
import { oncePerRow, type TimelineRow } from './rows.ts';
import type { TraceState } from './trace-state.ts';
import { showView, VIEWS } from './views.ts';

/** The next of `spans` after the selected one, in the order of the timeline; after the last the first. */
function stepIn(state: TraceState, spans: readonly Span[], by: 1 | -1, first?: Span): void {
  if (spans.length === 0) return;
  const all = state.model.peek()?.spans ?? [];
  const selected = state.selected.peek() ?? state.selectedFold.peek()?.spans[0];
  if (selected === undefined && first !== undefined) {
    state.show(first);
    return;
  }
  const here = selected === undefined ? (by === 1 ? -1 : all.length) : all.indexOf(selected);
  const order = by === 1 ? spans : spans.toReversed();
  state.show(order.find((span) => span !== selected?.callee && (all.indexOf(span) - here) * by > 0) ?? order[0]!);
}

/** The keys of the trace's screen. */
export function keysFor(state: TraceState): KeyHandler[] {
  const rows = () => state.rows.peek();
  const at = (): number => rows().findIndex((row) => state.isSelected(row));
  const selectRow = (row: TimelineRow | undefined): void => {
    if (row !== undefined) state.select(row.fold ?? row.span);
  };
  const step = (by: number): void => selectRow(rows()[Math.max(0, Math.min(rows().length - 1, at() < 0 ? 0 : at() + by))]);
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
  const errors = (): Span[] => oncePerRow(state.model.peek()?.errors ?? []);
  const firstOfErrors = (): Span | undefined => (state.model.peek() === undefined ? undefined : firstError(state.model.peek()!));
  const part = (): number => {
    const { from, to } = state.window.peek();
    return (to - from) / 5;
  };
  return [
    { keys: ['j', 'ArrowDown'], does: 'next span', run: () => step(1) },
    { keys: ['k', 'ArrowUp'], does: 'previous span', run: () => step(-1) },
    { keys: ['ArrowRight'], does: 'expand, or go to the first child', run: () => open(true) },
    { keys: ['ArrowLeft'], does: 'collapse, or go to the parent', run: () => open(false) },
    { keys: ['e'], does: 'the cause, then the next error', run: () => stepIn(state, errors(), 1, firstOfErrors()) },
    { keys: ['E'], does: 'previous error', run: () => stepIn(state, errors(), -1) },
    { keys: ['f'], does: 'find in the trace', run: () => void focusFind() },
    { keys: ['Ctrl+f'], does: 'find in the timeline; again for the browser’s own find', run: focusFind },
    { keys: ['n'], does: 'next match', run: () => stepIn(state, state.matches.peek(), 1) },
    { keys: ['N'], does: 'previous match', run: () => stepIn(state, state.matches.peek(), -1) },
    {
      keys: ['y'],
      does: 'copy the id of the selected span',
      run: () => {
        const span = state.selected.peek();
        if (span !== undefined) void copyAloud(span.entity.id, `id ${span.entity.id}`);
      },
    },
    { keys: ['+', '='], does: 'zoom in', run: () => state.zoomBy(0.5) },
    { keys: ['-'], does: 'zoom out', run: () => state.zoomBy(2) },
    { keys: ['0'], does: 'the whole trace', run: () => state.zoomTo(undefined) },
    {
      keys: ['z'],
      does: 'zoom to the selected span',
      run: () => {
        const spans = state.selectedFold.peek()?.spans ?? [state.selected.peek()].filter((span) => span !== undefined);
        if (spans.length > 0) state.zoomToSpans(spans);
      },
    },
    { keys: ['a'], does: 'move to earlier', run: () => state.pan(-part()) },
    { keys: ['d'], does: 'move to later', run: () => state.pan(part()) },
    { keys: ['['], does: 'collapse one level', run: () => state.openBy(-1) },
    { keys: [']'], does: 'expand one level', run: () => state.openBy(1) },
    {
      keys: ['i'],
      does: 'show or hide services inferred from calls',
      run: () => setParams({ inferred: state.hasInferred.peek() ? '' : '1' }, { isAside: true }),
    },
    ...VIEWS.map((view, i) => ({ keys: [String(i + 1)], does: view.title, run: () => showView(state, view) })),
    {
      keys: ['Escape'],
      // The panel that the page has opened by itself is none that the reader has to close first.
      does: 'close the panel, then the trace',
      run: () => (param('span') === '' ? go(listHref()) : state.select(undefined)),
    },
  ];
}
