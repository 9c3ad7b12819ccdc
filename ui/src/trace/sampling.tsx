import type { DecidingRule } from '../../../src/api/page-types.ts';
import { readSamplingRule } from '../api.ts';
import { plural } from '../format.ts';
import { useRead } from '../use-read.ts';
import type { Span } from './model.ts';

/** "1 request per second, and 5 % of the others". */
function rateText({ ReservoirSize, FixedRate }: DecidingRule): string {
  if (FixedRate >= 1) return 'every request';
  return `${plural(ReservoirSize, 'request')} per second, and ${Math.round(FixedRate * 10_000) / 100} % of the others`;
}

/**
 * What the sampling rules would decide in AWS about this request. The local X-Ray traces every request unless its rules
 * were changed.
 */
export function Sampling({ span }: { span: Span }) {
  const { value: rule, problem } = useRead(span.id, async (stop) => {
    const { url, method } = span.entity.http ?? {};
    const target = url !== undefined && URL.canParse(url) ? new URL(url) : undefined;
    const type = span.entity.origin ?? '';
    return readSamplingRule(
      { name: span.name, type, host: target?.host ?? '', method: method ?? '', path: target?.pathname ?? '' },
      stop,
    );
  });
  return (
    <section class="sampling">
      <h3>Sampling</h3>
      {rule === null || problem !== '' ? (
        <p class="faint">{problem === '' ? 'No rule applies' : `The rule could not be read: ${problem}`}</p>
      ) : (
        <p title="Of requests like this one">
          {rule !== undefined && `AWS would trace ${rateText(rule)}: rule ${rule.RuleName}`}
        </p>
      )}
    </section>
  );
}
