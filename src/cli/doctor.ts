import { VERSION } from '../compose/version.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { CommandContext } from './command.ts';
import { checkAws } from './doctor/aws-checks.ts';
import { Checkup, lineOf } from './doctor/findings.ts';
import { checkDisk, checkMemory, checkPorts, checkSocketBuffer } from './doctor/machine-checks.ts';
import { checkRunning } from './doctor/running-daemon.ts';
import { plural } from './transfer.ts';

/**
 * `xrayd doctor`: whether the daemon could receive and send here, with the code that the daemon itself uses, and what a
 * running one says of itself. Resolves with 1 if something keeps segments from arriving.
 */
export async function run(
  { config: { json } }: LoadedConfig<'doctor'>,
  { output, env, examine }: CommandContext<'doctor'>,
): Promise<number> {
  const { loaded, problems } = await examine();
  const checkup = new Checkup((finding) => {
    if (!json) void output.out(lineOf(finding));
  });
  for (const { message } of problems) checkup.add('settings', 'fail', message);
  for (const warning of loaded.warnings) checkup.add('settings', 'warn', warning);
  const isRunning = await checkRunning(checkup, loaded);
  await checkPorts(checkup, loaded, isRunning);
  await checkSocketBuffer(checkup);
  await checkDisk(checkup, loaded);
  checkMemory(checkup, loaded);
  if (loaded.command === 'daemon' || loaded.config.tee) await checkAws(checkup, loaded, env);
  const { findings: checks } = checkup;
  const [failed, doubts] = (['fail', 'warn'] as const).map(
    (each) => checks.filter(({ status }) => status === each).length,
  );
  const code = failed === 0 ? 0 : 1;
  if (json)
    await output.out(
      `${JSON.stringify({ version: VERSION, command: loaded.command, ok: code === 0, checks }, null, 2)}\n`,
    );
  else output.say(`xrayd ${loaded.command}: ${plural(failed ?? 0, 'problem')}, ${plural(doubts ?? 0, 'warning')}\n`);
  return code;
}
