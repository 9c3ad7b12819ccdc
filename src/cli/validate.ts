import { isTakenFromDefault } from '../config/http-address.ts';
import { printConfig, type LoadedConfig } from '../config/load.ts';
import { memoryBudgetOf, memoryProblem } from '../compose/memory-budget.ts';
import { HTTP_GAVE_WAY } from '../compose/runtime.ts';
import { findDestination } from '../compose/xray-connection.ts';
import type { Examined } from '../config/examine.ts';
import type { Environment } from '../pipeline/environment.ts';
import { XraydError } from '../pipeline/errors.ts';
import { lineLogger } from '../telemetry/line-logger.ts';
import type { CommandContext } from './command.ts';
import { plural } from './transfer.ts';

/** `xrayd validate`: resolves with the exit code that the start would have. */
export async function run(
  _: LoadedConfig<'validate'>,
  { output, env, examine }: CommandContext<'validate'>,
): Promise<number> {
  const { loaded, problems: found } = await examine();
  const { problems, warnings } = await judge(loaded, found, env);
  for (const { message } of problems) output.say(`xrayd: ${message}\n`);
  for (const warning of warnings) output.say(`xrayd: warning: ${warning}\n`);
  const [first] = problems;
  if (first !== undefined) {
    output.say(`xrayd ${loaded.command} would not start: ${plural(problems.length, 'problem')}\n`);
    return first.exitCode;
  }
  await output.out(printConfig(loaded));
  const doubt = warnings.length === 0 ? '' : `, with ${plural(warnings.length, 'warning')}`;
  output.say(`xrayd ${loaded.command} would start with these values${doubt}\n`);
  return 0;
}

/** Adds what the start finds out without the network. */
async function judge(
  loaded: Examined['loaded'],
  found: readonly XraydError[],
  env: Environment,
): Promise<{ problems: readonly XraydError[]; warnings: readonly string[] }> {
  const { command, config, origins } = loaded;
  const problems = [...found];
  const warnings = [...loaded.warnings];
  const shortage = memoryProblem(memoryBudgetOf(config, command));
  if (shortage !== undefined) warnings.push(shortage);
  if (isTakenFromDefault(config, origins)) warnings.push(HTTP_GAVE_WAY);
  const callsAws = loaded.command === 'daemon' || loaded.config.tee;
  if (callsAws && config.region === '')
    warnings.push('no region is set: the start looks for one in the profile, ECS metadata and instance metadata');
  else if (callsAws) {
    const log = lineLogger((level, message) => {
      if (level === 'warn' || level === 'error') warnings.push(message);
    });
    try {
      await findDestination(loaded, env, log);
    } catch (error) {
      if (!(error instanceof XraydError)) throw error;
      problems.push(error);
    }
  }
  return { problems, warnings };
}
