import type { TraceLog } from '../../../src/trace/log.ts';
import { entryOf } from './entry.ts';
import type { Span, TraceModel } from './model.ts';

/** OTLP's names of severities, each for four numbers. Source: opentelemetry-proto 1.11, logs.proto. */
const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const;
const NUMBERS_A_LEVEL = 4;
const WARN = 13;
const ERROR = 17;

/** The log records of a span. */
export function logsOf(span: Span, logs: readonly TraceLog[]): readonly TraceLog[] {
  return span.kind === 'inferred' ? [] : logs.filter(({ spanId }) => spanId === span.entity.id);
}

/** The log records of the trace that belong to no span in it. The span that the trace begins with shows them. */
export function logsWithoutSpan(span: Span, model: TraceModel, logs: readonly TraceLog[]): readonly TraceLog[] {
  return entryOf(model) === span ? logs.filter(({ spanId }) => !model.byId.has(spanId)) : [];
}

/** As the application calls it, or else OTLP's name; "" if it has neither. */
export function levelOf({ level, severity }: Pick<TraceLog, 'level' | 'severity'>): string {
  return level === '' ? (LEVELS[Math.ceil(severity / NUMBERS_A_LEVEL) - 1] ?? '') : level;
}

/** How bad it is, for its colour. */
export function badnessOf({ severity }: Pick<TraceLog, 'severity'>): 'fault' | 'error' | '' {
  if (severity >= ERROR) return 'fault';
  return severity >= WARN ? 'error' : '';
}
