import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { useDebounced, useLatest } from '../hooks.ts';
import { list } from '../live.ts';
import { arrival, keepAnchor, keptAnchor, param, whenLeaving, type Anchor } from '../route.ts';
import type { Listed } from './listed.ts';
import { ROW_HEIGHT } from './row.tsx';

/**
 * The scroll position is saved to the history once scrolling has stopped for this time: browsers limit the rate of
 * writes.
 */
const REST_MS = 200;

/** What to scroll to once it is loaded, possibly with a later page. */
interface Wanted {
  readonly anchor?: Anchor | undefined;
  /** The row to show and to focus. */
  readonly selected: string;
}

/** Restores the scroll position and focus of the list. Calls `onScroll` whenever the position changes. */
export function usePlaceInList(box: RefObject<HTMLElement | null>, listed: Listed, onScroll: (top: number) => void) {
  const wanted = useRef<Wanted | undefined>(undefined);
  const focused = useRef('');
  const scrollTo = useLatest((top: number): void => {
    if (box.current === null) return;
    box.current.scrollTop = top;
    onScroll(box.current.scrollTop);
  });
  const show = (index: number): void => {
    if (box.current === null) return;
    const { scrollTop, clientHeight } = box.current;
    const y = index * ROW_HEIGHT;
    // The header covers one row.
    if (y < scrollTop) scrollTo(y);
    else if (y + 2 * ROW_HEIGHT > scrollTop + clientHeight) scrollTo(y + 2 * ROW_HEIGHT - clientHeight);
  };
  const resting = useDebounced(() => {
    if (wanted.current !== undefined || box.current === null) return;
    const { scrollTop } = box.current;
    const row = listed.at(Math.floor(scrollTop / ROW_HEIGHT));
    // Keeps the previous position until the row is loaded.
    if (scrollTop > 0 && row === undefined && listed.length > 0) return;
    keepAnchor(scrollTop === 0 || row === undefined ? undefined : { id: row.id, offset: scrollTop % ROW_HEIGHT });
  }, REST_MS);
  const find = useLatest((): void => {
    // Rows shown while the store sorts are temporary.
    if (wanted.current === undefined || list.isOrdering) return;
    const { anchor, selected } = wanted.current;
    const place = (id: string | undefined): number => (id === undefined || id === '' ? -1 : listed.placeOf(id));
    const mayCome = (id: string | undefined): boolean => id !== undefined && id !== '' && listed.mayCome(id);
    const [at, index] = [place(anchor?.id), place(selected)];
    // If the row at the top is gone, the selected row is used instead.
    if ((at < 0 && mayCome(anchor?.id)) || (index < 0 && mayCome(selected))) return;
    wanted.current = undefined;
    if (at >= 0) scrollTo(at * ROW_HEIGHT + (anchor?.offset ?? 0));
    if (index < 0) return;
    show(index);
    focused.current = selected;
  });

  const { number, isReturn } = arrival.value;
  const isFirst = useRef(true);
  const arrive = useLatest((): void => {
    if (isReturn || isFirst.current) wanted.current = { anchor: keptAnchor(), selected: param('sel') };
    else wanted.current = undefined;
    const isNew = isFirst.current;
    isFirst.current = false;
    if (wanted.current?.anchor !== undefined) return;
    // A new list is already at its top; reading its scroll position would force another layout.
    if (isNew) onScroll(0);
    else scrollTo(0);
  });
  const isComplete = list.isComplete.value;
  useLayoutEffect(arrive, [arrive, number]);
  useLayoutEffect(find, [find, listed, number, isComplete]);
  // After the rows at the new position are rendered.
  useLayoutEffect(() => {
    if (focused.current === '') return;
    const row = box.current?.querySelector<HTMLElement>(`a[data-trace="${CSS.escape(focused.current)}"]`);
    if (row === null || row === undefined) return;
    focused.current = '';
    if (document.activeElement?.closest('.query, dialog') === null) row.focus({ preventScroll: true });
  });
  const { now: keep, later: keepLater } = resting;
  useLayoutEffect(() => whenLeaving(keep), [keep]);
  return {
    onScroll: (): void => {
      onScroll(box.current?.scrollTop ?? 0);
      keepLater();
    },
    /** The user scrolls before the position has been restored. */
    onMove: (): void => (wanted.current = undefined),
    /** Shows the row, with the focus on it. */
    select: (index: number): void => {
      wanted.current = undefined;
      focused.current = listed.at(index)?.id ?? '';
      show(index);
    },
  };
}
