import { useEffect } from 'preact/hooks';
import { followLinks, go, hrefTo, listHref, place } from './route.ts';
import { Navigation } from './shell/navigation.tsx';
import { openHelp, Help } from './shell/help.tsx';
import { Said } from './copy.tsx';
import { addKeys, EVERYWHERE, onKeyDown } from './shell/keys.ts';
import { Later } from './later.tsx';
import { TopBar } from './shell/top-bar.tsx';
import { focusQuery } from './query/query-box.tsx';
import { TracesScreen } from './traces/traces-screen.tsx';

/** Where there is no query box, in the list. */
function search(): void {
  if (place.peek().screen === 'connect') go(listHref());
  focusQuery();
}

/** The frame that every screen stands in. */
export function App() {
  useEffect(() => {
    addEventListener('keydown', onKeyDown);
    addEventListener('click', followLinks);
    return addKeys(EVERYWHERE, [
      { keys: ['/'], does: 'search', run: search },
      { keys: ['g t'], does: 'go to the traces', run: () => go(listHref()) },
      { keys: ['g m'], does: 'go to the service map', run: () => go(hrefTo('/map')) },
      { keys: ['g c'], does: 'connect an application', run: () => go(hrefTo('/connect')) },
      { keys: ['g s'], does: 'go to the settings', run: () => go(hrefTo('/settings')) },
      { keys: ['?'], does: 'list the keys', run: openHelp },
    ]);
  }, []);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Navigation />
      <TopBar />
      <main id="main" tabIndex={-1}>
        <Screen />
      </main>
      <Help />
      <Said />
    </>
  );
}

function Screen() {
  const { screen, traceId } = place.value;
  switch (screen) {
    case 'traces':
      return <TracesScreen />;
    case 'trace':
      return <Later key={traceId} name="trace" id={traceId} />;
    case 'map':
    case 'connect':
    case 'settings':
      return <Later key={screen} name={screen} />;
    case 'nowhere':
      return (
        <div class="empty">
          <h1>There is no such page</h1>
          <p>
            <a href="/">The traces</a> are here.
          </p>
        </div>
      );
  }
}
