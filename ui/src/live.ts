import { computed, effect, signal } from '@preact/signals';
import type { Hello, RowChanges, Status } from '../../src/api/page-types.ts';
import { queryText, readStatus, setPinned, type Query } from './api.ts';
import { isListLeft, LIST, param, place } from './route.ts';
import { rangeSeconds, searched } from './search.ts';
import { RowList } from './traces/row-list.ts';
import { nowSeconds } from './wall-clock.ts';

/** State of the event stream; `lostSince`: when it was lost, in seconds since the epoch. */
export const connection = signal<{ readonly isOpen: boolean; readonly lostSince: number | undefined }>({
  isOpen: false,
  lostSince: undefined,
});
export const status = signal<Status | undefined>(undefined);
/** Documents per second, over the last few seconds. */
export const rate = signal(0);
/** The user has paused the list. */
export const isPaused = signal(false);
/** The traces that match the search: one list, whichever screen is open. */
export const list = new RowList();

/** IDs of the pinned traces. */
export const pinned = computed<ReadonlySet<string>>(
  () => new Set(pinnedText.value.split(' ').filter((id) => id !== '')),
);
// As text, so that reading the same set again is not a change.
const pinnedText = computed(() => status.value?.pinned.join(' ') ?? '');
/** What the list shows beside the search: pinned traces only, and the order. */
const listed = signal({ isPinned: false, sort: '' });
const isPinnedOnly = computed(() => listed.value.isPinned);
const sort = computed(() => listed.value.sort);

const STATUS_MS = 2_000;
/** Interval at which a range such as "Last 15 minutes" moves on. */
const FORGET_MS = 5_000;
/** A tab hidden for this long closes its connection: a browser has six for all tabs. */
const AWAY_MS = 5_000;
const NOTHING: Query = { filter: '', text: '' };
let run: string | undefined;

/** Keeps the page up to date until it is closed. */
export function follow(): void {
  const isWatched = signal(true);
  let leaving: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(leaving);
    if (document.visibilityState === 'visible') isWatched.value = true;
    else leaving = setTimeout(() => (isWatched.value = false), AWAY_MS);
  });
  effect(() => list.onScreen(place.value.path === LIST));
  // Other screens keep the list as it is, for Back.
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
  // Of the other screens, only a trace opened from the list holds it, for Back.
  effect(() => {
    if (place.value.path !== LIST) list.hold(isPaused.value || isListLeft.value);
  });
  effect(() => {
    if (!isWatched.value) return undefined;
    // Changes are received even without a valid search: another screen may need them.
    const { filter, text, hasUnsampled } = searched.value ?? NOTHING;
    const events = new EventSource(`/events?form=rows&${queryText({ filter, text, hasUnsampled })}`);
    events.addEventListener('hello', ({ data }: MessageEvent<string>) => {
      const hello: Hello = JSON.parse(data);
      // A new process, possibly with other traces.
      if (run !== undefined && run !== hello.run) list.resync({ isOtherStore: true });
      run = hello.run;
    });
    events.addEventListener('open', () => {
      // Changes between the request for the list and the start of this stream were missed.
      list.resync();
      connection.value = { isOpen: true, lostSince: undefined };
    });
    events.addEventListener('error', () => {
      const { lostSince } = connection.peek();
      // A refused filter is not a lost connection; the query box reports it.
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

/** Pins or unpins a trace. A pinned trace stays when the store is full or cleared. */
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
        if (before !== undefined)
          rate.value = Math.max(0, (read.received - before.received) / ((atMs - before.atMs) / 1000));
        before = { received: read.received, atMs };
        status.value = read;
      }
    } catch {
      // The stream reports the lost connection.
      before = undefined;
    }
    await new Promise((next) => setTimeout(next, STATUS_MS));
  }
}
