import { render } from 'preact';
import './tokens.css';
import './page.css';
import './trace/trace.css';
import './map/map.css';
import './connect/connect.css';
import './shell/side.css';
import './traces/traces.css';
import './trace/timeline.css';
import { App } from './app.tsx';
import { follow } from './live.ts';
import { followTitle } from './title.ts';

follow();
followTitle();
render(<App />, document.querySelector('#page')!);
