import { VERSION_LINE } from '../compose/version.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { CommandContext } from './command.ts';

/** `xrayd version`, as `xrayd --version`. */
export async function run(_: LoadedConfig<'version'>, { output }: CommandContext): Promise<number> {
  await output.out(VERSION_LINE);
  return 0;
}
