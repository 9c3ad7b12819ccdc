import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { useDebounced, useLatest } from '../hooks.ts';
import { list } from '../live.ts';
import { arrival, keepAnchor, keptAnchor, param, whenLeaving, type Anchor } from '../route.ts';
import type { Listed } from './listed.ts';
import { ROW_HEIGHT } from './row.tsx';

/** The place stands in the history once the list has rested for this time: browsers allow a few writes a second. */
const REST_MS = 200;

/** What is still to be found, perhaps in a page of the list that has not come yet. */
interface Wanted {
  readonly anchor?: Anchor | undefined;
  /** The row to show and to focus. */
  readonly selected: string;
}

/** Calls `onScroll` whenever the list stands elsewhere, and brings it back to where it was left. */
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
    // The header covers the first row's height.
    if (y < scrollTop) scrollTo(y);
    else if (y + 2 * ROW_HEIGHT > scrollTop + clientHeight) scrollTo(y + 2 * ROW_HEIGHT - clientHeight);
  };
  const resting = useDebounced(() => {
    if (wanted.current !== undefined || box.current === null) return;
    const { scrollTop } = box.current;
    const row = listed.at(Math.floor(scrollTop / ROW_HEIGHT));
    // Of what has not come yet the place before is kept.
    if (scrollTop > 0 && row === undefined && listed.length > 0) return;
    keepAnchor(scrollTop === 0 || row === undefined ? undefined : { id: row.id, offset: scrollTop % ROW_HEIGHT });
  }, REST_MS);
  const find = useLatest((): void => {
    // What is here while the store sorts goes again.
    if (wanted.current === undefined || list.isOrdering) return;
    const { anchor, selected } = wanted.current;
    const place = (id: string | undefined): number => (id === undefined || id === '' ? -1 : listed.placeOf(id));
    const mayCome = (id: string | undefined): boolean => id !== undefined && id !== '' && listed.mayCome(id);
    const [at, index] = [place(anchor?.id), place(selected)];
    // The row that was on top may be gone: then the selected one is what is left of the place.
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
  // After the rows of the new place are there.
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
    /** The reader goes elsewhere before the place has been found. */
    onMove: (): void => (wanted.current = undefined),
    /** Shows the row, with the focus on it. */
    select: (index: number): void => {
      wanted.current = undefined;
      focused.current = listed.at(index)?.id ?? '';
      show(index);
    },
  };
}
