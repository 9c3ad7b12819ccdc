import type { Finding } from '../../../src/api/page-types.ts';
import { count } from '../format.ts';
import { hereWith } from '../route.ts';
import type { Span, TraceModel } from './model.ts';
import { FindingList, sentence } from './panel-sections.tsx';
import type { TraceState } from './trace-state.ts';
import type { ViewProps } from './view.ts';

/** What AWS would do differently with this trace, grouped by span, and below it what AWS only keeps elsewhere. */
export function FindingsView({ state, model }: ViewProps) {
  const all = state.findings.value;
  if (all === undefined) {
    const problem = state.findingsProblem.value;
    return (
      <p class="empty faint">
        {problem === '' ? 'Reading the findings …' : `The findings could not be read: ${problem}`}
      </p>
    );
  }
  const findings = state.problems.value;
  const notes = all.filter(({ isNote }) => isNote === true);
  const groups = new Map<string | null, Finding[]>();
  for (const finding of findings) groups.set(finding.id, [...(groups.get(finding.id) ?? []), finding]);
  return (
    <div class="findings">
      {findings.length > 0 ? (
        <p class="faint">What AWS X-Ray would reject, truncate or read differently, and what to do about it.</p>
      ) : (
        <p class="faint">
          No findings: AWS X-Ray would {notes.length === 0 ? 'accept this trace unchanged' : 'keep all of this trace'}.
        </p>
      )}
      {[...groups].map(([id, list]) => {
        const span = id === null ? undefined : model.byId.get(id);
        return (
          <section key={id ?? ''}>
            <h2>
              {span === undefined ? (
                'The whole trace'
              ) : (
                <>
                  <SpanLink span={span} state={state} /> <span class="faint">{aboutOf(span)}</span>
                </>
              )}
            </h2>
            <FindingList findings={list} />
          </section>
        );
      })}
      {notes.length > 0 && <Notes notes={notes} state={state} model={model} />}
    </div>
  );
}

/** Nothing to repair: where AWS has the data. */
function Notes({ notes, state, model }: { notes: readonly Finding[]; state: TraceState; model: TraceModel }) {
  return (
    <section class="notes">
      <h2>Kept as metadata · {count(notes.length)}</h2>
      <p class="faint">Nothing of this is lost: AWS X-Ray shows metadata with a span, but filters do not search it.</p>
      <ul>
        {notes.map(({ code, id, message, remedy }) => {
          const span = id === null ? undefined : model.byId.get(id);
          return (
            <li key={code}>
              {sentence(message)}{' '}
              {span !== undefined && (
                <span class="faint">
                  (<SpanLink span={span} state={state} />)
                </span>
              )}
              <p class="faint">{remedy}</p>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function SpanLink({ span, state }: { span: Span; state: TraceState }) {
  return (
    <a href={hereWith({ tab: '', span: span.id })} onClick={() => state.reveal(span)}>
      {span.name}
    </a>
  );
}

/** A call and the segment that serves it have the same name. */
function aboutOf(span: Span): string {
  return [span.detail, span.kind === 'segment' ? 'segment' : `in ${span.service}`]
    .filter((text) => text !== '')
    .join(' · ');
}
