import { duration } from '../format.ts';
import { Exception } from './exception.tsx';
import type { Span } from './model.ts';
import type { ViewProps } from './view.ts';

/** Spans with their own exceptions, in chronological order. */
export function thrownIn(spans: readonly Span[]): Span[] {
  return spans
    .filter(({ kind, entity }) => kind !== 'inferred' && entity.exceptions.length > 0)
    .sort((a, b) => a.end - b.end);
}

/** All exceptions of the trace. */
export function ExceptionsView({ state, model }: ViewProps) {
  const spans = thrownIn(model.spans);
  return (
    <div class="exceptions">
      {spans.length === 0 && <p class="faint">No exception was recorded in this trace.</p>}
      {spans.map((span) => (
        <section key={span.id}>
          <h2>
            <button type="button" class="link" onClick={() => state.select(span)}>
              {span.name}
            </button>{' '}
            <span class="faint">
              {span.name === span.service ? '' : `in ${span.service}, `}at {duration(span.end)}
            </span>
          </h2>
          {span.entity.exceptions.map((exception, i) => (
            <Exception key={i} exception={exception} span={span} />
          ))}
        </section>
      ))}
    </div>
  );
}
