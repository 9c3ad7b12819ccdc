import { computed, signal } from '@preact/signals';
import { objectOf, textOf } from '../../src/json/json.ts';
import { Listeners } from './listeners.ts';

/** The path of the list. */
export const LIST = '/';
/** The path of a trace. */
export const TRACE = '/traces/:id';

export interface Place {
  /** A path: LIST, TRACE, or as it is in the address. screens.tsx has the screens. */
  readonly path: string;
  /** "" on other screens than a trace's. */
  readonly traceId: string;
}

/** Where the list was scrolled to: the row at its top, and how far that row is hidden, in px. */
export interface Anchor {
  readonly id: string;
  readonly offset: number;
}

/** What the browser keeps with an entry of its history: it comes back with Back, and with a reload. */
interface Kept {
  /** Of the list itself. */
  readonly anchor?: Anchor;
  /** On other screens: the list as it was left. */
  readonly list?: { readonly address: string; readonly anchor?: Anchor };
}

interface Entry {
  readonly address: string;
  readonly kept: Kept;
}

/** The address is the state: everything that a link should bring back stands in it. */
const entry = signal<Entry>(entryOf());
const address = computed(() => entry.value.address);

export const place = computed<Place>(() => placeOf(new URL(address.value, location.origin).pathname));
const params = computed(() => new URL(address.value, location.origin).searchParams);

/** Counts the arrivals at a place: with Back and Forward (`isReturn`) it is looked at as it was left. */
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

/** What an entry of the history has, perhaps of another version of the page. */
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
  const traceId = /^\/traces\/([^/]+)$/.exec(path)?.[1];
  if (traceId !== undefined) return { path: TRACE, traceId: decodeURIComponent(traceId) };
  return { path, traceId: '' };
}

/** "" when it is not in the address. */
export function param(name: string): string {
  return params.value.get(name) ?? '';
}

/** Told before the list is left, so that its place is kept. */
const leaving = new Listeners();

/** Goes somewhere; Back comes back. From the list to a trace, that trace's row is the selected one from then on. */
export function go(to: string): void {
  if (to === address.peek()) return;
  leaving.tell();
  const next = placeOf(new URL(to, location.origin).pathname);
  let left = entry.peek();
  if (place.peek().path === LIST && next.path === TRACE) {
    // Not told: the next address comes at once.
    left = { address: withParams(address.peek(), { sel: next.traceId }), kept: left.kept };
    history.replaceState(left.kept, '', left.address);
  }
  const list = listLeft(left);
  if (next.path !== LIST) push(to, list === undefined ? {} : { list });
  else push(to, list?.anchor !== undefined && list.address === to ? { anchor: list.anchor } : {});
}

/** The list that is looked at, or that was before. */
function listLeft({ address: at, kept }: Entry): Kept['list'] {
  if (place.peek().path !== LIST) return kept.list;
  return kept.anchor === undefined ? { address: at } : { address: at, anchor: kept.anchor };
}

/**
 * Changes parameters, "" removes one. What a person chose can be undone with Back; what only follows the reader along (`isAside`), such as the
 * selected span, takes the place of what was there.
 */
export function setParams(changes: Readonly<Record<string, string>>, { isAside = false }: { isAside?: boolean } = {}): void {
  const to = withParams(address.peek(), changes);
  if (to === address.peek()) return;
  const { kept } = entry.peek();
  if (isAside) {
    replace(to, kept);
    return;
  }
  leaving.tell();
  // Another question, or another order: its list begins at the top.
  push(to, kept.list === undefined ? {} : { list: kept.list });
}

/** Keeps the place in the list with this entry of the history; undefined at its top. */
export function keepAnchor(anchor: Anchor | undefined): void {
  const { kept, address: at } = entry.peek();
  if (place.peek().path !== LIST || (kept.anchor?.id === anchor?.id && kept.anchor?.offset === anchor?.offset)) return;
  replace(at, anchor === undefined ? {} : { anchor });
}

/** Where this entry of the history had the list. */
export function keptAnchor(): Anchor | undefined {
  return entry.peek().kept.anchor;
}

/** Calls `keep` before the list is left, by a link or by a reload; until the function that it returns is called. */
export function whenLeaving(keep: () => void): () => void {
  const forget = leaving.add(keep);
  addEventListener('pagehide', keep);
  return () => {
    forget();
    removeEventListener('pagehide', keep);
  };
}

/** Whether the list waits as it was left. */
export const isListLeft = computed(() => place.value.path === TRACE && entry.value.kept.list !== undefined);

/** The list as it was left, if it is still of what is searched for; otherwise the list of that, in the same order. */
export function listHref(): string {
  const { list } = entry.value.kept;
  const { path, traceId } = place.value;
  if (list === undefined) return hrefTo(LIST, path === TRACE ? { sel: traceId } : {});
  const before = new URL(list.address, location.origin).searchParams;
  if (KEPT.every((name) => (before.get(name) ?? '') === param(name))) return list.address;
  return hrefTo('/', { sort: before.get('sort') ?? '' });
}

/** This place with other parameters. */
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

/** What goes along from screen to screen: what is searched for, and when. */
const KEPT = ['q', 'text', 'range', 'from', 'to'];

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

/** Links of the page change the screen without a load; with a modifier they do what links do. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (link === null || link.target !== '' || link.origin !== location.origin || link.hasAttribute('download')) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
