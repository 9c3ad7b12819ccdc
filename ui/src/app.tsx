import { useEffect } from 'preact/hooks';
import { followLinks, go, hrefTo, listHref, place } from './route.ts';
import { Navigation } from './shell/navigation.tsx';
import { openHelp, Help } from './shell/help.tsx';
import { addKeys, onKeyDown } from './shell/keys.ts';
import { SettingsScreen } from './shell/settings-screen.tsx';
import { TopBar } from './shell/top-bar.tsx';
import { focusQuery } from './query/query-box.tsx';
import { MapScreen } from './map/map-screen.tsx';
import { TraceScreen } from './trace/trace-screen.tsx';
import { TracesScreen } from './traces/traces-screen.tsx';

/** The frame that every screen stands in. */
export function App() {
  useEffect(() => {
    addEventListener('keydown', onKeyDown);
    addEventListener('click', followLinks);
    return addKeys('Everywhere', [
      { keys: ['/'], does: 'search', run: focusQuery },
      { keys: ['g t'], does: 'traces', run: () => go(listHref()) },
      { keys: ['g m'], does: 'service map', run: () => go(hrefTo('/map')) },
      { keys: ['g s'], does: 'settings', run: () => go(hrefTo('/settings')) },
      { keys: ['?'], does: 'this list', run: openHelp },
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
    </>
  );
}

function Screen() {
  const { screen, traceId } = place.value;
  switch (screen) {
    case 'traces':
      return <TracesScreen />;
    case 'trace':
      return <TraceScreen key={traceId} id={traceId} />;
    case 'map':
      return <MapScreen />;
    case 'settings':
      return <SettingsScreen />;
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
