import { useComputed } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import type { RowOutcome } from '../../../src/api/page-types.ts';
import type { TraceLog } from '../../../src/trace/log.ts';
import { Copy } from '../copy.tsx';
import { absolute, ago, count, duration, fullTime, pathOf, percent } from '../format.ts';
import { pin } from '../live.ts';
import { badgeText, failuresText, isFailed, severityOf, type Failure, type Failures } from '../outcomes.ts';
import { hereWith, param } from '../route.ts';
import { now, useCounting } from '../traces/elapsed.ts';
import { Balancers } from './balancer.tsx';
import type { Cause } from './cause.ts';
import type { Fold } from './folds.ts';
import { SPANS_AT_ONCE } from './critical-path.ts';
import { entryOf } from './entry.ts';
import type { Span, TraceModel } from './model.ts';
import { badnessOf } from './span-logs.ts';
import { directionOf } from './panel-sections.tsx';
import { LogLinks } from './log-links.tsx';
import { foldWith, oncePerRow } from './rows.ts';
import type { TraceState } from './trace-state.ts';
import { viewHref } from './view.ts';
import { viewOf, VIEWS } from './views.ts';

/** Trace summary header: request, cause of failure, figures and tabs. Space is reserved for what is read later. */
export function Head({ state, id, model }: { state: TraceState; id: string; model: TraceModel | undefined }) {
  if (model === undefined)
    return (
      <header class="trace-head">
        <h1>
          <span class="faint">Reading the trace …</span>
        </h1>
      </header>
    );
  const cause = state.cause.value;
  return (
    <header class="trace-head">
      <h1>
        <Title model={model} />
      </h1>
      {cause === undefined ? <MostTime state={state} model={model} /> : <Because cause={cause} state={state} />}
      <div class="facts">
        <Facts model={model} state={state} />
        {!model.trace.isSampled && (
          <span class="mark" title="AWS would not keep this trace: its spans arrived unsampled">
            unsampled
          </span>
        )}
        <Linked model={model} state={state} />
        <span class="together">
          <span class="mono">{id}</span>
          <Copy text={id} what="trace id" title="Copy id" />
        </span>
        <span class="together">
          <time title={`${fullTime(model.origin)}, ${ago(model.origin)}`}>{absolute(model.origin)}</time>
          <Pin key={`${id} ${model.isPinned}`} model={model} state={state} />
        </span>
        <LaterFacts model={model} state={state} />
        <LogLinks model={model} span={state.selected.value} />
      </div>
      <Balancers id={id} imported={model.accessLog} />
      <div class="tabs">
        <nav aria-label="Views of the trace">
          {VIEWS.map((view) => (
            <a
              key={view.tab}
              aria-current={viewOf(param('tab')) === view ? 'page' : undefined}
              href={viewHref(state, view)}
            >
              {view.title}
              {view.count !== undefined && <Count state={state} of={view.count} />}
            </a>
          ))}
        </nav>
        <span class="spacer" />
        <span class="faint hint">
          {model.errors.length > 0 && (
            <>
              <kbd>e</kbd> next error ·{' '}
            </>
          )}
          <kbd>?</kbd> keys
        </span>
      </div>
    </header>
  );
}

/** A tab has room for no longer number. */
const MOST_ON_TAB = 99;

/**
 * Recounted when the trace or its findings change, not with every tick of a trace in progress. Space is reserved
 * for the number, which would otherwise move the next tab.
 */
function Count({ state, of }: { state: TraceState; of: (state: TraceState) => number }) {
  const number = useComputed(() => of(state)).value;
  return (
    <span class="faint count">{number > 0 && ` · ${number > MOST_ON_TAB ? `${MOST_ON_TAB}+` : count(number)}`}</span>
  );
}

function Title({ model }: { model: TraceModel }) {
  const root = entryOf(model);
  if (root === undefined) return <>Empty trace</>;
  const { url, method } = root.entity.http ?? {};
  const status = root.entity.httpStatus;
  return (
    <>
      <span class={`badge ${root.outcome}`}>{badgeText(root.outcome, status)}</span>{' '}
      <span class="title" title={url ?? root.name}>
        {url === undefined ? root.name : `${method ?? ''} ${pathOf(url)}`.trim()}
      </span>
    </>
  );
}

/** Links to a row of the timeline from any view. */
function RowLink({
  to,
  title,
  class: name,
  state,
  children,
}: {
  to: Span | Fold;
  title?: string;
  class?: string;
  state: TraceState;
  children: ComponentChildren;
}) {
  // A fold stays folded.
  const hidden = 'spans' in to ? to.spans[0].parent : to;
  return (
    <a
      href={hereWith({ tab: '', span: to.id })}
      title={title}
      class={name}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        if (hidden !== undefined) state.reveal(hidden);
        if (param('tab') === '') {
          event.preventDefault();
          state.select(to);
        }
      }}
    >
      {children}
    </a>
  );
}

/**
 * For a trace that did not fail: where most of its time went, as a link. In a large trace it is found after the first
 * paint, and has a line reserved.
 */
function MostTime({ state, model: { length, roots, spans: all } }: { state: TraceState; model: TraceModel }) {
  const most = state.slowest.value;
  const isLater = all.length > SPANS_AT_ONCE;
  if (most === undefined) return isLater ? <p class="because one-line">{'\u00a0'}</p> : null;
  const { span, seconds, entry, share, spans } = most;
  const what = `${span.name} ${span.detail}`.trim();
  const waited = duration(entry.end - entry.start);
  // Work after the response makes the trace longer than its entry.
  const isAll = waited === duration(length);
  return (
    <p class={isLater ? 'because one-line' : 'because'}>
      <RowLink to={(spans > 1 ? foldWith(span, roots) : undefined) ?? span} state={state}>
        {percent(share)} of the{' '}
        {isAll ? (
          'time'
        ) : (
          <>
            {waited} of <bdi>{entry.name}</bdi>
          </>
        )}
        , {duration(seconds)}, was spent in {spans > 1 && `${count(spans)} × `}
        <bdi>{what}</bdi>
        {span.children.some(({ kind }) => kind !== 'inferred') && ' itself'}
      </RowLink>
    </p>
  );
}

/** Why the trace failed, as a link to the span. */
function Because({ cause: { span, what, thrown, message }, state }: { cause: Cause; state: TraceState }) {
  return (
    <p class="because">
      <RowLink to={span} state={state} {...(message === '' ? {} : { title: message })}>
        because <bdi>{what}</bdi>
        {thrown !== '' && (
          <>
            : <bdi>{thrown}</bdi>
          </>
        )}
      </RowLink>{' '}
      {message !== '' && (
        <span class="faint">
          <bdi>{message}</bdi>
        </span>
      )}
    </p>
  );
}

function Facts({ model, state }: { model: TraceModel; state: TraceState }) {
  // The model grows in place.
  void state.tick.value;
  const { origin, length, services, spans, isLive, open } = model;
  const errors = useMemo(() => oncePerRow(model.errors), [model]);
  const own = useMemo(() => spans.reduce((sum, { kind }) => sum + (kind === 'inferred' ? 0 : 1), 0), [spans]);
  const [first] = errors;
  const worst = errors.reduce<RowOutcome>((a, b) => (severityOf(b.outcome) > severityOf(a) ? b.outcome : a), 'ok');
  return (
    <>
      {open.length > 0 && !isLive ? (
        <Silent origin={origin} length={length} />
      ) : (
        <span class={isLive ? 'ticking' : undefined}>
          <b>{duration(length)}</b>
          {isLive && <span class="live-text"> so far</span>}
        </span>
      )}
      <span>
        <b>{count(services)}</b> {services === 1 ? 'service' : 'services'}
      </span>
      <span>
        <b>{count(own)}</b> {own === 1 ? 'span' : 'spans'}
      </span>
      {first !== undefined && (
        <button
          type="button"
          class="plain"
          title={`Spans that failed: ${failuresText(failuresIn(errors))}. Click to show the cause`}
          onClick={() => state.show(state.cause.peek()?.span ?? first)}
        >
          <b class={`${worst}-text`}>{count(errors.length)}</b> {errors.length === 1 ? 'error' : 'errors'}
        </button>
      )}
      <Clocks model={model} state={state} />
    </>
  );
}

/** Facts that are read once the timeline is painted, in a place of constant size. */
function LaterFacts({ model, state }: { model: TraceModel; state: TraceState }) {
  const findings = state.problems.value.length;
  if (!state.hasLaterFacts.value) return <span class="later" />;
  return (
    <span class="later">
      {findings > 0 && (
        <a
          class="plain"
          href={hereWith({ tab: 'findings', span: '' })}
          title="What AWS would do differently with this trace"
        >
          <b>{count(findings)}</b> {findings === 1 ? 'finding' : 'findings'}
        </a>
      )}
      <LogsFact model={model} state={state} />
    </span>
  );
}

const BADNESS = { fault: ' with errors', error: ' with warnings', '': '' } as const;

/** The number of log records, which leads to the worst of them: rows do not show which spans have any. */
function LogsFact({ model, state }: { model: TraceModel; state: TraceState }) {
  const logs = state.logs.value ?? [];
  const worst = logs.reduce<TraceLog | undefined>(
    (a, b) => (a === undefined || b.severity > a.severity ? b : a),
    undefined,
  );
  if (worst === undefined) return null;
  const badness = badnessOf(worst);
  const span = model.byId.get(worst.spanId) ?? entryOf(model);
  if (span === undefined) return null;
  return (
    <RowLink to={span} state={state} class="plain" title={`Shows the ${badness === '' ? 'first' : 'worst'} of them`}>
      <b class={badness === '' ? undefined : `${badness}-text`}>{count(logs.length)}</b>{' '}
      {logs.length === 1 ? 'log' : 'logs'}
      {BADNESS[badness]}
    </RowLink>
  );
}

/**
 * An abandoned trace: its duration so far, as in the list, and the duration until its last segment, as in the timeline.
 */
function Silent({ origin, length }: { origin: number; length: number }) {
  useCounting(true);
  return (
    <>
      <span class="ticking">
        <b>{duration(Math.max(0, now.value - origin))}</b>
        <span class="live-text"> so far</span>
      </span>
      <span>
        <b>{duration(length)}</b>
        <span class="live-text"> until its last segment, never closed</span>
      </span>
    </>
  );
}

function failuresIn(errors: TraceModel['errors']): Failures {
  const failures: Partial<Record<Failure, number>> = {};
  for (const { outcome } of errors) if (isFailed(outcome)) failures[outcome] = (failures[outcome] ?? 0) + 1;
  return failures;
}

/** Shows clock differences, and turns their adjustment on or off. */
function Clocks({ model, state }: { model: TraceModel; state: TraceState }) {
  if (model.skew === 0) return null;
  const isAdjusted = state.isAdjusted.value;
  return (
    <span class="clocks">
      Clock <b>{duration(model.skew)}</b> off{' '}
      <button
        type="button"
        class="button small"
        aria-pressed={isAdjusted}
        title="Moves segments of a service with a different clock into the calls that caused them"
        onClick={() => state.adjust(!isAdjusted)}
      >
        {isAdjusted ? 'Adjusted' : 'Adjust'}
      </button>
    </span>
  );
}

/** The other end of a message: another trace, or the first span of several with links. */
function Linked({ model: { spans }, state }: { model: TraceModel; state: TraceState }) {
  const linked = useMemo(
    () => spans.filter(({ kind, entity }) => kind !== 'inferred' && entity.links.length > 0),
    [spans],
  );
  const [first] = linked;
  const links = linked.flatMap(({ entity }) => entity.links);
  const [link] = links;
  if (first === undefined || link === undefined) return null;
  if (links.length === 1)
    return (
      <a class="link" href={`/traces/${link.traceId}`} title={`Trace ${link.traceId}`}>
        {directionOf(link)}
      </a>
    );
  return (
    <RowLink to={first} state={state} class="link">
      {count(links.length)} linked traces
    </RowLink>
  );
}

function Pin({ model, state }: { model: TraceModel; state: TraceState }) {
  const toggle = async (): Promise<void> => {
    await pin(model.id, !model.isPinned);
    state.pinned(!model.isPinned);
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
