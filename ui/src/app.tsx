import { useEffect } from 'preact/hooks';
import { followLinks, go, listHref, place } from './route.ts';
import { Navigation } from './shell/navigation.tsx';
import { openHelp, Help } from './shell/help.tsx';
import { Announcement } from './copy.tsx';
import { addKeys, EVERYWHERE, onKeyDown } from './shell/keys.ts';
import { TopBar } from './shell/top-bar.tsx';
import { currentScreen, SCREENS } from './screens.tsx';
import { focusQuery } from './query/query-box.tsx';

/** On a screen without a query box, goes to the list first. */
function search(): void {
  if (currentScreen().search === undefined) go(listHref());
  focusQuery();
}

/** The frame around every screen. */
export function App() {
  useEffect(() => {
    addEventListener('keydown', onKeyDown);
    addEventListener('click', followLinks);
    return addKeys(EVERYWHERE, [
      { keys: ['/'], does: 'search', run: search },
      ...SCREENS.flatMap(({ go: way }) =>
        way === undefined ? [] : [{ keys: [way.keys], does: way.does, run: () => go(way.href()) }],
      ),
      { keys: ['?'], does: 'show the keys', run: openHelp },
    ]);
  }, []);
  const { path, search: searches, Component } = currentScreen();
  const { traceId } = place.value;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Navigation screens={SCREENS} />
      {searches !== undefined && <TopBar />}
      <main id="main" tabIndex={-1}>
        <Component key={`${path} ${traceId}`} id={traceId} />
      </main>
      <Help />
      <Announcement />
    </>
  );
}
