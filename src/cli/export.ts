import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadedConfig } from '../config/load.ts';
import { monotonicMs } from '../pipeline/clock.ts';
import { messageOf, systemCodeOf, XraydError } from '../pipeline/errors.ts';
import type { CommandContext } from './command.ts';
import { LocalXRayClient } from './local-client.ts';
import { traceTexts, writeTraces, type Written } from './trace-file.ts';
import { writeWhole } from './write-whole.ts';
import type { TraceQuery, RemoteTraces, ReturnedTrace } from './remote-traces.ts';
import { counted, found, plural, queryOf, reportEmpty, reportMissing, reportNotGiven } from './transfer.ts';

/** How often `export --wait` searches. */
const LOOK_MS = 100;

/** `xrayd export`: resolves with the exit code. */
export async function run(loaded: LoadedConfig<'export'>, { output }: CommandContext): Promise<number> {
  const { out, say, progress } = output;
  const { waitMs, save } = loaded.config;
  const source = await LocalXRayClient.of(loaded).source();
  const query = queryOf(loaded);
  // Waits for the first trace, then writes all that match.
  if (waitMs > 0 && !(await comes(source, query, waitMs))) {
    say(`xrayd: no trace matched within ${waitMs / 1000} s\n`);
    return 1;
  }
  const missing = new Set(query.ids);
  const traces = counted(found(source.traces(query), missing), 'exported', progress);
  const written = save === '' ? await writeTraces(traces, out) : await saveTraces(traces, save);
  say(`exported ${plural(written.traces, 'trace')}\n`);
  reportEmpty(written, say);
  // The local X-Ray may have deleted some of its oldest traces meanwhile.
  reportNotGiven(source, query, say);
  return reportMissing(missing, say);
}

/** An error of the query, such as a wrong filter, leaves the file as it was. */
async function saveTraces(traces: AsyncIterable<ReturnedTrace>, file: string): Promise<Written> {
  const written = { traces: 0, empty: 0 };
  try {
    await writeWhole(file, traceTexts(traces, written));
  } catch (error) {
    if (systemCodeOf(error) === undefined || error instanceof XraydError) throw error;
    throw new XraydError('XRAYD_TRANSFER', `cannot write the traces: ${messageOf(error)}`, { cause: error });
  }
  return written;
}

async function comes(source: RemoteTraces, query: TraceQuery, timeoutMs: number): Promise<boolean> {
  const endMs = monotonicMs() + timeoutMs;
  while (!(await hasAny(source, query))) {
    if (monotonicMs() > endMs) return false;
    await sleep(LOOK_MS);
  }
  return true;
}

async function hasAny(source: RemoteTraces, query: TraceQuery): Promise<boolean> {
  for await (const _ of source.traces(query)) return true;
  return false;
}
