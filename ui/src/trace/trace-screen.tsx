import { readTraceId } from '../../../src/trace/trace-id.ts';
import { useLayoutEffect, useMemo } from 'preact/hooks';
import { list } from '../live.ts';
import { LIST, listHref, param } from '../route.ts';
import { valueSearchesOf, ValueSearchContext } from './value-search.ts';
import { keepLine } from '../pasted-lines.ts';
import { Balancers, WhyMissing } from './balancer.tsx';
import { keysFor } from './keys.ts';
import { Panel } from './panel.tsx';
import { Head } from './trace-head.tsx';
import { TraceState } from './trace-state.ts';
import { addKeys } from '../shell/keys.ts';
import { shownTrace } from '../title.ts';
import { viewOf } from './views.ts';
import { widths } from './widths.ts';

/** The screen of one trace. `written`: a trace ID in any notation, or a line of a log. */
export function TraceScreen({ id: written }: { id: string }) {
  const id = readTraceId(written) ?? written;
  const state = useMemo(() => new TraceState(id, (tab) => viewOf(tab).isFullWidth === true), [id]);
  // A layout effect, to send the request before the first paint.
  useLayoutEffect(() => {
    void state.load();
    const unfollow = list.onChanged.add((ids) => {
      if (ids === undefined || ids.includes(state.id)) state.changed();
    });
    return () => {
      unfollow();
      state.leave();
    };
  }, [state]);
  useLayoutEffect(() => addKeys('Trace', keysFor(state)), [state]);
  useLayoutEffect(() => keepLine(id, written), [id, written]);
  const problem = state.problem.value;
  const model = state.model.value;
  useLayoutEffect(() => {
    shownTrace.value = model;
  }, [model]);
  const { Component: View } = viewOf(param('tab'));
  const hasSide = state.selected.value !== undefined || state.selectedFold.value !== undefined;
  if (problem !== undefined && model === undefined)
    return problem.isMissing ? (
      <Missing id={id} />
    ) : (
      <Unreadable message={problem.message} onRetry={() => void state.load()} />
    );
  return (
    <div class={hasSide ? 'trace with-side' : 'trace'} style={{ '--side': `${widths.value.side}px` }}>
      <Head state={state} id={id} model={model} />
      {model !== undefined && (
        <ValueSearchContext.Provider value={valueSearchesOf(model)}>
          <div class="trace-body">
            <View state={state} model={model} />
          </div>
          <Panel state={state} />
        </ValueSearchContext.Provider>
      )}
    </div>
  );
}

function Missing({ id }: { id: string }) {
  const short = /^1-0{8}-0{8}([0-9a-f]{16})$/.exec(id)?.[1];
  return (
    <div class="empty">
      <h1>Trace not found</h1>
      <p class="mono">{id}</p>
      <WhyMissing id={id}>
        It has not arrived yet, or it was removed: to free space for newer traces, or with a temporary store when xrayd
        was restarted. If it arrives later, it appears here automatically.
      </WhyMissing>
      <Balancers id={id} />
      {short !== undefined && (
        <p>
          An ID of 16 digits may also be other text:{' '}
          <a class="link" href={`${LIST}?text=${short}`}>
            search for {short}
          </a>
          .
        </p>
      )}
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
