import type { ComponentChildren, ComponentType } from 'preact';
import type { ScreenPath } from '../../src/api/page-types.ts';
import { later } from './later.tsx';
import { hrefTo, LIST, listHref, place, TRACE } from './route.ts';
import { keepSearchesOn } from './search.ts';
import { listTitle, traceTitle, withSearch } from './title.ts';
import { TracesScreen } from './traces/traces-screen.tsx';

/** Everything the page knows about a screen. */
export interface Screen {
  /** Path in the address; "" for the screen of unknown paths. */
  readonly path: ScreenPath | '';
  /** For the browser's tab, its history and bookmarks. */
  readonly title: () => string;
  /** `id`: of the trace in the address, "" without one. */
  readonly Component: ComponentType<{ id: string }> & { readonly load?: () => Promise<void> };
  /** Where a search shows its matches: on this screen or in the list. Screens without it have no query box. */
  readonly search?: 'here' | 'list';
  /** Link and keys that open the screen from anywhere. */
  readonly go?: { readonly href: () => string; readonly keys: string; readonly does: string };
  /** Label in the navigation. */
  readonly label?: ComponentChildren;
}

/** A new screen is an entry here. */
export const SCREENS: readonly Screen[] = [
  {
    path: LIST,
    title: listTitle,
    Component: TracesScreen,
    search: 'here',
    go: { href: listHref, keys: 'g t', does: 'go to the traces' },
  },
  {
    path: TRACE,
    title: traceTitle,
    Component: later(async () => (await import('./trace/trace-screen.tsx')).TraceScreen),
    search: 'list',
  },
  {
    path: '/map',
    title: () => withSearch('Map'),
    Component: later(async () => (await import('./map/map-screen.tsx')).MapScreen),
    search: 'here',
    go: { href: () => hrefTo('/map'), keys: 'g m', does: 'go to the service map' },
    label: (
      <>
        <span class="wide">Service map</span>
        <span class="narrow">Map</span>
      </>
    ),
  },
  {
    path: '/connect',
    title: () => 'Connect an application',
    Component: later(async () => (await import('./connect/connect.tsx')).ConnectScreen),
    go: { href: () => hrefTo('/connect'), keys: 'g c', does: 'connect an application' },
    label: (
      <span>
        Connect<span class="wide"> an application</span>
      </span>
    ),
  },
  {
    path: '/settings',
    title: () => 'Settings',
    Component: later(async () => (await import('./shell/settings-screen.tsx')).SettingsScreen),
    search: 'list',
    go: { href: () => hrefTo('/settings'), keys: 'g s', does: 'go to the settings' },
    label: 'Settings',
  },
];

const NOWHERE: Screen = { path: '', title: () => 'No such page', Component: Nowhere, search: 'list' };

keepSearchesOn(SCREENS.filter(({ search }) => search === 'here').map(({ path }) => path));

/** The screen for the current address. */
export function currentScreen(): Screen {
  return SCREENS.find(({ path }) => path === place.value.path) ?? NOWHERE;
}

function Nowhere() {
  return (
    <div class="empty">
      <h1>Page not found</h1>
      <p>
        Go to the <a href="/">traces</a>.
      </p>
    </div>
  );
}
