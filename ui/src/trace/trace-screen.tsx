import { useLayoutEffect, useMemo } from 'preact/hooks';
import { Copy } from '../copy.tsx';
import { absolute, ago, count, duration, fullTime, pathOf, plural } from '../format.ts';
import { list, pin } from '../live.ts';
import { hereWith, listHref, param } from '../route.ts';
import { httpOf } from '../../../src/xray/trace/http.ts';
import { ExceptionsView, thrownIn } from './exceptions-view.tsx';
import { FindBar } from './find-bar.tsx';
import { Flame } from './flame.tsx';
import { keysFor } from './keys.ts';
import type { TraceModel } from './model.ts';
import { Panel } from './panel.tsx';
import { Raw } from './raw.tsx';
import { SelfTime } from './self-time.tsx';
import { Timeline } from './timeline.tsx';
import { TraceMap } from './trace-map.tsx';
import { TraceState } from './trace-state.ts';
import { addKeys } from '../shell/keys.ts';
import { shownTrace } from '../title.ts';

const TABS = [
  ['', 'Timeline'],
  ['flame', 'Flame'],
  ['self', 'Self time'],
  ['exceptions', 'Exceptions'],
  ['map', 'Map'],
  ['raw', 'Raw'],
] as const;

/** One trace, as it is now. */
export function TraceScreen({ id }: { id: string }) {
  const state = useMemo(() => new TraceState(id), [id]);
  // Before the first paint: what is waited for is asked for at once.
  useLayoutEffect(() => {
    void state.load();
    list.onChanged = (ids) => {
      if (ids === undefined || ids.includes(id)) state.changed();
    };
    return () => {
      list.onChanged = () => {};
      state.leave();
    };
  }, [state]);
  useLayoutEffect(() => addKeys('Trace', keysFor(state)), [state]);
  const problem = state.problem.value;
  const model = state.model.value;
  useLayoutEffect(() => {
    shownTrace.value = model;
  }, [model]);
  if (problem !== undefined && model === undefined)
    return problem.isMissing ? <Missing id={id} /> : <Unreadable message={problem.message} onRetry={() => void state.load()} />;
  return (
    <div class={state.selected.value === undefined ? 'trace' : 'trace with-side'}>
      <Head state={state} id={id} model={model} />
      {model !== undefined && <Body state={state} />}
      {model !== undefined && <Panel state={state} />}
    </div>
  );
}

function Body({ state }: { state: TraceState }) {
  const tab = param('tab');
  return (
    <div class="trace-body">
      {tab === '' && <FindBar state={state} />}
      {tab === '' && <Timeline state={state} />}
      {tab === 'flame' && <Flame state={state} />}
      {tab === 'self' && <SelfTime state={state} />}
      {tab === 'exceptions' && <ExceptionsView state={state} />}
      {tab === 'map' && <TraceMap state={state} />}
      {tab === 'raw' && <Raw state={state} />}
    </div>
  );
}

/** What one says about a trace aloud. */
function Head({ state, id, model }: { state: TraceState; id: string; model: TraceModel | undefined }) {
  const thrown = model === undefined ? 0 : thrownIn(model.spans).length;
  return (
    <header class="trace-head">
      <h1>{model === undefined ? <span class="faint">Reading the trace …</span> : <Title model={model} />}</h1>
      <div class="facts">
        {model !== undefined && <Facts model={model} state={state} />}
        <span class="mono">{id}</span>
        <Copy text={id} what="trace id" title="Copy id" />
        {model !== undefined && <Pin key={`${id} ${model.isPinned}`} model={model} state={state} />}
      </div>
      <div class="tabs">
        <nav aria-label="Views of the trace">
          {TABS.map(([name, title]) => (
            <a key={name} aria-current={param('tab') === name ? 'page' : undefined} href={hereWith({ tab: name })}>
              {title}
              {name === 'exceptions' && thrown > 0 && <span class="faint"> · {count(thrown)}</span>}
              {name === 'raw' && state.findings.value.length > 0 && <span class="faint"> · {plural(state.findings.value.length, 'finding')}</span>}
            </a>
          ))}
        </nav>
        <span class="spacer" />
        <span class="faint hint">
          <kbd>e</kbd> next error · <kbd>?</kbd> keys
        </span>
      </div>
    </header>
  );
}

function Title({ model }: { model: TraceModel }) {
  const root = model.roots.find(({ isOrphan }) => !isOrphan) ?? model.roots[0];
  if (root === undefined) return <>Empty trace</>;
  const { url, method, status } = httpOf(root.entity);
  return (
    <>
      <span class={`badge ${root.outcome}`}>{status ?? root.outcome}</span>{' '}
      <span class="title" title={url ?? root.name}>
        {url === undefined ? root.name : `${method ?? ''} ${pathOf(url)}`.trim()}
      </span>
    </>
  );
}

function Facts({ model, state }: { model: TraceModel; state: TraceState }) {
  // The model grows in place.
  void state.tick.value;
  const { origin, length, services, spans, errors, isLive } = model;
  const own = spans.filter(({ kind }) => kind !== 'inferred').length;
  return (
    <>
      <span>
        <b>{duration(length)}</b>
        {isLive && <span class="live-text"> so far</span>}
      </span>
      <span>
        <b>{count(services)}</b> {services === 1 ? 'service' : 'services'}
      </span>
      <span>
        <b>{count(own)}</b> {own === 1 ? 'span' : 'spans'}
      </span>
      {errors.length > 0 && (
        <button type="button" class="plain" onClick={() => state.select(errors[0])}>
          <b class="fault-text">{count(errors.length)}</b> {errors.length === 1 ? 'error' : 'errors'}
        </button>
      )}
      <time title={`${fullTime(origin)}, ${ago(origin)}`}>{absolute(origin)}</time>
    </>
  );
}

function Pin({ model, state }: { model: TraceModel; state: TraceState }) {
  const toggle = async (): Promise<void> => {
    await pin(model.id, !model.isPinned);
    state.model.value = { ...model, isPinned: !model.isPinned };
  };
  return (
    <button
      type="button"
      class="button small"
      aria-pressed={model.isPinned}
      title="A pinned trace stays when the store is full or cleared"
      onClick={() => void toggle()}
    >
      {model.isPinned ? 'Pinned' : 'Pin'}
    </button>
  );
}

function Missing({ id }: { id: string }) {
  return (
    <div class="empty">
      <h1>This trace is not here</h1>
      <p class="mono">{id}</p>
      <p>It has not arrived, or it was removed when the store was full. When it comes, it appears here by itself.</p>
      <p class="buttons">
        <a class="button" href={listHref()}>
          All traces
        </a>
      </p>
    </div>
  );
}

function Unreadable({ message, onRetry }: { message: string; onRetry: () => void }) {
  return (
    <div class="empty">
      <h1>The trace could not be read</h1>
      <p>{message}</p>
      <p class="buttons">
        <button type="button" class="button" onClick={onRetry}>
          Try again
        </button>
      </p>
    </div>
  );
}
