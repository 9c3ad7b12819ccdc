import { render } from 'preact';
import './tokens.css';
import './page.css';
import './trace/trace.css';
import { App } from './app.tsx';
import { follow } from './live.ts';

follow();
render(<App />, document.querySelector('#page')!);
