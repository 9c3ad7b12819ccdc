import { useComputed, type Signal } from '@preact/signals';
import type { Span } from './model.ts';
import type { TraceState } from './trace-state.ts';

/** The ancestors of a span, outermost first; a call and its callee count as one. */
export function pathTo(span: Span): Span[] {
  const path: Span[] = [];
  for (let at = span.parent; at !== undefined; at = at.parent)
    if (at.callee === undefined || at.callee !== path[0]) path.unshift(at);
  return path[path.length - 1]?.callee === span ? path.slice(0, -1) : path;
}

/** `deep-service › level 1 › … › level 43`: the ancestors of the first visible row. */
export function Breadcrumb({ state, top, width }: { state: TraceState; top: Signal<number>; width: number }) {
  // Many consecutive rows have the same parent: the text changes with the parent, not with every scrolled row.
  const around = useComputed(() => {
    const row = state.rows.value[top.value];
    return row === undefined ? undefined : pathTo(row.call ?? row.span).at(-1);
  });
  const path = around.value === undefined ? [] : [...pathTo(around.value), around.value];
  return (
    <div class="breadcrumb" style={{ width: `${width}px` }}>
      {path.length === 0 ? 'Span' : <PathOf path={path} state={state} label="Around it" />}
    </div>
  );
}

/** The first two and the last two, each a button; of more, … */
export function PathOf({ path, state, label }: { path: readonly Span[]; state: TraceState; label: string }) {
  const parts = path.length <= 4 ? path : [...path.slice(0, 2), undefined, ...path.slice(-2)];
  return (
    <nav aria-label={label} title={path.map(({ name }) => name).join(' › ')}>
      {parts.map((span, i) => (
        <span key={i} class="crumb">
          {i > 0 && <span aria-hidden="true"> › </span>}
          {span === undefined ? (
            '…'
          ) : (
            <button type="button" class="plain" onClick={() => state.show(span)}>
              {span.name}
            </button>
          )}
        </span>
      ))}
    </nav>
  );
}
