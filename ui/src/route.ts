import { computed, signal } from '@preact/signals';

export type Screen = 'traces' | 'trace' | 'map' | 'settings' | 'nowhere';

export interface Place {
  readonly screen: Screen;
  readonly traceId: string;
}

/** The address is the state: everything that a link should bring back stands in it. */
const address = signal(location.pathname + location.search);

export const place = computed<Place>(() => placeOf(new URL(address.value, location.origin).pathname));
const params = computed(() => new URL(address.value, location.origin).searchParams);

addEventListener('popstate', () => (address.value = location.pathname + location.search));

function placeOf(path: string): Place {
  const traceId = /^\/traces\/([^/]+)$/.exec(path)?.[1];
  if (traceId !== undefined) return { screen: 'trace', traceId: decodeURIComponent(traceId) };
  const screen = ({ '/': 'traces', '/map': 'map', '/settings': 'settings' } as const)[path] ?? 'nowhere';
  return { screen, traceId: '' };
}

/** "" when it is not in the address. */
export function param(name: string): string {
  return params.value.get(name) ?? '';
}

/** Goes somewhere; Back comes back. */
export function go(to: string): void {
  if (to === address.peek()) return;
  history.pushState(null, '', to);
  address.value = to;
}

/**
 * Changes parameters, "" removes one. What a person chose can be undone with Back; what only follows the reader along (`isAside`), such as the
 * selected span, takes the place of what was there.
 */
export function setParams(changes: Readonly<Record<string, string>>, { isAside = false }: { isAside?: boolean } = {}): void {
  const to = withParams(address.peek(), changes);
  if (to === address.peek()) return;
  history[isAside ? 'replaceState' : 'pushState'](null, '', to);
  address.value = to;
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
const KEPT = ['q', 'range', 'from', 'to'];

export function hrefTo(path: string, extra: Readonly<Record<string, string>> = {}): string {
  const kept = new URLSearchParams();
  for (const name of KEPT) if (params.value.get(name)) kept.set(name, params.value.get(name)!);
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
  const link = (event.target as Element).closest('a');
  if (link === null || link.target !== '' || link.origin !== location.origin || link.hasAttribute('download')) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
