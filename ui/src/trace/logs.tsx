import './logs.css';
import { useSignal } from '@preact/signals';
import { ExactNumber } from '../../../src/json/exact-number.ts';
import type { TraceLog } from '../../../src/trace/log.ts';
import { Copy } from '../copy.tsx';
import { count, duration, fullTime, plural } from '../format.ts';
import { JsonTree } from './json-tree.tsx';
import type { Span, TraceModel } from './model.ts';
import { badnessOf, levelOf, logsOf, logsWithoutSpan } from './span-logs.ts';

/** A span may have a thousand. */
const FIRST_LOGS = 50;

interface LogsProps {
  readonly span: Span;
  readonly model: TraceModel;
  readonly logs: readonly TraceLog[];
}

/** The log records of a span; for the first one of a trace, also those whose span is not here. */
export function Logs({ span, model, logs }: LogsProps) {
  return (
    <>
      <List key={span.id} title="Logs" logs={logsOf(span, logs)} origin={model.origin} />
      <List
        key={`${span.id} others`}
        title="Logs of the trace, without a span"
        logs={logsWithoutSpan(span, model, logs)}
        origin={model.origin}
      />
    </>
  );
}

function List({ title, logs, origin }: { title: string; logs: readonly TraceLog[]; origin: number }) {
  const isAll = useSignal(false);
  if (logs.length === 0) return null;
  const shown = isAll.value ? logs : logs.slice(0, FIRST_LOGS);
  return (
    <section>
      <h3>
        {title} · {count(logs.length)}
      </h3>
      <ol class="logs" aria-label={title}>
        {shown.map((log, i) => (
          <Log key={i} log={log} origin={origin} />
        ))}
      </ol>
      <p class="buttons">
        {shown.length < logs.length && (
          <button type="button" class="button small" onClick={() => (isAll.value = true)}>
            Show all {plural(logs.length, 'log')}
          </button>
        )}
        <Copy text={JSON.stringify(logs, null, 2)} what="logs" title="Copy as JSON" isJson />
      </p>
    </section>
  );
}

function Log({ log, origin }: { log: TraceLog; origin: number }) {
  const { time, body, attributes, event, scope, service } = log;
  const level = levelOf(log);
  const hasTree = typeof body === 'object' && body !== null && !(body instanceof ExactNumber);
  const facts = {
    ...(event === '' ? {} : { event }),
    ...(scope === '' ? {} : { logger: scope }),
    ...(service === '' ? {} : { service }),
    ...attributes,
  };
  return (
    <li class={badnessOf(log)}>
      <span class="faint" title={fullTime(time)}>
        {offset(time - origin)}
      </span>{' '}
      {level !== '' && <b>{level}</b>} {!hasTree && <span class="body">{textOf(body, event)}</span>}
      {hasTree && <JsonTree value={body} name="body" levels={1} />}
      {Object.keys(facts).length > 0 && <JsonTree value={facts} name="attributes" levels={0} />}
    </li>
  );
}

/** From the start of the trace; clocks may differ. */
function offset(seconds: number): string {
  return `${seconds < 0 ? '−' : '+'}${duration(Math.abs(seconds))}`;
}

function textOf(body: unknown, event: string): string {
  if (body === null || body === '') return event;
  return typeof body === 'string' ? body : JSON.stringify(body);
}
