import { computed, effect, signal } from '@preact/signals';
import type { Hello, RowChanges, Status } from '../../src/api/page-types.ts';
import { queryText, readStatus, setPinned } from './api.ts';
import { isListLeft, LIST, param, place } from './route.ts';
import { rangeSeconds, searched } from './search.ts';
import { RowList } from './traces/row-list.ts';
import { nowSeconds } from './wall-clock.ts';

/** Whether changes come; `lostSince` is when they stopped, in seconds since the epoch. */
export const connection = signal<{ readonly isOpen: boolean; readonly lostSince: number | undefined }>({ isOpen: false, lostSince: undefined });
export const status = signal<Status | undefined>(undefined);
/** Documents a second, over the last few seconds. */
export const rate = signal(0);
/** The reader has stopped the list. */
export const isPaused = signal(false);
/** The traces that match what is searched for: one list, whichever screen is open. */
export const list = new RowList();

/** Pinned traces, by id. */
export const pinned = computed<ReadonlySet<string>>(() => new Set(pinnedText.value.split(' ').filter((id) => id !== '')));
// A text, so that each reading of the same is no change.
const pinnedText = computed(() => status.value?.pinned.join(' ') ?? '');
/** What the list is of and in which order, beside the search. */
const listed = signal({ isPinned: false, sort: '' });
const isPinnedOnly = computed(() => listed.value.isPinned);
const sort = computed(() => listed.value.sort);

const STATUS_MS = 2_000;
/** "Last 15 minutes" moves on in steps of this length. */
const FORGET_MS = 5_000;
/** A tab that nobody has looked at for this time lets its connection go: a browser has six for all tabs. */
const AWAY_MS = 5_000;
const NOTHING = { filter: '', text: '' };
let run: string | undefined;

/** Follows the local X-Ray until the page is left. */
export function follow(): void {
  const isWatched = signal(true);
  let leaving: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(leaving);
    if (document.visibilityState === 'visible') isWatched.value = true;
    else leaving = setTimeout(() => (isWatched.value = false), AWAY_MS);
  });
  // Other screens leave it as it is, for the way back.
  effect(() => {
    if (place.value.path !== LIST) return;
    listed.value = { isPinned: param('pinned') !== '', sort: param('sort') };
    list.chart(param('chart') === 'all');
  });
  effect(() => list.order(sort.value));
  effect(() => {
    if (!isPinnedOnly.value) return list.show(searched.value);
    void pinnedText.value;
    const query = searched.value;
    return list.show(query === undefined ? undefined : { ...query, isPinned: true }, ({ id }) => pinned.peek().has(id));
  });
  // Beside the list only a trace that was opened from it leaves it as it is, for the way back.
  effect(() => {
    if (place.value.path !== LIST) list.hold(isPaused.value || isListLeft.value);
  });
  effect(() => {
    if (!isWatched.value) return undefined;
    // A list that shows nothing still learns what changed: another screen may show it.
    const { filter, text } = searched.value ?? NOTHING;
    const events = new EventSource(`/events?form=rows&${queryText({ filter, text })}`);
    events.addEventListener('hello', ({ data }: MessageEvent<string>) => {
      const hello: Hello = JSON.parse(data);
      // Another process, with other traces perhaps.
      if (run !== undefined && run !== hello.run) list.resync({ isOtherStore: true });
      run = hello.run;
    });
    events.addEventListener('open', () => {
      // What changed after the list was asked for, and before this stream began, came to nobody.
      list.resync();
      connection.value = { isOpen: true, lostSince: undefined };
    });
    events.addEventListener('error', () => {
      const { lostSince } = connection.peek();
      // A filter with a mistake is refused; that is no lost connection, and the query box says it.
      if (list.state.peek() !== 'failed' || events.readyState !== EventSource.CLOSED)
        connection.value = { isOpen: false, lostSince: lostSince ?? nowSeconds() };
    });
    events.addEventListener('resync', () => list.resync());
    events.addEventListener('rows', ({ data }: MessageEvent<string>) => {
      const { rows, others }: RowChanges = JSON.parse(data);
      list.apply(rows, others);
    });
    return () => events.close();
  });
  void readOften();
  setInterval(() => {
    const seconds = rangeSeconds(param('range'));
    if (seconds !== undefined) list.forgetBefore(nowSeconds() - seconds);
  }, FORGET_MS);
}

/** Keeps a trace although the store is full or cleared, or no longer. */
export async function pin(id: string, isPinned: boolean): Promise<void> {
  await setPinned(id, isPinned);
  status.value = await readStatus();
}

async function readOften(): Promise<never> {
  let before: { received: number; atMs: number } | undefined;
  for (;;) {
    try {
      if (document.visibilityState === 'visible') {
        const read = await readStatus();
        const atMs = performance.now();
        if (before !== undefined) rate.value = Math.max(0, (read.received - before.received) / ((atMs - before.atMs) / 1000));
        before = { received: read.received, atMs };
        status.value = read;
      }
    } catch {
      // The stream says that the connection is lost.
      before = undefined;
    }
    await new Promise((next) => setTimeout(next, STATUS_MS));
  }
}
