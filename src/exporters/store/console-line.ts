import { styleText } from 'node:util';
import { dateOf } from '../../pipeline/clock.ts';
import type { DocumentSummary } from '../../formats/xray/document.ts';
import type { OtlpKind } from '../../formats/otlp/otlp-body.ts';
import { duration } from '../../trace/duration.ts';
import { oneLine } from '../../pipeline/one-line.ts';

/** Valid names are shorter. */
const MAX_NAME = 200;

const OUTCOME_STYLES = {
  ok: { text: 'ok', color: 'green' },
  error: { text: 'error', color: 'yellow' },
  fault: { text: 'fault', color: 'red' },
  throttle: { text: 'throttle', color: 'magenta' },
  live: { text: 'in progress', color: 'cyan' },
} as const;

/** `18:40:12.511  orders    1-67423f1c-…  201 ok       43 ms  2 subsegments`; local time. */
export function formatLine(summary: DocumentSummary, arrivedAtMs: number, hasColor: boolean, isSampled = true): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    hasColor ? styleText(style, text, { validateStream: false }) : text;
  const { text, color } = OUTCOME_STYLES[summary.outcome];
  const name = summary.kind === 'subsegment' ? `└ ${summary.name}` : summary.name;
  const status = `${summary.httpStatus ?? ''} ${text}`.trim();
  const columns = [
    paint('dim', timeOf(summary.startMs || arrivedAtMs)),
    paint('bold', oneLine(name, MAX_NAME).padEnd(16)),
    oneLine(summary.traceId, MAX_NAME).padEnd(35),
    paint(color, status.padEnd(9)),
    durationOf(summary.durationMs).padStart(8),
  ];
  if (summary.subsegments > 0)
    columns.push(paint('dim', `${summary.subsegments} subsegment${summary.subsegments === 1 ? '' : 's'}`));
  if (!isSampled) columns.push(paint('dim', 'unsampled'));
  return `${columns.join('  ')}\n`;
}

export function formatOtlpLine(kind: OtlpKind, bytes: number, arrivedAtMs: number, hasColor: boolean): string {
  const what = { T1S: 'OTLP spans', T1U: 'OTLP spans, unsampled', M1: 'OTLP metrics' }[kind];
  const time = timeOf(arrivedAtMs);
  return `${hasColor ? styleText('dim', time, { validateStream: false }) : time}  ${what} (${bytes} bytes), not stored\n`;
}

function timeOf(ms: number): string {
  const date = dateOf(ms);
  if (Number.isNaN(date.getTime())) return '??:??:??.???';
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

function durationOf(ms: number | undefined): string {
  if (ms === undefined) return '';
  return duration(ms / 1000);
}
