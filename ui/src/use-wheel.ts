import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';
import { useLatest } from './hooks.ts';

/** Listens to the wheel over an element. A handler in the markup could not keep the wheel from scrolling. */
export function useWheel(element: RefObject<HTMLElement | null>, onWheel: (event: WheelEvent) => void): void {
  const latest = useLatest(onWheel);
  useEffect(() => {
    const target = element.current;
    target?.addEventListener('wheel', latest, { passive: false });
    return () => target?.removeEventListener('wheel', latest);
  }, [element, latest]);
}
