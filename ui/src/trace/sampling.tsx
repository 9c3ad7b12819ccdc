import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { DecidingRule } from '../../../src/api/page-types.ts';
import { httpOf } from '../../../src/trace/http.ts';
import { textOf } from '../../../src/json/json.ts';
import { readSamplingRule } from '../api.ts';
import { plural } from '../format.ts';
import type { Span } from './model.ts';

/** "1 request a second, and 5 % of the others". */
function rateText({ ReservoirSize, FixedRate }: DecidingRule): string {
  if (FixedRate >= 1) return 'every request';
  return `${plural(ReservoirSize, 'request')} a second, and ${Math.round(FixedRate * 10_000) / 100} % of the others`;
}

/** What the sampling rules decide in AWS about requests like this one. Here all are traced, unless the rules were changed. */
export function Sampling({ span }: { span: Span }) {
  const text = useSignal('');
  useEffect(() => {
    const stop = new AbortController();
    const { url, method } = httpOf(span.entity);
    const target = url !== undefined && URL.canParse(url) ? new URL(url) : undefined;
    const type = textOf(span.entity.json['origin']) ?? '';
    const request = { name: span.name, type, host: target?.host ?? '', method: method ?? '', path: target?.pathname ?? '' };
    void (async () => {
      try {
        const rule = await readSamplingRule(request, stop.signal);
        text.value = rule === null ? '' : `AWS would trace ${rateText(rule)}: rule ${rule.RuleName}`;
      } catch {
        // The trace itself is what matters.
      }
    })();
    return () => stop.abort();
  }, [span.id]);
  if (text.value === '') return null;
  return (
    <section>
      <h3>Sampling</h3>
      <p title="Of requests like this one">{text.value}</p>
    </section>
  );
}
