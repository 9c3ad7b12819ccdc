import type { Environment } from '../pipeline/environment.ts';
import { XraydError } from '../pipeline/errors.ts';
import { subjectOf } from './commands.ts';
import { readConfigFile } from './file.ts';
import type { CommandLine } from './flags.ts';
import { configFileNameOf, mergeConfig, type LoadedConfig } from './load.ts';

/** The settings with which `xrayd daemon` or `xrayd local` would start. */
export interface Examined {
  /** With the default in place of each value that cannot be used. */
  readonly loaded: LoadedConfig<'daemon'> | LoadedConfig<'local'>;
  /** Everything that would refuse the start, in the order of flags, file, variables. */
  readonly problems: readonly XraydError[];
}

/** Reads the settings of the command that `commandLine` examines. Does not throw at a problem, but goes on. */
export async function examine(commandLine: CommandLine, env: Environment): Promise<Examined> {
  const problems = [...commandLine.problems];
  const onProblem = (problem: XraydError): void => void problems.push(problem);
  const command = subjectOf(commandLine.command, commandLine.operands) ?? 'daemon';
  const examined = { ...commandLine, command };
  const file = await readConfigFile(configFileNameOf(examined, env), undefined, onProblem).catch((error: unknown) => {
    if (!(error instanceof XraydError)) throw error;
    onProblem(error);
    return undefined;
  });
  const sources = { env, file, onProblem };
  const loaded =
    command === 'local'
      ? mergeConfig({ ...sources, commandLine: { ...examined, command } })
      : mergeConfig({ ...sources, commandLine: { ...examined, command } });
  return { loaded, problems };
}
