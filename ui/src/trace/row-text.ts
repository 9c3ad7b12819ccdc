import { duration, plural } from '../format.ts';
import { failuresText, isFailed, WORDS } from '../outcomes.ts';
import type { Fold } from './folds.ts';
import { rowOf } from './model.ts';
import type { TimelineRow } from './rows.ts';

/** Duration in seconds: as called, or the sum of a fold. */
export function secondsOf({ span, call, fold }: TimelineRow): number {
  if (fold !== undefined) return fold.seconds;
  const { start, end } = call ?? span;
  return end - start;
}

const labels = new WeakMap<TimelineRow, string>();

/** The text beside the bar. */
export function labelOf(row: TimelineRow): string {
  const known = labels.get(row);
  if (known !== undefined) return known;
  const label = labelNow(row);
  // An open span grows in place.
  if (!row.span.isOpen) labels.set(row, label);
  return label;
}

function labelNow({ span, call, fold }: TimelineRow): string {
  if (fold !== undefined) {
    const how = fold.atOnce > 1 ? `, up to ${fold.atOnce} at once` : '';
    return `${fold.isCalls && fold.atOnce === 1 && !areAttempts(fold) ? 'N+1: ' : ''}${fold.spans.length} alike, ${duration(fold.seconds)} in all${how}`;
  }
  if (span.isOrphan) return 'Parent never arrived';
  if (span.skew > 0) return `Clock ${duration(span.skew)} off${span.shift === 0 ? '' : ', adjusted'}`;
  if (span.reversed > 0) return `Ends ${duration(span.reversed)} before it starts`;
  if (span.isSilent) return 'Never closed';
  if (span.isOpen) return `Still open after ${duration(span.end - span.start)}`;
  const retries = (call ?? span).entity.aws['retries'];
  const statuses = [call, span].flatMap((each) =>
    each === undefined || each.kind === 'inferred' ? [] : [each.entity.httpStatus],
  );
  const bad = [...new Set(statuses)].filter((status) => status !== undefined && status >= 400);
  return [
    // The caller's status, if it differs.
    bad.join(' as called, '),
    span.kind !== 'inferred' && typeof retries === 'number' && retries > 0 ? plural(retries, 'retry', 'retries') : '',
  ]
    .filter((text) => text !== '')
    .join(', ');
}

/** Retries: all but possibly the last attempt failed. */
function areAttempts({ spans }: Fold): boolean {
  return spans.slice(0, -1).every((span) => isFailed(rowOf(span).outcome));
}

/** The row as one line, for its tooltip and for screen readers. */
export function titleOf(row: TimelineRow): string {
  const { span, call, outcome, fold, hidden } = row;
  const name = fold === undefined ? span.name : `${span.name} ×${fold.spans.length}`;
  const [length, own] = [duration(secondsOf(row)), duration(span.end - span.start)];
  const served = call === undefined || own === length ? '' : `${own} as served`;
  const inside = failuresText(hidden);
  return [
    name,
    span.detail,
    outcome === 'ok' ? '' : WORDS[outcome],
    length,
    served,
    labelOf(row),
    inside === '' ? '' : `${inside} inside`,
  ]
    .filter((text) => text !== '')
    .join(', ');
}
