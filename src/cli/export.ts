import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadedConfig } from '../config/load.ts';
import { monotonicMs } from '../pipeline/clock.ts';
import type { CommandContext } from './command.ts';
import { LocalXRayClient } from './local-client.ts';
import { writeTraces } from './trace-file.ts';
import type { TraceQuery, RemoteTraces } from './remote-traces.ts';
import { found, plural, queryOf, reportEmpty, reportMissing, reportNotGiven } from './transfer.ts';

/** How often `export --wait` searches. */
const LOOK_MS = 100;

/** `xrayd export`: resolves with the exit code. */
export async function run(loaded: LoadedConfig<'export'>, { output: { out, say } }: CommandContext): Promise<number> {
  const { waitMs } = loaded.config;
  const source = await LocalXRayClient.of(loaded).source();
  const query = queryOf(loaded);
  // Waits for the first trace, then writes all that match.
  if (waitMs > 0 && !(await comes(source, query, waitMs))) {
    say(`xrayd: no trace matched within ${waitMs / 1000} s\n`);
    return 1;
  }
  const missing = new Set(query.ids);
  const written = await writeTraces(found(source.traces(query), missing), out);
  say(`exported ${plural(written.traces, 'trace')}\n`);
  reportEmpty(written, say);
  // The local X-Ray may have deleted some of its oldest traces meanwhile.
  reportNotGiven(source, query, say);
  return reportMissing(missing, say);
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
