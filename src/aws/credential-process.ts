import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { parseDate, wallClockMs } from '../pipeline/clock.ts';
import { untilAborted } from '../pipeline/deadline.ts';

/** As Go's SDK, and so the reference daemon: processcreds.DefaultTimeout is a minute. */
export const PROCESS_TIMEOUT_MS = 60_000;
/** A command that starts an agent in the background has ended, though its pipes stay open: after that long what it wrote is its answer. */
const PIPES_MS = 1_000;
const MAX_OUTPUT_BYTES = 1024 * 1024;

/**
 * Has the SDK run the `credential_process` of profiles by this: its own way waits for ever. When `signal` aborts, the command is killed,
 * with what it has started where /proc tells (Linux).
 */
export async function limitProcesses(signal: AbortSignal): Promise<void> {
  const { externalDataInterceptor } = await import('@smithy/core/config');
  const run = (command: string): Promise<{ stdout: string }> => outputOf(command, signal).then((stdout) => ({ stdout: answerIn(stdout) }));
  // The SDK makes a promise of what it finds here; this one is one.
  externalDataInterceptor.interceptToken('exec', Object.assign(run, { [promisify.custom]: run }));
}

/** Source: AWS's guide for SDKs and tools, process credential provider. */
const MEMBERS = ['Version', 'AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration', 'AccountId'];

/**
 * What a process gave, for the SDK. compat: names in any case, as Go reads JSON. The SDK refuses a date that is past by this machine's clock, which
 * may be wrong: whether credentials have ended is for X-Ray to say, as it is with those of other providers.
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
  if (signal.aborted) throw new Error('given up');
  const child = spawn(command, { shell: true, windowsHide: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const [stdout, stderr] = [collect(child, 'stdout', reject), collect(child, 'stderr', reject)];
  child.once('error', reject);
  const settle = (code: number | null, by: string | null): void => {
    if (code === 0) resolve(stdout());
    else reject(new Error(`credential_process ended with ${code === null ? by : `code ${code}`}: ${lastLine(stderr())}`));
  };
  child.once('close', settle);
  let leftOpen: NodeJS.Timeout | undefined;
  child.once('exit', (...ended) => (leftOpen = setTimeout(settle, PIPES_MS, ...ended)));
  try {
    const output = await untilAborted(promise, signal);
    if (typeof output === 'string') return output;
    throw new Error('credential_process was killed: it did not end');
  } catch (error) {
    killTree(child);
    throw error;
  } finally {
    clearTimeout(leftOpen);
    closePipes(child);
  }
}

function collect(child: ChildProcess, name: 'stdout' | 'stderr', onTooMuch: (error: Error) => void): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  child[name]?.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > MAX_OUTPUT_BYTES) onTooMuch(new Error(`credential_process writes more than ${MAX_OUTPUT_BYTES} bytes`));
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString();
}

/** Helpers say why on stderr; they do not write secrets there. */
function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
}

/** The child, and what descends from it: a shell that is killed leaves its command running. */
function killTree(child: ChildProcess): void {
  for (const pid of child.pid === undefined ? [] : [...descendantsOf(child.pid), child.pid]) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}

/** What the command has left behind may still hold the other ends. */
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
    // No /proc: the child alone is ended.
  }
  const found: number[] = [];
  for (const queue = [...(children.get(pid) ?? [])]; queue.length > 0;) {
    const next = queue.shift()!;
    found.push(next);
    queue.push(...(children.get(next) ?? []));
  }
  return found;
}

/** Field 4 of /proc/PID/stat; field 2, the name, is in parentheses and may hold anything. Source: proc_pid_stat(5). */
function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}
