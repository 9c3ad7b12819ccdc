import { effect, signal } from '@preact/signals';
import { count, duration, pathOf } from './format.ts';
import { isKeyOf } from './keys-of.ts';
import { list, status } from './live.ts';
import { badgeText } from './outcomes.ts';
import { param, place } from './route.ts';
import { boxed, expression, RANGES, words } from './search.ts';
import { entryOf } from './trace/entry.ts';
import type { TraceModel } from './trace/model.ts';
import { visible } from './visible.ts';

/** The trace on the screen, once it is read. */
export const shownTrace = signal<TraceModel | undefined>(undefined);

/** Keeps the document's title up to date; the distinguishing part comes first. */
export function followTitle(title: () => string): void {
  effect(() => {
    document.title = visible(title());
  });
}

export function listTitle(): string {
  void list.version.value;
  if (list.state.value !== 'ready') return withSearch('Traces');
  const { traces, isAll } = list.found;
  if (status.value?.traces === 0 && traces === 0) return 'No traces yet';
  const what = `${param('pinned') === '' ? '' : 'pinned '}${traces === 1 ? 'trace' : 'traces'}`;
  return withSearch(`${count(traces)}${isAll ? '' : '+'} ${what}`);
}

export function traceTitle(): string {
  const { traceId } = place.value;
  return shownTrace.value?.id === traceId ? titleOf(shownTrace.value) : `Trace ${traceId}`;
}

/** Appends the search and its time range. */
export function withSearch(what: string): string {
  const name = param('range');
  const range = isKeyOf(RANGES, name) ? RANGES[name].name.toLowerCase() : '';
  const asked = [boxed.value, expression.value === '' ? '' : words.value, range]
    .filter((part) => part !== '')
    .join(', ');
  return asked === '' ? what : `${what}: ${asked}`;
}

/** `500 POST /checkout · 1.28 s`. A trace in progress has no duration here, because it changes constantly. */
export function titleOf(model: TraceModel): string {
  const { id, length, open } = model;
  const root = entryOf(model);
  if (root === undefined) return `Trace ${id}`;
  const { url, method } = root.entity.http ?? {};
  const status = root.entity.httpStatus;
  const request = url === undefined ? root.name : `${method ?? ''} ${pathOf(url)}`.trim();
  const outcome = status === undefined && root.outcome === 'ok' ? '' : badgeText(root.outcome, status);
  return `${outcome} ${request}${open.length > 0 ? '' : ` · ${duration(length)}`}`.trim();
}
