import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

interface Shown {
  /** The element it describes, in px of the window. */
  readonly at: Pick<DOMRect, 'left' | 'top' | 'bottom'>;
  readonly content: ComponentChildren;
}

const shown = signal<Shown | undefined>(undefined);
/** Distance to the described element and to the edges of the window, px. */
const GAP = 6;

/**
 * Shows details of the element with the pointer or the focus. Accessible names contain the same text, so screen readers
 * skip the card.
 */
export function showCard(at: Shown['at'], content: ComponentChildren): void {
  shown.value = { at, content };
}

export function hideCard(): void {
  shown.value = undefined;
}

/** Rendered once per screen. */
export function HoverCard() {
  const card = useRef<HTMLDivElement>(null);
  const now = shown.value;
  useLayoutEffect(() => {
    if (now === undefined || card.current === null) return;
    const { offsetWidth: width, offsetHeight: height, style } = card.current;
    const isBelow = now.at.bottom + GAP + height < innerHeight;
    style.left = `${Math.max(GAP, Math.min(now.at.left, innerWidth - width - GAP))}px`;
    style.top = `${Math.max(GAP, isBelow ? now.at.bottom + GAP : now.at.top - GAP - height)}px`;
  }, [now]);
  // The card disappears with the screen.
  useLayoutEffect(() => hideCard, []);
  if (now === undefined) return null;
  return (
    <div ref={card} class="hover-card" aria-hidden="true">
      {now.content}
    </div>
  );
}
