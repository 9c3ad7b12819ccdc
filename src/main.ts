import type { CommandEntry } from './cli/command.ts';
import { COMMANDS } from './cli/commands.ts';
import { helpText } from './cli/help.ts';
import { keepInspectorClosed } from './cli/signals.ts';
import { keepGenerationsSmall } from './compose/heap-tuning.ts';
import { REFERENCE_VERSION, VERSION } from './compose/version.ts';
import type { Command } from './config/commands.ts';
import { readConfigFile } from './config/file.ts';
import { parseFlags, type CommandLine } from './config/flags.ts';
import { configFileNameOf, mergeConfig, printConfig, type LoadedConfig } from './config/load.ts';
import type { Config } from './config/schema.ts';
import { countLeftBehind, within } from './pipeline/deadline.ts';
import { EXIT_CODES, messageOf, systemCodeOf, XraydError } from './pipeline/errors.ts';
import { CONSOLES } from './telemetry/console-stream.ts';

/** For the last words to reach the console. */
const LAST_WORDS_MS = 2_000;

/**
 * Names are looked up in the same threads as files are read and written, four when nothing is said: a disk that hangs would stop the network.
 * More than a spool on it can hold up: four writes and half of 16 calls.
 */
process.env['UV_THREADPOOL_SIZE'] ??= '16';
keepInspectorClosed(process.env['NODE_OPTIONS']);
keepGenerationsSmall();

async function main(): Promise<number> {
  const commandLine = parseFlags(process.argv.slice(2));
  const { command } = commandLine;
  const isQuestion = (['help', 'version', 'printConfig'] as const).some((name) => commandLine.values.get(name) === true);
  if (isQuestion || COMMANDS[command].isService !== true) endWithReader();
  if (commandLine.values.get('help') === true) return print(helpText(commandLine.isNamed ? command : undefined));
  if (commandLine.values.get('version') === true) return print(`xrayd ${VERSION} (compatible with aws-xray-daemon ${REFERENCE_VERSION})\n`);
  return runCommand(command, commandLine);
}

async function runCommand<C extends Command>(command: C, commandLine: CommandLine<C>): Promise<number> {
  const { env } = process;
  const { isService, load }: CommandEntry<C> = COMMANDS[command];
  const read = async (): Promise<LoadedConfig<C>> => {
    const file = await readConfigFile(configFileNameOf(commandLine, env));
    return mergeConfig({ commandLine, env, file });
  };
  const loaded = await read();
  const { printConfig: isAsked } = loaded.config as Config;
  // A service puts them into its log.
  if (isAsked || isService !== true) for (const warning of loaded.warnings) OUTPUT.say(`xrayd: ${warning}\n`);
  if (isAsked) return print(printConfig(loaded));
  const { run } = await load();
  return run(loaded, { operands: commandLine.operands, env, output: OUTPUT, reread: read });
}

const OUTPUT = {
  /** Of a reader that has gone hears `endWithReader`, and nothing is said after it. */
  out: (text: string): Promise<void> => new Promise((done) => void process.stdout.write(text, (error) => void (error ?? done()))),
  say: (text: string): void => void process.stderr.write(text),
};

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

/** Whether a thread works on a file or looks a name up, or may: Node reads NODE_EXTRA_CA_CERTS in one of its own, and does not say when it has. */
function isThreadBusy(): boolean {
  return (
    process.env['NODE_EXTRA_CA_CERTS'] !== undefined || process.getActiveResourcesInfo().some((name) => /^(GetAddrInfo|GetNameInfo|FSReq)/.test(name))
  );
}

/**
 * `process.exit` waits for the threads of the process, for ever where one hangs in a disk or a pipe, and for a look-up in the DNS as long as that takes. Another program in its place does not
 * have them; it is this one, which only ends.
 */
function end(code: number): never {
  if ((countLeftBehind() > 0 || isThreadBusy()) && process.execve !== undefined && process.platform !== 'win32') {
    process.removeAllListeners('warning');
    process.execve(process.execPath, [process.execPath, '--eval', `process.exit(${code})`], {});
  }
  process.exit(code);
}

main().then(
  async (code) => {
    // Output that could not be written says so in a turn of its own.
    await new Promise(setImmediate);
    // Whatever may still hold the event loop, the work is done; an open keep-alive socket must not delay the exit.
    end(code);
  },
  async (error: unknown) => {
    const known = error instanceof XraydError;
    const says = CONSOLES[2];
    says.write(`xrayd: ${known ? error.message : `${messageOf(error)}\n${(error as Error).stack ?? ''}`}\n`);
    await within(LAST_WORDS_MS, 'the console', () => Promise.all([says.flush(), CONSOLES[1].flush()])).catch(() => {});
    end(known ? error.exitCode : 1);
  },
);
