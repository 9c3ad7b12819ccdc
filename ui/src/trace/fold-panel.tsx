import { textOf } from '../../../src/json/json.ts';
import { Copy } from '../copy.tsx';
import { count, duration, percent } from '../format.ts';
import { failuresText, isFailed, type Failures } from '../outcomes.ts';
import { shapeOf, type Fold } from './folds.ts';
import { rowOf, type Span, type TraceModel } from './model.ts';
import type { TraceState } from './trace-state.ts';

/** The number of repeats listed. */
const FIRST = 100;

/** Summary of a fold: count, durations, order, and what its spans have in common. */
export function FoldPanel({ fold, state, model }: { fold: Fold; state: TraceState; model: TraceModel }) {
  void state.tick.value;
  const { spans } = fold;
  const [first] = spans;
  const lengths = spans.map(({ start, end }) => end - start).toSorted((a, b) => a - b);
  const until = spans.reduce((most, { end }) => Math.max(most, end), 0);
  const elapsed = until - first.start;
  const whole = model.length;
  const isOpen = state.shown.value.unfolded.has(fold.key);
  const failed = failuresText(failuresIn(spans));
  return (
    <>
      <p class="dim">
        Similar {fold.isCalls ? 'calls' : 'spans'} in {first.parent?.name ?? 'the trace'}
      </p>
      <section>
        <h3>Together</h3>
        <dl class="pairs">
          <dt>Count</dt>
          <dd>{count(spans.length)}</dd>
          <dt>Sum</dt>
          <dd>{duration(fold.seconds)}</dd>
          <dt>First to last</dt>
          <dd>
            {duration(elapsed)}
            {whole > 0 && <span class="faint">, {percent(elapsed / whole)} of the trace</span>}
          </dd>
          <dt>Order</dt>
          <dd>{fold.atOnce === 1 ? 'Sequential' : `Up to ${count(fold.atOnce)} concurrent`}</dd>
          <dt>p50</dt>
          <dd>{duration(medianOf(lengths))}</dd>
          <dt>Shortest</dt>
          <dd>{duration(lengths[0] ?? 0)}</dd>
          <dt>Longest</dt>
          <dd>{duration(lengths.at(-1) ?? 0)}</dd>
          {failed !== '' && (
            <>
              <dt>Failed</dt>
              <dd>{failed}</dd>
            </>
          )}
        </dl>
      </section>
      <Common span={first} />
      <section>
        <h3>Repeats</h3>
        <p class="buttons">
          <button type="button" class="button small" aria-pressed={isOpen} onClick={() => state.toggle(fold.key, true)}>
            {isOpen ? 'Hide the rows' : 'Show the rows'}
          </button>
        </p>
        <ol class="repeats">
          {spans.slice(0, FIRST).map((span) => (
            <Repeat key={span.id} span={span} state={state} />
          ))}
        </ol>
        {spans.length > FIRST && (
          <p class="faint">
            The first {FIRST} of {count(spans.length)}.
          </p>
        )}
      </section>
    </>
  );
}

function failuresIn(spans: readonly Span[]): Failures {
  const failures: { -readonly [K in keyof Failures]: Failures[K] } = {};
  for (const { outcome } of spans.map(rowOf)) if (isFailed(outcome)) failures[outcome] = (failures[outcome] ?? 0) + 1;
  return failures;
}

/** The median. `sorted`: ascending. */
function medianOf(sorted: readonly number[]): number {
  const [low = 0, high = low] = sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1);
  return (low + high) / 2;
}

/** The statement, or the shape of the request. */
function Common({ span }: { span: Span }) {
  const query = textOf(span.entity.sql?.['sanitized_query']);
  const text = query ?? shapeOf(span.detail);
  if (text === '') return null;
  return (
    <section>
      <h3>{query === undefined ? 'In common' : 'Statement'}</h3>
      <div class="code">
        <pre class="mono" tabIndex={0}>
          {text}
        </pre>
        <Copy text={text} what={query === undefined ? 'shape' : 'statement'} />
      </div>
    </section>
  );
}

function Repeat({ span, state }: { span: Span; state: TraceState }) {
  const row = rowOf(span);
  return (
    <li>
      <button type="button" class="link" onClick={() => state.show(row.span)}>
        {row.span.detail === '' ? row.span.name : row.span.detail}
      </button>{' '}
      <span class="faint">
        +{duration(span.start)}, {duration(span.end - span.start)}
      </span>
      {row.outcome !== 'ok' && <span class={`${row.outcome}-text`}> {row.outcome}</span>}
    </li>
  );
}
