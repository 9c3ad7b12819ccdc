import { titleOf } from './row-text.ts';
import type { TimelineRow } from './rows.ts';
import type { TraceState } from './trace-state.ts';

/** Extra rows above and below the visible ones, so that the keyboard can reach them. */
const BEYOND = 2;

/** The visible rows, for screen readers and the keyboard. The canvas beneath draws them. */
export function Tree({
  state,
  rows,
  top,
  height,
  rowHeight,
  onClick,
}: {
  state: TraceState;
  rows: readonly TimelineRow[];
  top: number;
  height: number;
  rowHeight: number;
  onClick: (row: TimelineRow) => void;
}) {
  const first = Math.max(0, Math.floor(top / rowHeight) - BEYOND);
  const last = Math.min(rows.length, Math.ceil((top + height) / rowHeight) + BEYOND);
  const seen = rows.slice(first, last);
  const selected = seen.find((row) => state.isSelected(row));
  return (
    <div
      class="tree"
      role="tree"
      aria-label="Spans"
      tabIndex={0}
      aria-activedescendant={selected === undefined ? undefined : idOf(selected)}
    >
      {seen.map((row, i) => (
        <div
          key={idOf(row)}
          id={idOf(row)}
          role="treeitem"
          aria-level={row.depth + 1}
          aria-posinset={first + i + 1}
          aria-setsize={rows.length}
          aria-selected={row === selected}
          aria-expanded={row.hasChildren ? row.isOpen : undefined}
          style={{ top: `${(first + i) * rowHeight}px` }}
          tabIndex={-1}
          onClick={() => onClick(row)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' && event.key !== ' ') return;
            event.preventDefault();
            onClick(row);
          }}
        >
          {titleOf(row)}
        </div>
      ))}
    </div>
  );
}

function idOf({ span, fold }: TimelineRow): string {
  return `span-${fold?.id ?? span.id}`;
}
