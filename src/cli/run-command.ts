import { subjectOf, type Command } from '../config/commands.ts';
import { readConfigFile } from '../config/file.ts';
import type { CommandLine } from '../config/flags.ts';
import { configFileNameOf, mergeConfig, printConfig, type LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { Environment } from '../pipeline/environment.ts';
import type { CommandOutput, RunCommand } from './command.ts';
import { COMMANDS } from './commands.ts';

/** Loads the file of a command, so that a process loads only the code of its command. */
const CODE: { readonly [C in Command]: () => Promise<{ readonly run: RunCommand<C> }> } = {
  daemon: () => import('./daemon.ts'),
  local: () => import('./local.ts'),
  run: () => import('./run.ts'),
  export: () => import('./export.ts'),
  import: () => import('./import.ts'),
  pull: () => import('./pull.ts'),
  send: () => import('./send.ts'),
  healthcheck: () => import('./healthcheck.ts'),
  help: () => import('./help.ts'),
  completion: () => import('./completion.ts'),
  top: () => import('./top.ts'),
  doctor: () => import('./doctor.ts'),
  validate: () => import('./validate.ts'),
  version: () => import('./version.ts'),
};

/**
 * Reads the configuration of the command that a command line names, and runs it, or prints the configuration. Resolves
 * with the exit code. Throws XraydError for an error that the user can fix.
 */
export async function runCommand<C extends Command>(
  commandLine: CommandLine<C>,
  { env, output }: { readonly env: Environment; readonly output: CommandOutput },
): Promise<number> {
  const { isService } = COMMANDS[commandLine.command];
  const read = async (): Promise<LoadedConfig<C>> => {
    const file = await readConfigFile(configFileNameOf(commandLine, env));
    return mergeConfig({ commandLine, env, file });
  };
  const loaded = await read();
  const { printConfig: isAsked } = loaded.config as Config;
  // A service logs its warnings, and what examines the settings of another command reports all of that command's.
  const isSilent =
    !isAsked && (isService === true || subjectOf(commandLine.command, commandLine.operands) !== undefined);
  if (!isSilent) for (const warning of loaded.warnings) output.say(`xrayd: ${warning}\n`);
  if (isAsked) {
    await output.out(printConfig(loaded));
    return 0;
  }
  const { run } = await CODE[commandLine.command]();
  return run(loaded, {
    operands: commandLine.operands,
    env,
    output,
    reread: read,
    examine: async () => (await import('../config/examine.ts')).examine(commandLine, env),
  });
}
