import type { Finding } from '../../../src/xray/api/page-types.ts';
import { hereWith } from '../route.ts';
import type { TraceModel } from './model.ts';
import { FindingList } from './panel-sections.tsx';
import type { TraceState } from './trace-state.ts';

/** What AWS would do differently with this trace, by the span that it is about. */
export function FindingsView({ state }: { state: TraceState }) {
  const model = state.model.value as TraceModel;
  const findings = state.findings.value;
  const groups = new Map<string | null, Finding[]>();
  for (const finding of findings) groups.set(finding.id, [...(groups.get(finding.id) ?? []), finding]);
  return (
    <div class="findings">
      {findings.length === 0 ? (
        <p class="faint">AWS would take this trace as it is.</p>
      ) : (
        <p class="faint">What AWS would refuse, cut or read in another way, and what to do about it.</p>
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
              {span !== undefined && <span class="faint">{span.detail}</span>}
            </h2>
            <FindingList findings={list} />
          </section>
        );
      })}
    </div>
  );
}
