import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { parseDate, wallClockMs } from '../pipeline/clock.ts';
import { untilAborted } from '../pipeline/deadline.ts';

/** As in Go's SDK, and so the reference daemon: processcreds.DefaultTimeout is a minute. */
export const PROCESS_TIMEOUT_MS = 60_000;
/**
 * A command that starts a background agent exits while its pipes stay open: after this time, its output so far is the
 * result.
 */
const PIPES_MS = 1_000;
const MAX_OUTPUT_BYTES = 1024 * 1024;
/** Only the last line is used. */
const KEPT_STDERR_BYTES = 4_096;

/**
 * Makes the SDK run the `credential_process` of profiles through this module: its own way has no timeout. When `signal`
 * aborts, the command is killed, along with its descendants where /proc lists them (Linux).
 */
export async function limitProcesses(signal: AbortSignal): Promise<void> {
  const { externalDataInterceptor } = await import('@smithy/core/config');
  const run = (command: string): Promise<{ stdout: string }> =>
    outputOf(command, signal).then((stdout) => ({ stdout: answerIn(stdout) }));
  // The SDK wraps the function with util.promisify; the custom symbol makes that return this function.
  externalDataInterceptor.interceptToken('exec', Object.assign(run, { [promisify.custom]: run }));
}

/** Source: AWS's guide for SDKs and tools, process credential provider. */
const MEMBERS = ['Version', 'AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration', 'AccountId'];

/**
 * The output of a process, for the SDK. compat: names may have any case, as in Go. The SDK refuses an expiration in the
 * past by this machine's clock, which may be wrong: as with the other providers, X-Ray decides whether credentials have
 * expired.
 */
function answerIn(stdout: string): string {
  try {
    const answer: unknown = JSON.parse(stdout.trim());
    if (typeof answer !== 'object' || answer === null) return stdout;
    const named = Object.entries(answer).map(([name, value]): [string, unknown] => [
      MEMBERS.find((each) => each.toLowerCase() === name.toLowerCase()) ?? name,
      value,
    ]);
    const { Expiration, ...others } = Object.fromEntries(named);
    const isPast = typeof Expiration === 'string' && parseDate(Expiration) < wallClockMs();
    return JSON.stringify(isPast || Expiration === undefined ? others : { ...others, Expiration });
  } catch {
    return stdout;
  }
}

async function outputOf(command: string, signal: AbortSignal): Promise<string> {
  if (signal.aborted) throw new Error('cancelled');
  // Loaded at the first use.
  const { spawn } = process.getBuiltinModule('node:child_process');
  const child = spawn(command, { shell: true, windowsHide: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const [stdout, stderr] = [outputTo(child, reject), endOfErrors(child)];
  child.once('error', reject);
  const settle = (code: number | null, by: string | null): void => {
    if (code === 0) resolve(stdout());
    else
      reject(new Error(`credential_process exited with ${code === null ? by : `code ${code}`}: ${lastLine(stderr())}`));
  };
  child.once('close', settle);
  let leftOpen: NodeJS.Timeout | undefined;
  child.once('exit', (...ended) => (leftOpen = setTimeout(settle, PIPES_MS, ...ended)));
  try {
    const output = await untilAborted(promise, signal);
    if (typeof output === 'string') return output;
    throw new Error('credential_process did not finish in time and was killed');
  } catch (error) {
    killTree(child);
    throw error;
  } finally {
    clearTimeout(leftOpen);
    closePipes(child);
  }
}

function outputTo({ stdout }: ChildProcess, onTooMuch: (error: Error) => void): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  stdout?.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > MAX_OUTPUT_BYTES) onTooMuch(new Error(`credential_process wrote more than ${MAX_OUTPUT_BYTES} bytes`));
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString();
}

/** compat: a command may write any amount there, such as a debug log. Go passes it on. */
function endOfErrors({ stderr }: ChildProcess): () => string {
  let end = Buffer.alloc(0);
  stderr?.on('data', (chunk: Buffer) => (end = Buffer.concat([end, chunk]).subarray(-KEPT_STDERR_BYTES)));
  return () => end.toString();
}

/** Credential helpers explain errors on stderr; they do not write secrets there. */
function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
}

/** Kills the child and its descendants: killing only a shell leaves its command running. */
function killTree(child: ChildProcess): void {
  for (const pid of child.pid === undefined ? [] : [...descendantsOf(child.pid), child.pid]) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // The process has already ended.
    }
  }
}

/** Processes that the command left behind may still hold the other ends of the pipes. */
function closePipes({ stdout, stderr }: ChildProcess): void {
  stdout?.destroy();
  stderr?.destroy();
}

function descendantsOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  try {
    for (const name of readdirSync('/proc')) {
      const parent = /^\d+$/.test(name) ? parentOf(name) : undefined;
      if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    }
  } catch {
    // Without /proc, only the child is killed.
  }
  const found = [...(children.get(pid) ?? [])];
  // Also those that are added here.
  for (const next of found) found.push(...(children.get(next) ?? []));
  return found;
}

/**
 * Field 4 of /proc/PID/stat; field 2, the name, is in parentheses and may contain anything. Source: proc_pid_stat(5).
 */
function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}
