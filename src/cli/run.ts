import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { LoadedConfig } from '../config/load.ts';
import { itemsOf } from '../pipeline/list.ts';
import { within } from '../pipeline/deadline.ts';
import { messageOf, systemCodeOf, XraydError } from '../pipeline/errors.ts';
import { oneLine } from '../pipeline/one-line.ts';
import { startLocalXRay, type LocalXRay } from '../compose/library.ts';
import type { RecordedTrace } from '../compose/library-types.ts';
import { XRaySpan } from '../formats/xray/span.ts';
import { member } from '../json/json.ts';
import { duration } from '../trace/duration.ts';
import { requestOutcome } from '../trace/outcome.ts';
import { hasTerminal } from './signals.ts';
import { programEnv } from './program-env.ts';
import { LocalXRayClient } from './local-client.ts';
import { writeTraces } from './trace-file.ts';
import { plural, reportEmpty } from './transfer.ts';
import { writeWhole } from './write-whole.ts';
import type { CommandContext } from './command.ts';

const KINDS = ['fault', 'error', 'throttle'] as const;
type Kind = (typeof KINDS)[number];
const NO_TRACES = 'no-traces';

const WITH_ARTICLE: Readonly<Record<Kind, string>> = { fault: 'a fault', error: 'an error', throttle: 'a throttle' };

/** Time limit for the disk, or for the reader of a pipe. */
const SAVE_MS = 60_000;
/** Maximum length of a trace's name in the summary. */
const MAX_NAME = 120;
/** Maximum number of lines in the summary, which shows the slowest traces. */
const MAX_LINES = 20;

/**
 * `xrayd run -- COMMAND…`: resolves with the exit code, which is the command's own unless `--fail-on` says otherwise.
 */
export async function run(
  loaded: LoadedConfig<'run'>,
  { operands, output: { say }, env }: CommandContext,
): Promise<number> {
  const [program, ...args] = operands;
  if (program === undefined)
    throw new XraydError('XRAYD_USAGE', 'run needs a command: xrayd run -- npm test. See xrayd help run.');
  const failOn = failOnOf(loaded.config.failOn);
  const signals = new SignalRelay();
  const xray = await startLocalXRay({ data: loaded.config.data });
  try {
    if (signals.early !== undefined) return exitCodeAfter(signals.early);
    const code = await exitCodeOf(program, args, programEnv(env, xray, say), signals);
    await xray.settled();
    const { count, failures } = await summarize(xray, failOn, say);
    sayWhatIsMissing(xray, count, say);
    if (loaded.config.save !== '') await save(xray, loaded.config.save, say);
    for (const failure of failures) say(`xrayd: failed: ${failure}\n`);
    return code === 0 && failures.length > 0 ? 1 : code;
  } finally {
    await xray.stop();
  }
}

interface FailOn {
  readonly kinds: readonly Kind[];
  readonly isEmptyFailure: boolean;
}

function failOnOf(list: string): FailOn {
  const kinds: Kind[] = [];
  let isEmptyFailure = false;
  for (const item of itemsOf(list)) {
    const kind = KINDS.find((each) => each === item);
    if (kind !== undefined) kinds.push(kind);
    else if (item === NO_TRACES) isEmptyFailure = true;
    else
      throw new XraydError(
        'XRAYD_USAGE',
        `--fail-on takes ${[...KINDS, NO_TRACES].join(', ')}, not "${item}". See xrayd help run.`,
      );
  }
  return { kinds, isEmptyFailure };
}

async function exitCodeOf(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  signals: SignalRelay,
): Promise<number> {
  const child = spawn(program, args, { stdio: 'inherit', env });
  signals.child = child;
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', (error) => {
    reject(startError(program, error));
  });
  child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 128 : exitCodeAfter(signal))));
  try {
    return await promise;
  } finally {
    signals.stop();
  }
}

/** ENOENT is also the error of a script whose interpreter does not exist, which a shell reports in the same way. */
function startError(program: string, error: Error): XraydError {
  const isMissing = systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ENOTDIR';
  return new XraydError(
    isMissing ? 'XRAYD_NO_PROGRAM' : 'XRAYD_NOT_EXECUTABLE',
    `cannot run ${program}: ${isMissing ? 'there is no such program' : messageOf(error)}`,
    { cause: error },
  );
}

/** As shells report it. */
function exitCodeAfter(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** A signal from the terminal reaches the command too, because both are in the same process group. */
const BY_TERMINAL = ['SIGINT', 'SIGQUIT', 'SIGHUP'] as const;
const BY_OTHERS = ['SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const;

/**
 * The command decides what a signal means; this process stays for the summary. It listens before the command starts: a
 * signal in between would end this process and leave the command running.
 */
class SignalRelay {
  child: ChildProcess | undefined;
  /** A signal to end that arrived before the command was started. */
  early: NodeJS.Signals | undefined;
  readonly #isSentByTerminal = hasTerminal();
  readonly #onSignal = (name: NodeJS.Signals): void => {
    const hasIt = this.#isSentByTerminal && BY_TERMINAL.some((each) => each === name);
    if (this.child !== undefined && !hasIt) this.child.kill(name);
    if (this.child === undefined && name !== 'SIGUSR1' && name !== 'SIGUSR2') this.early ??= name;
  };

  constructor() {
    for (const name of [...BY_TERMINAL, ...BY_OTHERS]) process.on(name, this.#onSignal);
  }

  stop(): void {
    for (const name of [...BY_TERMINAL, ...BY_OTHERS]) process.off(name, this.#onSignal);
  }
}

/** Prints the traces and the number of each kind. Resolves with what `--fail-on` finds, one sentence each. */
async function summarize(
  xray: LocalXRay,
  { kinds, isEmptyFailure }: FailOn,
  say: (text: string) => void,
): Promise<{ count: number; failures: readonly string[] }> {
  const traces = await xray.traces();
  const isBad = (trace: RecordedTrace): boolean => kinds.some((kind) => flagsOf(trace)[kind]);
  const bad = traces.filter(isBad);
  const counts = KINDS.map((kind) => `${traces.filter((trace) => flagsOf(trace)[kind]).length} ${kind}`);
  say(`\nxrayd: ${plural(traces.length, 'trace')} (${counts.join(', ')})\n`);
  const slowest = traces.toSorted((a, b) => Number(isBad(b)) - Number(isBad(a)) || durationOf(b) - durationOf(a));
  for (const trace of slowest.slice(0, MAX_LINES)) {
    const { id, summary } = trace;
    const { fault, error, throttle } = flagsOf(trace);
    const status = requestOutcome({ isFault: fault, isError: error, isThrottle: throttle });
    const { EntryPoint, Http } = summary;
    const name = [member(EntryPoint, 'Name'), member(Http, 'HttpMethod'), member(Http, 'HttpURL')]
      .filter(Boolean)
      .join(' ');
    say(`  ${status.padEnd(8)} ${duration(durationOf({ summary })).padStart(9)}  ${id}  ${oneLine(name, MAX_NAME)}\n`);
  }
  if (traces.length > MAX_LINES) say(`  … and ${traces.length - MAX_LINES} more\n`);
  const failures: string[] = [];
  if (bad.length > 0) {
    const what = kinds.map((kind) => WITH_ARTICLE[kind]).join(' or ');
    failures.push(
      `${plural(bad.length, 'trace')} ${bad.length === 1 ? 'has' : 'have'} ${what} (--fail-on ${kinds.join(',')})`,
    );
  }
  if (traces.length === 0 && isEmptyFailure) failures.push(`no trace arrived (--fail-on ${NO_TRACES})`);
  return { count: traces.length, failures };
}

/** A missing trace must not look like one that the command never sent. */
function sayWhatIsMissing(xray: LocalXRay, traces: number, say: (text: string) => void): void {
  const { refused, lost } = xray.counts();
  if (traces + refused + lost === 0)
    say(
      'xrayd: no trace arrived. Is the SDK on, and does it read AWS_XRAY_DAEMON_ADDRESS or ' +
        'OTEL_EXPORTER_OTLP_ENDPOINT? See docs/troubleshooting/no-traces.md\n',
    );
  if (lost > 0) say(`xrayd: lost ${plural(lost, 'segment')}: more arrived at once than could be read or stored\n`);
  if (refused > 0)
    say(
      `xrayd: refused ${plural(refused, 'document')} that X-Ray would not accept; \`xrayd local\` logs the reasons\n`,
    );
}

/**
 * The flags of the root. X-Ray has none for a trace without a root; its first segment counts instead, as on the page.
 */
function flagsOf({ summary, segments: [first] }: RecordedTrace): Readonly<Record<Kind, boolean>> {
  if (summary['EntryPoint'] === null && first !== undefined) {
    const { isFault, isError, isThrottle } = new XRaySpan(first, false).outcome;
    return { fault: isFault, error: isError, throttle: isThrottle };
  }
  return {
    fault: summary['HasFault'] === true,
    error: summary['HasError'] === true,
    throttle: summary['HasThrottle'] === true,
  };
}

function durationOf({ summary }: { summary: Readonly<Record<string, unknown>> }): number {
  return typeof summary['Duration'] === 'number' ? summary['Duration'] : 0;
}

async function save(xray: LocalXRay, file: string, say: (text: string) => void): Promise<void> {
  const source = await new LocalXRayClient({ url: xray.url, token: '' }).source();
  const texts: string[] = [];
  const written = await writeTraces(
    source.traces({ ids: [], filter: '', text: '', sinceMs: Infinity }),
    (text) => void texts.push(text),
  );
  try {
    await within(SAVE_MS, file, () => writeWhole(file, texts.join('')));
  } catch (error) {
    throw new XraydError('XRAYD_RUN', `cannot write the traces: ${messageOf(error)}`, { cause: error });
  }
  say(`xrayd: saved ${plural(written.traces, 'trace')} to ${file}\n`);
  reportEmpty(written, say);
}
