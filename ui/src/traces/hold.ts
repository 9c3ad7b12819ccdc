import { computed, signal } from '@preact/signals';
import { LIST, param, place } from '../route.ts';
import { sortOf } from './order.ts';

/** Whether the list is scrolled away from its top. */
export const isScrolled = signal(false);

/** Why new traces are held back although the list is not paused; undefined if they are shown as they arrive. */
export const heldBy = computed<'selection' | 'scroll' | 'order' | undefined>(() => {
  if (place.value.path !== LIST) return undefined;
  const { key, isDescending } = sortOf(param('sort'));
  if (key !== 'start' || !isDescending) return 'order';
  if (isScrolled.value) return 'scroll';
  return param('sel') === '' ? undefined : 'selection';
});
