import { signal } from '@preact/signals';
import type { ComponentChildren, RefObject } from 'preact';
import { useRef } from 'preact/hooks';
import { useDrag, type Drag } from '../drag.ts';

/** Height of the bottom sheet on a narrow screen, as a share of the screen; kept while the page is open. */
const height = signal(0.5);
const MIN_SHARE = 0.2;
const MAX_SHARE = 0.9;
/** Dragged below this, the sheet closes. */
const CLOSE_BELOW = 0.12;
const STEP = 0.1;

interface SideProps {
  /** For screen readers: "The selected span". */
  readonly label: string;
  readonly title: ComponentChildren;
  /** Buttons beside the title. */
  readonly actions?: ComponentChildren;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  readonly box?: RefObject<HTMLElement | null>;
}

/** Details of the selection: a panel on the right, on narrow screens a resizable bottom sheet. */
export function Side({ label, title, actions, onClose, children, box }: SideProps) {
  return (
    <aside class="side" ref={box ?? null} aria-label={label} tabIndex={0} style={{ '--sheet': height.value }}>
      <SheetHandle onClose={onClose} />
      <div class="side-head">
        <h2>{title}</h2>
        <span class="side-buttons">
          {actions}
          <button type="button" class="quiet" aria-label="Close the panel" onClick={onClose}>
            ×
          </button>
        </span>
      </div>
      {children}
    </aside>
  );
}

/**
 * Resizes the sheet by dragging or with the arrow keys; dragging it to the bottom closes it. Shown on narrow screens
 * only.
 */
function SheetHandle({ onClose }: { onClose: () => void }) {
  const handle = useRef<HTMLDivElement>(null);
  const before = useRef(0);
  const heightAt = ({ from, to }: Drag): number =>
    before.current + (from.y - to.y) / (handle.current?.closest('main')?.clientHeight ?? innerHeight);
  const handlers = useDrag({
    onStart: () => (before.current = height.peek()),
    onDrag: (drag) => set(heightAt(drag)),
    onEnd: (drag) => {
      if (heightAt(drag) < CLOSE_BELOW) onClose();
    },
  });
  const set = (share: number): void => {
    height.value = Math.max(MIN_SHARE, Math.min(MAX_SHARE, share));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = { ArrowUp: height.value + STEP, ArrowDown: height.value - STEP, Home: MAX_SHARE, End: MIN_SHARE }[
      event.key
    ];
    if (next === undefined) return;
    event.preventDefault();
    if (next < MIN_SHARE - STEP / 2 && event.key === 'ArrowDown') onClose();
    else set(next);
  };
  return (
    <div
      ref={handle}
      class="sheet-handle"
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- a splitter of the ARIA Authoring Practices: it has a value and is moved, an <hr> is a line
      role="separator"
      aria-orientation="horizontal"
      aria-label="Height of the panel"
      aria-valuemin={MIN_SHARE * 100}
      aria-valuemax={MAX_SHARE * 100}
      aria-valuenow={Math.round(height.value * 100)}
      tabIndex={0}
      onKeyDown={onKeyDown}
      {...handlers}
    />
  );
}
