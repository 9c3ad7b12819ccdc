import { useEffect, useRef } from 'preact/hooks';
import { duration, percent } from '../format.ts';
import { Side } from '../shell/side.tsx';
import { inferredServiceOf } from '../../../src/xray/trace/service-id.ts';
import type { Span } from './model.ts';
import { Annotations, Aws, Exceptions, Findings, Links, Metadata, Outcome, RawDocument, Request, Resources, Sql } from './panel-sections.tsx';
import type { TraceState } from './trace-state.ts';

/** Everything that is known of the selected span; what is not there does not appear. */
export function Panel({ state }: { state: TraceState }) {
  const span = state.selected.value;
  const model = state.model.value;
  const box = useRef<HTMLElement>(null);
  useEffect(() => box.current?.scrollTo({ top: 0 }), [span?.id]);
  if (span === undefined || model === undefined) return null;
  return (
    <Side box={box} label="The selected span" title={span.name} onClose={() => state.select(undefined)}>
      <p class="dim">{aboutOf(span)}</p>
      <Outcome span={span} model={model} tick={state.tick.value} onPath={pathText(state, span)} />
      {span.kind !== 'inferred' && <Exceptions span={span} model={model} state={state} />}
      <Request span={span} />
      <Sql span={span} />
      <Aws span={span} />
      {span.kind !== 'inferred' && (
        <>
          <Annotations span={span} />
          <Metadata span={span} />
          <Resources span={span} />
          <Links span={span} />
        </>
      )}
      <Findings findings={state.findings.value.filter(({ id }) => id === span.entity.id)} />
      {span.kind !== 'inferred' && <RawDocument span={span} />}
    </Side>
  );
}

function aboutOf(span: Span): string {
  if (span.kind === 'inferred') {
    const { type } = inferredServiceOf(span.entity);
    return `${type ?? 'A service'}, inferred from the call of ${span.entity.segment.name}: it does not report itself`;
  }
  const caller = span.parent === undefined ? '' : span.kind === 'segment' ? `called by ${span.parent.service}` : `in ${span.service}`;
  return [span.detail, caller].filter((text) => text !== '').join(' · ');
}

function pathText(state: TraceState, span: Span): string {
  const length = state.model.peek()!.length;
  const share = length === 0 ? '' : `${percent((span.end - span.start) / length)} of the trace`;
  const stretch = state.path.value.get(span.id);
  if (stretch === undefined) return share;
  return `${share}, on the critical path${stretch.to < span.end ? ` for ${duration(stretch.to - stretch.from)}` : ''}`;
}
