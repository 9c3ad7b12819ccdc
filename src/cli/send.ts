import { sampleTrace, sendDocuments } from '../compose/sample-trace.ts';
import type { LoadedConfig } from '../config/load.ts';
import { formatAddress } from '../pipeline/address.ts';
import { wallClockMs } from '../pipeline/clock.ts';
import type { CommandContext } from './command.ts';
import { sendAndConfirm } from './send-and-confirm.ts';

/** `xrayd send` */
export async function run(
  { config: { to, confirm } }: LoadedConfig<'send'>,
  { output }: CommandContext,
): Promise<number> {
  const { traceId, documents } = sampleTrace(wallClockMs());
  if (confirm === undefined) await sendDocuments(documents, to);
  const counted = confirm === undefined ? '' : `; ${await sendAndConfirm(documents, to, confirm)}`;
  await output.out(`sent trace ${traceId} to UDP ${formatAddress(to)}${counted}\n`);
  return 0;
}
