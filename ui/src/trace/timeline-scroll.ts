import type { TraceState } from './trace-state.ts';

/** Scrolls as little as shows the row. */
export function scrollTo(box: HTMLElement, index: number, rowHeight: number): void {
  if (index < 0 || box.clientHeight === 0) return;
  const y = index * rowHeight;
  if (y < box.scrollTop) box.scrollTop = Math.max(0, y - rowHeight);
  else if (y + rowHeight > box.scrollTop + box.clientHeight) box.scrollTop = y + 2 * rowHeight - box.clientHeight;
}

/** What stands at the top stays at the top, although rows above it have come. */
export function keepPlace(state: TraceState, box: HTMLElement, rowHeight: number): () => void {
  const before = state.rows.peek();
  const top = Math.floor(box.scrollTop / rowHeight);
  if (box.scrollTop === 0) return () => {};
  const ids = before.slice(top, top + 20).map(({ span }) => span.id);
  return () => {
    const after = new Map(state.rows.peek().map(({ span }, i) => [span.id, i]));
    for (const [i, id] of ids.entries()) {
      const index = after.get(id);
      if (index === undefined) continue;
      const moved = index - (top + i);
      // The height of the content changes with the next paint.
      if (moved !== 0) requestAnimationFrame(() => (box.scrollTop += moved * rowHeight));
      return;
    }
  };
}
