import type { Finding } from '../../../src/api/page-types.ts';
import { hereWith } from '../route.ts';
import type { Span } from './model.ts';
import { FindingList } from './panel-sections.tsx';
import type { ViewProps } from './view.ts';

/** What AWS would do differently with this trace, grouped by span. */
export function FindingsView({ state, model }: ViewProps) {
  const findings = state.findings.value;
  if (findings === undefined) return <p class="empty faint">Reading the findings …</p>;
  const groups = new Map<string | null, Finding[]>();
  for (const finding of findings) groups.set(finding.id, [...(groups.get(finding.id) ?? []), finding]);
  return (
    <div class="findings">
      {findings.length === 0 ? (
        <p class="faint">No findings: AWS X-Ray would accept this trace unchanged.</p>
      ) : (
        <p class="faint">What AWS X-Ray would reject, truncate or read differently, and what to do about it.</p>
      )}
      {[...groups].map(([id, list]) => {
        const span = id === null ? undefined : model.byId.get(id);
        return (
          <section key={id ?? ''}>
            <h2>
              {span === undefined ? (
                'The whole trace'
              ) : (
                <a href={hereWith({ tab: '', span: span.id })} onClick={() => state.reveal(span)}>
                  {span.name}
                </a>
              )}{' '}
              {span !== undefined && <span class="faint">{aboutOf(span)}</span>}
            </h2>
            <FindingList findings={list} />
          </section>
        );
      })}
    </div>
  );
}

/** A call and the segment that serves it have the same name. */
function aboutOf(span: Span): string {
  return [span.detail, span.kind === 'segment' ? 'segment' : `in ${span.service}`]
    .filter((text) => text !== '')
    .join(' · ');
}
