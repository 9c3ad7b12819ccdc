import type { XRayClient } from '@aws-sdk/client-xray';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadedConfig } from '../config/load.ts';
import { itemsOf } from '../config/text-form.ts';
import { monotonicMs } from '../pipeline/clock.ts';
import { messageOf, XraydError } from '../pipeline/errors.ts';
import { readTextFile } from '../pipeline/read-file.ts';
import { LocalClient, type Imported } from './local-client.ts';
import { readTraces, writeTraces } from './trace-file.ts';
import { TraceSource, type TraceDocuments, type TraceQuery } from './trace-source.ts';

/** For a file of traces, or a pipe that a program writes to. */
const READ_MS = 60_000;
const MAX_FILE_BYTES = 512 * 1024 * 1024;
/** How often `export --wait` looks. */
const LOOK_MS = 100;
/** Traces that are not there and named. */
const MAX_MISSING = 10;

export interface CommandOutput {
  /** Resolves when the text is written. */
  readonly out: (text: string) => Promise<void>;
  /** For people: progress, and what became of it. */
  readonly say: (text: string) => void;
}

/** `xrayd export`: resolves with the exit code. */
export async function exportTraces(loaded: LoadedConfig<'export'>, { out, say }: CommandOutput): Promise<number> {
  const { wait } = loaded.config;
  const source = await LocalClient.of(loaded).source();
  const query = queryOf(loaded);
  // The first trace is waited for; then all that match are written.
  if (wait > 0 && !(await comes(source, query, wait * 1000))) {
    say(`xrayd: no trace matched within ${wait} s\n`);
    return 1;
  }
  const missing = new Set(query.ids);
  const count = await writeTraces(found(source.traces(query), missing), out);
  say(`exported ${plural(count, 'trace')}\n`);
  // A local X-Ray that removes its oldest traces may do so meanwhile.
  reportNotGiven(source, query, say);
  return reportMissing(missing, say);
}

/** The traces as they come, each no longer missing. */
async function* found(traces: AsyncIterable<TraceDocuments>, missing: Set<string>): AsyncGenerator<TraceDocuments> {
  for await (const trace of traces) {
    missing.delete(trace.Id);
    yield trace;
  }
}

/** Whoever names a trace wants that one: the exit code says that it is not there. */
function reportMissing(missing: ReadonlySet<string>, say: (line: string) => void): number {
  for (const id of [...missing].slice(0, MAX_MISSING)) say(`xrayd: there is no trace ${id}\n`);
  if (missing.size > MAX_MISSING) say(`xrayd: … and ${missing.size - MAX_MISSING} more that are not there\n`);
  return missing.size === 0 ? 0 : 1;
}

async function comes(source: TraceSource, query: TraceQuery, timeoutMs: number): Promise<boolean> {
  const endMs = monotonicMs() + timeoutMs;
  while (!(await hasAny(source, query))) {
    if (monotonicMs() > endMs) return false;
    await sleep(LOOK_MS);
  }
  return true;
}

async function hasAny(source: TraceSource, query: TraceQuery): Promise<boolean> {
  for await (const _ of source.traces(query)) return true;
  return false;
}

/** `xrayd import FILE…`; "-" and no name are standard input. */
export async function importTraces(loaded: LoadedConfig<'import'>, files: readonly string[], { say }: CommandOutput): Promise<number> {
  const local = LocalClient.of(loaded);
  let code = 0;
  for (const file of files.length === 0 ? ['-'] : files) {
    let traces: TraceDocuments[];
    try {
      traces = readTraces(file === '-' ? await text(process.stdin) : await readTextFile(file, { timeoutMs: READ_MS, maxBytes: MAX_FILE_BYTES }));
    } catch (error) {
      throw new XraydError('XRAYD_TRANSFER', `cannot import ${file}: ${messageOf(error)}. It wants what \`aws xray batch-get-traces\` prints`, {
        cause: error,
      });
    }
    code = Math.max(code, report(await local.import(traces), say, file === '-' ? 'standard input' : file));
  }
  return code;
}

/** `xrayd pull`: from AWS into the local X-Ray. `region` and `credentials` as the daemon would find them. */
export async function pullTraces(loaded: LoadedConfig<'pull'>, client: XRayClient, { say }: CommandOutput): Promise<number> {
  let seen = 0;
  const query = queryOf(loaded);
  const missing = new Set(query.ids);
  const source = new TraceSource(client);
  const traces = (async function* (): AsyncGenerator<TraceDocuments> {
    for await (const trace of found(source.traces(query), missing)) {
      if (++seen % 100 === 0) say(`pulled ${seen} traces …\n`);
      yield trace;
    }
  })();
  const code = report(await LocalClient.of(loaded).import(traces), say);
  return Math.max(code, reportMissing(missing, say), reportNotGiven(source, query, say));
}

/** What was listed a moment before is not nothing: the copy is not whole. */
function reportNotGiven({ notGiven }: TraceSource, { ids }: TraceQuery, say: (line: string) => void): number {
  if (ids.length > 0 || notGiven === 0) return 0;
  say(`xrayd: X-Ray listed ${plural(notGiven, 'trace')} that it did not return\n`);
  return 1;
}

function queryOf({ config }: LoadedConfig<'export'> | LoadedConfig<'pull'>): TraceQuery {
  const text = 'text' in config ? config.text : '';
  return { ids: itemsOf(config.traceId), filter: config.filter, text, sinceMinutes: config.since };
}

function report({ traces, stored, refused, refusals }: Imported, say: (line: string) => void, file?: string): number {
  const where = file === undefined ? '' : ` of ${file}`;
  say(`imported ${plural(traces, 'trace')}: ${plural(stored, 'document')} stored, ${refused} refused\n`);
  for (const { Id, ErrorCode, Message } of refusals) say(`  refused ${Id ?? 'a document'}${where}: ${ErrorCode}: ${Message}\n`);
  if (refused > refusals.length) say(`  … and ${refused - refusals.length} more\n`);
  return refused === 0 ? 0 : 1;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
