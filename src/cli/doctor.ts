import { VERSION } from '../compose/version.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { CommandContext } from './command.ts';
import { checkAws } from './doctor/aws-checks.ts';
import { Checkup, inOrder, linesOf, verdictOf } from './doctor/findings.ts';
import { checkDisk, checkMemory, checkPorts, checkSocketBuffer } from './doctor/machine-checks.ts';
import { findRunning, reportRunning } from './doctor/running-daemon.ts';
import { plural } from './transfer.ts';

/**
 * `xrayd doctor`: whether the daemon could receive and send here, with the code that the daemon itself uses, and what a
 * running one says of itself. Problems come first, and the last line names the most likely cause. Resolves with 1 if
 * something keeps segments from arriving.
 */
export async function run(
  { config: { json } }: LoadedConfig<'doctor'>,
  { output, env, examine }: CommandContext<'doctor'>,
): Promise<number> {
  const { loaded, problems } = await examine();
  const checkup = new Checkup();
  for (const { message } of problems) checkup.add('settings', 'fail', message);
  for (const warning of loaded.warnings) checkup.add('settings', 'warn', warning);
  const running = await findRunning(checkup, loaded);
  await checkPorts(checkup, loaded, running);
  await checkSocketBuffer(checkup);
  await checkDisk(checkup, loaded);
  checkMemory(checkup, loaded);
  if (loaded.command === 'daemon' || loaded.config.tee) await checkAws(checkup, loaded, env);
  if (running !== undefined) reportRunning(checkup, running, loaded.command);
  const checks = inOrder(checkup.findings);
  const verdict = verdictOf(checks);
  const [failed, doubts] = (['fail', 'warn'] as const).map(
    (each) => checks.filter(({ status }) => status === each).length,
  );
  const code = failed === 0 ? 0 : 1;
  if (json) {
    const report = { version: VERSION, command: loaded.command, ok: code === 0, verdict, checks };
    await output.out(`${JSON.stringify(report, null, 2)}\n`);
  } else {
    const summary = `xrayd ${loaded.command}: ${plural(failed ?? 0, 'problem')}, ${plural(doubts ?? 0, 'warning')}`;
    await output.out(`${checks.map(linesOf).join('')}\n${summary}\n${verdict}\n`);
  }
  return code;
}
