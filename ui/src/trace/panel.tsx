import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { TraceLog } from '../../../src/trace/log.ts';
import { inferredServiceOf } from '../../../src/trace/inferred-service.ts';
import { Copy } from '../copy.tsx';
import { duration, percent } from '../format.ts';
import { Handle } from '../handle.tsx';
import { Side } from '../shell/side.tsx';
import { PathOf, pathTo } from './breadcrumb.tsx';
import { FoldPanel } from './fold-panel.tsx';
import { shapeOf, type Fold } from './folds.ts';
import type { Span, TraceModel } from './model.ts';
import {
  Annotations,
  Aws,
  Exceptions,
  Findings,
  Links,
  Metadata,
  Outcome,
  RawDocument,
  Request,
  Resources,
  Sql,
} from './panel-sections.tsx';
import { Logs } from './logs.tsx';
import { Sampling } from './sampling.tsx';
import type { TraceState } from './trace-state.ts';
import { setWidth, SIDE, widths } from './widths.ts';

/** Details of the selected span or fold; empty sections do not appear. */
export function Panel({ state }: { state: TraceState }) {
  const span = state.selected.value;
  const fold = state.selectedFold.value;
  const box = useRef<HTMLElement>(null);
  const selected = span?.id ?? fold?.key;
  useEffect(() => box.current?.scrollTo({ top: 0 }), [selected]);
  const model = state.model.value;
  const shown = fold ?? span;
  if (model === undefined || shown === undefined) return null;
  const fit = (): void => {
    if (box.current !== null) setWidth('side', fittingWidth(box.current));
  };
  return (
    <>
      <Side
        box={box}
        label={fold === undefined ? 'The selected span' : 'The selected repeats'}
        onClose={() => state.select(undefined)}
        {...headOf(shown)}
      >
        {'spans' in shown ? (
          <FoldPanel fold={shown} state={state} model={model} />
        ) : (
          <SpanPanel span={shown} state={state} model={model} />
        )}
      </Side>
      <div class="side-handle">
        <Handle
          label="Width of the panel"
          value={widths.value.side}
          min={SIDE.min}
          max={Math.min(SIDE.max, Math.round(innerWidth * 0.7))}
          side="right"
          at={0}
          onChange={(px) => setWidth('side', px)}
          onFit={fit}
        />
      </div>
    </>
  );
}

/**
 * Title of the panel. The row itself is drawn on a canvas, where text cannot be selected, so the title can be copied.
 */
function headOf(shown: Span | Fold): { title: string; actions: ComponentChildren } {
  const [title, detail] =
    'spans' in shown
      ? [`${shown.spans[0].name} ×${shown.spans.length}`, shapeOf(shown.spans[0].detail)]
      : [shown.name, shown.detail];
  return { title, actions: <Copy text={`${title} ${detail}`.trim()} what="name and detail" /> };
}

/** The width at which nothing in the panel wraps, px. */
function fittingWidth(box: HTMLElement): number {
  const { style } = box;
  style.width = 'max-content';
  const width = box.offsetWidth;
  style.width = '';
  return Math.max(SIDE.min, Math.min(width, Math.round(innerWidth * 0.6)));
}

interface SpanProps {
  readonly span: Span;
  readonly state: TraceState;
  readonly model: TraceModel;
}

function SpanPanel({ span, state, model }: SpanProps) {
  const logs = state.logs.value;
  return (
    <>
      <p class="dim">{aboutOf(span)}</p>
      {span.parent !== undefined && <PathOf path={pathTo(span)} state={state} label="Around the span" />}
      <Outcome span={span} tick={state.tick.value} onPath={pathText(state, model, span)} />
      <CallAndCallee span={span} state={state} />
      {span.kind !== 'inferred' && <Exceptions span={span} model={model} state={state} />}
      {logs !== undefined && <Below span={span} state={state} model={model} logs={logs} />}
    </>
  );
}

/** Logs are read later than the trace: what is below them comes with them, or it would make way. */
function Below({ span, state, model, logs }: SpanProps & { logs: readonly TraceLog[] }) {
  return (
    <>
      <Logs span={span} model={model} logs={logs} />
      {span.kind !== 'inferred' && <Links span={span} />}
      <Request span={span} />
      <Sql span={span} />
      <Aws span={span} />
      {span.kind !== 'inferred' && (
        <>
          <Annotations span={span} />
          <Metadata span={span} />
          <Resources span={span} />
        </>
      )}
      {span.parent === undefined && !span.isOrphan && <Sampling key={span.id} span={span} />}
      {state.hasLaterFacts.value && (
        <>
          <Findings findings={state.problems.value.filter(({ id }) => id === span.entity.id)} />
          {span.kind !== 'inferred' && <RawDocument span={span} />}
        </>
      )}
    </>
  );
}

function aboutOf(span: Span): string {
  if (span.kind === 'inferred') {
    const { type } = inferredServiceOf(span.entity);
    return `${type ?? 'A service'}, inferred from the call of ${span.entity.segment.name}: it does not report itself`;
  }
  const caller =
    span.parent === undefined
      ? ''
      : span.kind === 'segment'
        ? `called by ${span.parent.service}`
        : `in ${span.service}`;
  return [span.detail, caller].filter((text) => text !== '').join(' · ');
}

/** A call and the segment that serves it share a row: links to the other side. */
function CallAndCallee({ span, state }: { span: Span; state: TraceState }) {
  const call = span.parent?.callee === span ? span.parent : undefined;
  const other = call ?? span.callee;
  if (other === undefined) return null;
  const [called, servedBy] = call === undefined ? [span, other] : [call, span];
  const [outer, inner] = [called.end - called.start, servedBy.end - servedBy.start];
  const status = other.entity.httpStatus;
  return (
    <section>
      <h3>{call === undefined ? 'As served' : 'As called'}</h3>
      <p>
        <button type="button" class="link" onClick={() => state.show(other)}>
          {call === undefined ? `Segment of ${other.name}` : `Call in ${other.service}`}
        </button>{' '}
        {duration(other.end - other.start)}
        {other.outcome !== span.outcome && `, ${status ?? other.outcome}`}
        {!called.isOpen && !servedBy.isOpen && outer > inner && (
          <span class="faint">, {duration(outer - inner)} in the network and in queues</span>
        )}
      </p>
    </section>
  );
}

function pathText(state: TraceState, { length }: TraceModel, span: Span): string {
  const share = length === 0 ? '' : `${percent((span.end - span.start) / length)} of the trace`;
  const stretch = state.path.value.get(span.id);
  const isClipped = stretch !== undefined && span.end - stretch.to > 1e-6;
  const path =
    stretch === undefined
      ? ''
      : `on the critical path${isClipped ? ` for ${duration(stretch.to - stretch.from)}` : ''}`;
  return [share, path].filter((text) => text !== '').join(', ');
}
