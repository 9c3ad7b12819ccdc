import { isatty } from 'node:tty';
import { COMMANDS } from './cli/commands.ts';
import { consoleOutput } from './cli/console-output.ts';
import { END_WITH } from './cli/end-with.ts';
import { runCommand } from './cli/run-command.ts';
import { keepInspectorClosed } from './cli/signals.ts';
import { keepGenerationsSmall } from './compose/heap-tuning.ts';
import { VERSION_LINE } from './compose/version.ts';
import { parseFlags } from './config/flags.ts';
import { countLeftBehind, within } from './pipeline/deadline.ts';
import { EXIT_CODES, messageOf, systemCodeOf, XraydError } from './pipeline/errors.ts';
import { printable } from './pipeline/one-line.ts';
import { CONSOLES } from './telemetry/console-stream.ts';

/** Time for the final error message to reach the console. */
const FINAL_MESSAGE_MS = 2_000;
/** A message may quote a path or a value of the environment. */
const MAX_MESSAGE = 10_000;

/**
 * libuv looks up names in the same threads that read and write files, four by default: a disk that hangs would stop the
 * network.
 * 16 threads are more than a spool on such a disk can block, which is four writes and half of the 16 calls.
 */
process.env['UV_THREADPOOL_SIZE'] ??= '16';
keepInspectorClosed(process.env['NODE_OPTIONS']);
keepGenerationsSmall();

async function main(): Promise<number> {
  const commandLine = parseFlags(process.argv.slice(2));
  const { command } = commandLine;
  const isQuestion = (['help', 'version', 'printConfig'] as const).some(
    (name) => commandLine.values.get(name) === true,
  );
  if (isQuestion || COMMANDS[command].isService !== true) endWithReader();
  if (commandLine.values.get('help') === true)
    return print((await import('./cli/help.ts')).helpText(commandLine.isNamed ? command : undefined));
  if (commandLine.values.get('version') === true) return print(VERSION_LINE);
  return runCommand(commandLine, { env: process.env, output: OUTPUT });
}

const OUTPUT = consoleOutput(
  { isTerminal: isatty(1), write: (text, onWritten) => void process.stdout.write(text, onWritten) },
  { isTerminal: isatty(2), write: (text) => void process.stderr.write(text) },
);

/** `xrayd export | head`: nobody reads the rest. Node ignores SIGPIPE. */
function endWithReader(): void {
  process.stdout.on('error', (error) => {
    if (systemCodeOf(error) === 'EPIPE') process.exit(EXIT_CODES.outputClosed.code);
    process.stderr.write(`xrayd: cannot write the output: ${error.message}\n`);
    process.exit(1);
  });
  process.stderr.on('error', () => {});
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

/**
 * Whether a thread is using a file or looking up a name, or may be: Node reads NODE_EXTRA_CA_CERTS in a thread and does
 * not report when it is done.
 */
function isThreadBusy(): boolean {
  return (
    process.env['NODE_EXTRA_CA_CERTS'] !== undefined ||
    process.getActiveResourcesInfo().some((name) => /^(GetAddrInfo|GetNameInfo|FSReq)/.test(name))
  );
}

/**
 * `process.exit` waits for the threads of the process: forever if one hangs in a disk or a pipe, and for the whole of a
 * DNS lookup. So the process replaces its program, which ends its threads, with a Node that only exits. The variable is
 * for a single executable, whose Node runs nothing but xrayd.
 */
function end(code: number): never {
  if ((countLeftBehind() > 0 || isThreadBusy()) && process.execve !== undefined && process.platform !== 'win32') {
    process.removeAllListeners('warning');
    process.execve(process.execPath, [process.execPath, '--eval', `process.exit(${code})`], {
      [END_WITH]: String(code),
    });
  }
  process.exit(code);
}

/** Nothing is left to wait for, and the command has no result: its promise will never be settled. Node would exit with 0. */
process.once('beforeExit', () => {
  OUTPUT.say('xrayd: the command ended without a result; please report this\n');
  end(1);
});

main().then(
  async (code) => {
    // An error of writing the output is reported in the next turn of the event loop.
    await new Promise(setImmediate);
    // The work is done: an open keep-alive socket must not delay the exit.
    end(code);
  },
  async (error: unknown) => {
    const known = error instanceof XraydError;
    const errors = CONSOLES[2];
    errors.write(
      `xrayd: ${known ? printable(error.message, MAX_MESSAGE, /\n/) : `${messageOf(error)}\n${(error instanceof Error ? error.stack : undefined) ?? ''}`}\n`,
    );
    await within(FINAL_MESSAGE_MS, 'the console', () => Promise.all([errors.flush(), CONSOLES[1].flush()])).catch(
      () => {},
    );
    end(known ? error.exitCode : 1);
  },
);
