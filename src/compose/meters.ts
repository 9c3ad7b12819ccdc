import { readFileSync } from 'node:fs';
import type { Environment, LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { itemsOf } from '../config/text-form.ts';
import { kubernetesDomains } from '../http/host.ts';
import { RequestGuard } from '../http/request-guard.ts';
import { Accounting } from '../pipeline/accounting.ts';
import type { Logger } from '../pipeline/logger.ts';
import { MetricsPage } from '../telemetry/metrics.ts';
import { memoryBudgetOf, memoryProblem, type MemoryBudget } from './memory-budget.ts';
import { VERSION } from './version.ts';

/** The commands that receive segments. */
export type ServingCommand = 'daemon' | 'local';

/** What every part of a process counts with, logs to and keeps within: made before the parts. */
export interface Meters {
  readonly log: Logger;
  readonly accounting: Accounting;
  readonly metrics: MetricsPage;
  readonly memory: MemoryBudget;
  /** Of all servers of the process. */
  readonly guard: RequestGuard;
}

/** Warns when the buffer does not fit into the memory limit. */
export function metersOf({ command, config }: LoadedConfig<ServingCommand>, env: Environment, log: Logger): Meters {
  const memory = memoryBudgetOf(config, command);
  const shortage = memoryProblem(memory);
  if (shortage !== undefined) log.warn({ limitBytes: memory.limitBytes, bufferBytes: memory.bufferBytes }, shortage);
  const guard = new RequestGuard(hostNamesOf(config, env), log);
  return { log, accounting: new Accounting(), metrics: new MetricsPage(VERSION), memory, guard };
}

/** The names that every server of the process answers to, beside those that nobody else can have. */
function hostNamesOf({ allowedHosts, bindTcp, httpAddress }: Config<ServingCommand>, env: Environment): { allowed: string[]; forClients: string[] } {
  const bound = [bindTcp, httpAddress].flatMap((address) => (address === 'off' ? [] : [address.host]));
  return { allowed: [...itemsOf(allowedHosts), ...bound], forClients: kubernetesDomains(resolvConf(env)) };
}

/** In a pod, what it resolves names by; elsewhere nothing, because any network that a laptop joins can say what to search. */
function resolvConf(env: Environment): string {
  if (env['KUBERNETES_SERVICE_HOST'] === undefined) return '';
  try {
    return readFileSync('/etc/resolv.conf', 'utf8');
  } catch {
    return '';
  }
}
