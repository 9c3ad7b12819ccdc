import { computed, signal } from '@preact/signals';
import type { ScreenPath } from '../../src/api/page-types.ts';
import { objectOf, textOf } from '../../src/json/json.ts';
import { Listeners } from './listeners.ts';

/** Path of the list. */
export const LIST = '/' satisfies ScreenPath;
/** Path of a trace. */
export const TRACE = '/traces/*' satisfies ScreenPath;

export interface Place {
  /** LIST, TRACE, or the path in the address. screens.tsx has the screens. */
  readonly path: string;
  /** "" on screens without a trace. */
  readonly traceId: string;
}

/** Scroll position of the list: the row at the top, and how much of it is hidden, in px. */
export interface Anchor {
  readonly id: string;
  readonly offset: number;
}

/** State that the browser stores with a history entry, and restores with Back and reload. */
interface Kept {
  /** On the list. */
  readonly anchor?: Anchor;
  /** On other screens: the list as the user left it. */
  readonly list?: { readonly address: string; readonly anchor?: Anchor };
}

interface Entry {
  readonly address: string;
  readonly kept: Kept;
}

/** The address is the state: it has everything that a link must restore. */
const entry = signal<Entry>(entryOf());
const address = computed(() => entry.value.address);

export const place = computed<Place>(() => placeOf(new URL(address.value, location.origin).pathname));
const params = computed(() => new URL(address.value, location.origin).searchParams);

/** Changes with every navigation; `isReturn`: by Back or Forward, which restore the previous position. */
export const arrival = signal<{ readonly number: number; readonly isReturn: boolean }>({ number: 0, isReturn: true });

addEventListener('popstate', () => {
  entry.value = entryOf();
  arrived(true);
});

function arrived(isReturn: boolean): void {
  arrival.value = { number: arrival.peek().number + 1, isReturn };
}

function entryOf(): Entry {
  return { address: location.pathname + location.search, kept: keptIn(history.state) };
}

/** Reads the state of a history entry, possibly written by another version of the page. */
function keptIn(state: unknown): Kept {
  const { anchor, list } = objectOf(state);
  const [own, left] = [anchorIn(anchor), objectOf(list)];
  const address = textOf(left['address']);
  const before = anchorIn(left['anchor']);
  return {
    ...(own === undefined ? {} : { anchor: own }),
    ...(address === undefined ? {} : { list: { address, ...(before === undefined ? {} : { anchor: before }) } }),
  };
}

function anchorIn(kept: unknown): Anchor | undefined {
  const { id, offset } = objectOf(kept);
  return typeof id === 'string' && typeof offset === 'number' ? { id, offset } : undefined;
}

function push(to: string, kept: Kept): void {
  history.pushState(kept, '', to);
  entry.value = { address: to, kept };
  arrived(false);
}

function replace(to: string, kept: Kept): void {
  history.replaceState(kept, '', to);
  entry.value = { address: to, kept };
}

function placeOf(path: string): Place {
  const traceId = /^\/traces\/(.+)$/.exec(path)?.[1];
  return traceId === undefined ? { path, traceId: '' } : { path: TRACE, traceId: decodeURIComponent(traceId) };
}

/** "" if the address does not have it. */
export function param(name: string): string {
  return params.value.get(name) ?? '';
}

/** Called before the user leaves the list, to save its scroll position. */
const leaving = new Listeners();

/**
 * Navigates to an address and adds a step to the history. From the list to a trace, the row of that trace becomes the
 * selected one.
 */
export function go(to: string): void {
  if (to === address.peek()) return;
  leaving.tell();
  const next = placeOf(new URL(to, location.origin).pathname);
  let left = entry.peek();
  if (place.peek().path === LIST && next.path === TRACE) {
    // The signal is not updated, because the next address follows immediately.
    left = { address: withParams(address.peek(), { sel: next.traceId }), kept: left.kept };
    history.replaceState(left.kept, '', left.address);
  }
  const list = listLeft(left);
  if (next.path !== LIST) push(to, list === undefined ? {} : { list });
  else push(to, list?.anchor !== undefined && list.address === to ? { anchor: list.anchor } : {});
}

/** The current list, or the last one. */
function listLeft({ address: at, kept }: Entry): Kept['list'] {
  if (place.peek().path !== LIST) return kept.list;
  return kept.anchor === undefined ? { address: at } : { address: at, anchor: kept.anchor };
}

/**
 * Changes parameters; "" removes one. A choice of the user adds a step to the history, so that Back undoes it; state
 * that follows the user (`isAside`), such as the selected span, replaces the current step.
 */
export function setParams(
  changes: Readonly<Record<string, string>>,
  { isAside = false }: { isAside?: boolean } = {},
): void {
  const to = withParams(address.peek(), changes);
  if (to === address.peek()) return;
  const { kept } = entry.peek();
  if (isAside) {
    replace(to, kept);
    return;
  }
  leaving.tell();
  // A new search or order starts at the top of the list.
  push(to, kept.list === undefined ? {} : { list: kept.list });
}

/** Saves the scroll position of the list in the current history entry; undefined at the top. */
export function keepAnchor(anchor: Anchor | undefined): void {
  const { kept, address: at } = entry.peek();
  if (place.peek().path !== LIST || (kept.anchor?.id === anchor?.id && kept.anchor?.offset === anchor?.offset)) return;
  replace(at, anchor === undefined ? {} : { anchor });
}

/** The scroll position of the list saved in the current history entry. */
export function keptAnchor(): Anchor | undefined {
  return entry.peek().kept.anchor;
}

/** Calls `keep` before the user leaves the list, by a link or a reload. Returns a function that ends this. */
export function whenLeaving(keep: () => void): () => void {
  const forget = leaving.add(keep);
  addEventListener('pagehide', keep);
  return () => {
    forget();
    removeEventListener('pagehide', keep);
  };
}

/** Whether the list is kept for Back. */
export const isListLeft = computed(() => place.value.path === TRACE && entry.value.kept.list !== undefined);

/**
 * The list as the user left it, if the search is still the same; otherwise the list for the current search, in the same
 * order.
 */
export function listHref(): string {
  const { list } = entry.value.kept;
  const { path, traceId } = place.value;
  if (list === undefined) return hrefTo(LIST, path === TRACE ? { sel: traceId } : {});
  const before = new URL(list.address, location.origin).searchParams;
  if (KEPT.every((name) => (before.get(name) ?? '') === param(name))) return list.address;
  return hrefTo(LIST, { sort: before.get('sort') ?? '' });
}

/** The current address with other parameters. */
export function hereWith(changes: Readonly<Record<string, string>>): string {
  return withParams(address.value, changes);
}

function withParams(of: string, changes: Readonly<Record<string, string>>): string {
  const url = new URL(of, location.origin);
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url.pathname + url.search;
}

/** Parameters kept from screen to screen: the search and its time range. */
const KEPT = ['q', 'text', 'range', 'from', 'to', 'unsampled'];

export function hrefTo(path: string, extra: Readonly<Record<string, string>> = {}): string {
  const kept = new URLSearchParams();
  for (const name of KEPT) if (param(name) !== '') kept.set(name, param(name));
  for (const [name, value] of Object.entries(extra)) {
    if (value === '') kept.delete(name);
    else kept.set(name, value);
  }
  const query = kept.toString();
  return query === '' ? path : `${path}?${query}`;
}

/** Links within the page change the screen without a page load; with a modifier key, the browser handles them. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (link === null || link.target !== '' || link.origin !== location.origin || link.hasAttribute('download')) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
