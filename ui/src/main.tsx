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
import { load, loadRest } from './later.tsx';
import { follow } from './live.ts';
import { place } from './route.ts';
import { followTitle } from './title.ts';

showControls();
follow();
followTitle();
// Not with a top-level await: what is loaded imports from this file, and would wait for it.
void load(place.peek().screen).then(() => {
  render(<App />, document.querySelector('#page')!);
  loadRest();
});
