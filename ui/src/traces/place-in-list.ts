import { useLayoutEffect, useRef } from 'preact/hooks';
import { list } from '../live.ts';
import { arrival, keepAnchor, keptAnchor, param, whenLeaving, type Anchor } from '../route.ts';
import type { Listed } from './listed.ts';
import { ROW_HEIGHT } from './row.tsx';

interface Ref<T> {
  readonly current: T;
}

/** The place stands in the history once the list has rested for this time: browsers allow a few writes a second. */
const REST_MS = 200;

/** What is still to be found, perhaps in a page of the list that has not come yet. */
interface Wanted {
  readonly anchor?: Anchor | undefined;
  /** The row to show and to focus. */
  readonly selected: string;
}

/** Calls `onScroll` whenever the list stands elsewhere, and brings it back to where it was left. */
export function usePlaceInList(box: Ref<HTMLDivElement | null>, listed: Listed, onScroll: (top: number) => void) {
  const wanted = useRef<Wanted | undefined>(undefined);
  const focused = useRef('');
  const resting = useRef<ReturnType<typeof setTimeout>>(undefined);
  const shown = useRef(listed);
  shown.current = listed;

  const scrollTo = (top: number): void => {
    box.current!.scrollTop = top;
    onScroll(box.current!.scrollTop);
  };
  const show = (index: number): void => {
    const { scrollTop, clientHeight } = box.current!;
    const y = index * ROW_HEIGHT;
    // The header covers the first row's height.
    if (y < scrollTop) scrollTo(y);
    else if (y + 2 * ROW_HEIGHT > scrollTop + clientHeight) scrollTo(y + 2 * ROW_HEIGHT - clientHeight);
  };
  const keep = (): void => {
    clearTimeout(resting.current);
    if (wanted.current !== undefined) return;
    const { scrollTop } = box.current!;
    const row = shown.current.at(Math.floor(scrollTop / ROW_HEIGHT));
    // Of what has not come yet the place before is kept.
    if (scrollTop > 0 && row === undefined && shown.current.length > 0) return;
    keepAnchor(scrollTop === 0 || row === undefined ? undefined : { id: row.id, offset: scrollTop % ROW_HEIGHT });
  };
  const find = (): void => {
    // What is here while the store sorts goes again.
    if (wanted.current === undefined || list.isOrdering) return;
    const { anchor, selected } = wanted.current;
    const place = (id: string | undefined): number => (id === undefined || id === '' ? -1 : shown.current.placeOf(id));
    const mayCome = (id: string | undefined): boolean => id !== undefined && id !== '' && shown.current.mayCome(id);
    const [at, index] = [place(anchor?.id), place(selected)];
    // The row that was on top may be gone: then the selected one is what is left of the place.
    if ((at < 0 && mayCome(anchor?.id)) || (index < 0 && mayCome(selected))) return;
    wanted.current = undefined;
    if (at >= 0) scrollTo(at * ROW_HEIGHT + anchor!.offset);
    if (index < 0) return;
    show(index);
    focused.current = selected;
  };

  const { number, isReturn } = arrival.value;
  const isFirst = useRef(true);
  useLayoutEffect(() => {
    if (isReturn || isFirst.current) wanted.current = { anchor: keptAnchor(), selected: param('sel') };
    else wanted.current = undefined;
    const isNew = isFirst.current;
    isFirst.current = false;
    if (wanted.current?.anchor !== undefined) return;
    // A new list is already at its top; reading its scroll position would force another layout.
    if (isNew) onScroll(0);
    else scrollTo(0);
  }, [number]);
  useLayoutEffect(find, [listed, number, list.isComplete.value]);
  // After the rows of the new place are there.
  useLayoutEffect(() => {
    if (focused.current === '') return;
    const row = box.current!.querySelector<HTMLElement>(`a[data-trace="${CSS.escape(focused.current)}"]`);
    if (row === null) return;
    focused.current = '';
    if (document.activeElement?.closest('.query, dialog') === null) row.focus({ preventScroll: true });
  });
  useLayoutEffect(() => whenLeaving(keep), []);
  return {
    onScroll: (): void => {
      onScroll(box.current!.scrollTop);
      clearTimeout(resting.current);
      resting.current = setTimeout(keep, REST_MS);
    },
    /** The reader goes elsewhere before the place has been found. */
    onMove: (): void => (wanted.current = undefined),
    /** Shows the row, with the focus on it. */
    select: (index: number): void => {
      wanted.current = undefined;
      focused.current = shown.current.at(index)?.id ?? '';
      show(index);
    },
  };
}
