import { isatty } from 'node:tty';
import { useOneCompiler } from '../compose/heap-tuning.ts';
import { isMemoryScarce } from '../compose/memory-budget.ts';
import type { Runtime } from '../compose/runtime.ts';
import { VERSION } from '../compose/version.ts';
import type { LoadedConfig } from '../config/load.ts';
import { CallPath } from '../pipeline/call-path.ts';
import { formatAddress, reachable } from '../pipeline/address.ts';
import { CONSOLES } from '../telemetry/console-stream.ts';
import type { CommandContext } from './command.ts';
import { serve } from './serve.ts';

/** `xrayd local`: runs until a signal ends it. Traces go to standard output, so the log must not. */
export function run(loaded: LoadedConfig<'local'>, context: CommandContext<'local'>): Promise<number> {
  if (isMemoryScarce()) useOneCompiler();
  let token = '';
  return serve(loaded, context, {
    logFd: 2,
    build: async (log) => {
      const { buildLocal } = await import('../compose/local.ts');
      const callPath = new CallPath();
      // AWS's code is loaded only for --tee.
      const tee = loaded.config.tee
        ? await (await import('../compose/tee.ts')).Tee.build(loaded, context.env, { log, callPath })
        : undefined;
      const hasColor = isatty(1) && process.stdout.hasColors();
      const local = buildLocal(loaded, {
        log,
        env: context.env,
        callPath,
        ...(tee === undefined ? {} : { tee }),
        write: (text) => CONSOLES[1].write(text),
        hasColor,
      });
      token = local.token;
      return local.runtime;
    },
    onStart: (runtime) => CONSOLES[1].write(welcomeOf(runtime, loaded, token)),
  });
}

function welcomeOf({ udp, tcp, http }: Runtime, { config }: LoadedConfig<'local'>, token: string): string {
  const address = udp.address === undefined ? '' : formatAddress(udp.address);
  const bound = tcp?.address === undefined ? '' : formatAddress(tcp.address);
  const api = tcp?.address === undefined ? '' : formatAddress(reachable(tcp.address));
  const where =
    address === bound || address === ''
      ? `${address === '' ? '' : 'UDP and '}TCP ${bound}`
      : `UDP ${address} and TCP ${bound}`;
  const traced =
    config.defaultSampling === 'all' ? 'Every request is traced' : 'Requests are sampled as in a new AWS account';
  const kept = config.tee ? 'all segments are sent on to AWS' : 'nothing leaves this machine';
  const lines = [
    `xrayd ${VERSION}: local X-Ray on ${where}. ${traced}, ${kept}.`,
    `  Open          http://${api}/${token === '' ? '' : `?token=${encodeURIComponent(token)}`}`,
    `  Read traces:  aws xray get-trace-summaries --endpoint-url http://${api} --region us-east-1 --start-time $(($(date +%s) - 3600)) --end-time $(date +%s)`,
    ...(token === '' ? [] : [`  Token for readers, as the access key id of an AWS client: ${token}`]),
    ...(http?.address === undefined ? [] : [`  Health and metrics: http://${formatAddress(reachable(http.address))}`]),
  ];
  return `${lines.join('\n')}\n\n`;
}
