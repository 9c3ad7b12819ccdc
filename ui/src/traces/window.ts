/** Extra rows above and below the visible ones, so that scrolling shows no gap. */
const SPARE = 10;

/** Which rows of equal height are to be there: from `first` up to, not including, `last`. Sizes in px. */
export function windowOf({
  top,
  height,
  rowHeight,
  rows,
}: {
  top: number;
  height: number;
  rowHeight: number;
  rows: number;
}): {
  first: number;
  last: number;
} {
  const first = Math.max(0, Math.min(rows, Math.floor(top / rowHeight)) - SPARE);
  const last = Math.min(rows, Math.ceil((top + height) / rowHeight) + SPARE);
  return { first, last: Math.max(first, last) };
}
