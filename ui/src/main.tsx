import { render } from 'preact';
import './tokens.css';
import './page.css';
import './value.css';
import './query/query.css';
import './trace/trace.css';
import './map/map.css';
import './connect/connect.css';
import './shell/side.css';
import './traces/traces.css';
import './trace/timeline.css';
import { App } from './app.tsx';
import { showControls } from './controls.ts';
import { loadRest } from './later.tsx';
import { follow } from './live.ts';
import { currentScreen } from './screens.tsx';
import { followTitle } from './title.ts';

showControls();
follow();
followTitle(() => currentScreen().title());
// No top-level await: the loaded code imports from this chunk, and would wait for it.
void Promise.resolve(currentScreen().Component.load?.()).then(() => {
  const page = document.querySelector('#page');
  if (page !== null) render(<App />, page);
  loadRest();
});
