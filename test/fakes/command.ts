import type { CommandOutput } from '../../src/cli/command.ts';
import { runCommand } from '../../src/cli/run-command.ts';
import { parseFlags } from '../../src/config/flags.ts';
import { XraydError } from '../../src/pipeline/errors.ts';
import { ENVIRONMENT, type Ended } from './program.ts';

/**
 * Runs a command of xrayd in this process, which takes a small part of the CPU time of another process. For tests of
 * what a command does, not of the program around it: standard input, signals, the exit.
 */
export async function xraydHere(
  args: readonly string[],
  { env = {} }: { env?: Record<string, string> } = {},
): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  const output: CommandOutput = {
    out: async (text) => void (stdout += text),
    say: (text) => void (stderr += text),
    progress: () => {},
  };
  let code: number;
  try {
    code = await runCommand(parseFlags(args), { env: { ...ENVIRONMENT, ...env }, output });
  } catch (error) {
    if (!(error instanceof XraydError)) throw error;
    stderr += `xrayd: ${error.message}\n`;
    code = error.exitCode;
  }
  return { code, stdout, stderr };
}
