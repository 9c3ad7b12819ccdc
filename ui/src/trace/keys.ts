import { go, listHref, param, setParams } from '../route.ts';
import type { KeyHandler } from '../shell/keys.ts';
import { focusFind } from './find-focus.ts';
import type { Span } from './model.ts';
import type { TraceState } from './trace-state.ts';

function close(): void {
  if (param('span') === '') go(listHref());
  else setParams({ span: '' }, { isAside: true });
}

const TAB_NAMES = ['', 'flame', 'self', 'exceptions', 'map', 'raw'];

/** The keys of the trace's screen. */
export function keysFor(state: TraceState): KeyHandler[] {
  const rows = () => state.rows.peek();
  const at = (): number => rows().findIndex(({ span }) => span === state.selected.peek());
  const step = (by: number): void => {
    const next = rows()[Math.max(0, Math.min(rows().length - 1, at() < 0 ? 0 : at() + by))];
    if (next !== undefined) state.select(next.span);
  };
  const stepIn = (spans: readonly Span[], by: 1 | -1): void => {
    const all = state.model.peek()?.spans ?? [];
    if (spans.length === 0) return;
    const selected = state.selected.peek();
    const here = selected === undefined ? (by === 1 ? -1 : all.length) : all.indexOf(selected);
    const order = by === 1 ? spans : spans.toReversed();
    const next = order.find((span) => (all.indexOf(span) - here) * by > 0) ?? order[0]!;
    state.reveal(next);
    state.select(next);
  };
  const open = (isOpen: boolean): void => {
    const row = rows()[at()];
    if (row === undefined) return;
    if (row.hasChildren && row.isOpen !== isOpen) state.toggle(row.fold?.key ?? row.span.id, row.fold !== undefined);
    else if (!isOpen && row.span.parent !== undefined) state.select(row.span.parent);
    else if (isOpen && row.hasChildren) step(1);
  };
  const errors = () => state.model.peek()?.errors ?? [];
  const part = (): number => {
    const { from, to } = state.window.peek();
    return (to - from) / 5;
  };
  return [
    { keys: ['j', 'ArrowDown'], does: 'next span', run: () => step(1) },
    { keys: ['k', 'ArrowUp'], does: 'span before', run: () => step(-1) },
    { keys: ['ArrowRight'], does: 'open, go in', run: () => open(true) },
    { keys: ['ArrowLeft'], does: 'close, go out', run: () => open(false) },
    { keys: ['e'], does: 'next error', run: () => stepIn(errors(), 1) },
    { keys: ['E'], does: 'error before', run: () => stepIn(errors(), -1) },
    { keys: ['f'], does: 'find in the trace', run: focusFind },
    { keys: ['n'], does: 'next that was found', run: () => stepIn(state.matches.peek(), 1) },
    { keys: ['N'], does: 'one before that was found', run: () => stepIn(state.matches.peek(), -1) },
    { keys: ['+', '='], does: 'closer', run: () => state.zoomBy(0.5) },
    { keys: ['-'], does: 'farther', run: () => state.zoomBy(2) },
    { keys: ['0'], does: 'all of it', run: () => state.zoomTo(undefined) },
    {
      keys: ['z'],
      does: 'as wide as the span',
      run: () => {
        const span = state.selected.peek();
        if (span !== undefined) state.zoomToSpan(span);
      },
    },
    { keys: ['a'], does: 'earlier', run: () => state.pan(-part()) },
    { keys: ['d'], does: 'later', run: () => state.pan(part()) },
    { keys: ['['], does: 'one level less', run: () => state.openBy(-1) },
    { keys: [']'], does: 'one level more', run: () => state.openBy(1) },
    ...TAB_NAMES.map((tab, i) => ({ keys: [String(i + 1)], does: `view ${i + 1}`, run: () => param('tab') !== tab && setParams({ tab }) })),
    { keys: ['Escape'], does: 'close the panel, then the trace', run: close },
  ];
}
