import { useOneCompiler } from '../compose/heap-tuning.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { CommandContext } from './command.ts';
import { serve } from './serve.ts';

/** `xrayd daemon`: runs until a signal ends it. */
export function run(loaded: LoadedConfig<'daemon'>, context: CommandContext<'daemon'>): Promise<number> {
  useOneCompiler();
  return serve(loaded, context, {
    logFd: 1,
    build: async (log) => (await import('../compose/daemon.ts')).buildDaemon(loaded, context.env, log),
  });
}
