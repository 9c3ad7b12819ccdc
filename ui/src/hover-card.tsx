import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

interface Shown {
  /** Where it belongs, in px of the window. */
  readonly at: Pick<DOMRect, 'left' | 'top' | 'bottom'>;
  readonly content: ComponentChildren;
}

const shown = signal<Shown | undefined>(undefined);
/** px to what it belongs to, and to the edges of the window. */
const GAP = 6;

/** Says more about what the pointer or the focus is on. Whatever it says is in an accessible name too: it is no part of what is read aloud. */
export function showCard(at: Shown['at'], content: ComponentChildren): void {
  shown.value = { at, content };
}

export function hideCard(): void {
  shown.value = undefined;
}

/** Rendered once: there is one pointer. */
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
  // A card belongs to what is on the screen.
  useLayoutEffect(() => hideCard, []);
  if (now === undefined) return null;
  return (
    <div ref={card} class="hover-card" aria-hidden="true">
      {now.content}
    </div>
  );
}
