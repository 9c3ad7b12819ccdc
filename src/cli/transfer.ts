import { traceIdsIn } from '../trace/trace-id.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Imported } from './local-client.ts';
import type { Written } from './trace-file.ts';
import type { ReturnedTrace, TraceQuery, RemoteTraces } from './remote-traces.ts';

/** Requested traces that do not exist. */
const MAX_MISSING = 10;

/** Passes the traces on, and removes each one from the missing ones. */
export async function* found(
  traces: AsyncIterable<ReturnedTrace>,
  missing: Set<string>,
): AsyncGenerator<ReturnedTrace> {
  for await (const trace of traces) {
    missing.delete(trace.Id);
    yield trace;
  }
}

/** Passes the traces on, and reports how many there were: `pulled 120 traces`. */
export async function* counted(
  traces: AsyncIterable<ReturnedTrace> | Iterable<ReturnedTrace>,
  verb: string,
  progress: (text: string) => void,
): AsyncGenerator<ReturnedTrace> {
  let count = 0;
  for await (const trace of traces) {
    progress(`${verb} ${plural(++count, 'trace')}`);
    yield trace;
  }
}

/** A requested trace that does not exist is a failure, which the exit code reports. */
export function reportMissing(missing: ReadonlySet<string>, say: (line: string) => void): number {
  for (const id of [...missing].slice(0, MAX_MISSING)) say(`xrayd: trace ${id} does not exist\n`);
  if (missing.size > MAX_MISSING) say(`xrayd: … and ${missing.size - MAX_MISSING} more that do not exist\n`);
  return missing.size === 0 ? 0 : 1;
}

/** A trace that was listed but not returned makes the copy incomplete. */
export function reportNotGiven({ notGiven }: RemoteTraces, { ids }: TraceQuery, say: (line: string) => void): number {
  if (ids.length > 0 || notGiven === 0) return 0;
  say(`xrayd: X-Ray listed ${plural(notGiven, 'trace')} that it did not return\n`);
  return 1;
}

/** What is left out looks, in the file, as if it had not been there. */
export function reportEmpty({ empty }: Written, say: (line: string) => void): void {
  if (empty === 0) return;
  say(
    `xrayd: ${plural(empty, 'trace')} without segments: X-Ray does not return subsegments whose segment never arrived\n`,
  );
}

export function queryOf({ config }: LoadedConfig<'export'> | LoadedConfig<'pull'>): TraceQuery {
  const text = 'text' in config ? config.text : '';
  return {
    ids: traceIdsIn(config.traceId),
    filter: config.filter,
    text,
    sinceMs: config.sinceMs,
  };
}

export function report(
  { traces, empty, stored, refused, refusals }: Imported,
  say: (line: string) => void,
  file?: string,
): number {
  const where = file === undefined ? '' : ` of ${file}`;
  say(`imported ${plural(traces, 'trace')}: ${plural(stored, 'document')} stored, ${refused} refused\n`);
  if (empty > 0) say(`  ${plural(empty, 'trace')} without segments: nothing to store\n`);
  for (const { Id, ErrorCode, Message } of refusals)
    say(`  refused ${Id ?? 'a document'}${where}: ${ErrorCode}: ${Message}\n`);
  if (refused > refusals.length) say(`  … and ${refused - refusals.length} more\n`);
  return refused === 0 ? 0 : 1;
}

/** For the beginning of a sentence. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
