import type { TraceState } from './trace-state.ts';

/** Scrolls the minimum distance that makes the row visible. */
export function scrollTo(box: HTMLElement, index: number, rowHeight: number): void {
  if (index < 0 || box.clientHeight === 0) return;
  const y = index * rowHeight;
  if (y < box.scrollTop) box.scrollTop = Math.max(0, y - rowHeight);
  else if (y + rowHeight > box.scrollTop + box.clientHeight) box.scrollTop = y + 2 * rowHeight - box.clientHeight;
}

/** Keeps the row at the top in place when rows are added above it. */
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
      // The height of the content changes in the next frame.
      if (moved !== 0) requestAnimationFrame(() => (box.scrollTop += moved * rowHeight));
      return;
    }
  };
}
