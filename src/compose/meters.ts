import { readFileSync } from 'node:fs';
import type { ServingCommand } from '../config/commands.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { OptionValue } from '../config/option.ts';
import { OPTION_NAMES, SPECS, type Config, type OptionName } from '../config/schema.ts';
import type { Environment } from '../pipeline/environment.ts';
import { itemsOf } from '../pipeline/list.ts';
import { kubernetesDomains } from '../http/host.ts';
import { RequestGuard } from '../http/request-guard.ts';
import { Accounting } from '../pipeline/accounting.ts';
import { CallPath } from '../pipeline/call-path.ts';
import type { Logger } from '../pipeline/logger.ts';
import { MetricsPage } from '../telemetry/metrics.ts';
import { memoryBudgetOf, memoryProblem, type MemoryBudget } from './memory-budget.ts';
import { VERSION } from './version.ts';

/** Logging, counters and limits that all parts of a process share. Created before the parts. */
export interface Meters {
  readonly log: Logger;
  readonly accounting: Accounting;
  readonly metrics: MetricsPage;
  readonly memory: MemoryBudget;
  /** Shared by all servers of the process. */
  readonly guard: RequestGuard;
  /** For the calls to X-Ray. */
  readonly callPath: CallPath;
}

/** Warns if the buffer does not fit into the memory limit. */
export function metersOf(
  { command, config }: LoadedConfig<ServingCommand>,
  env: Environment,
  log: Logger,
  callPath = new CallPath(),
): Meters {
  const memory = memoryBudgetOf(config, command);
  const shortage = memoryProblem(memory);
  if (shortage !== undefined) log.warn({ limitBytes: memory.limitBytes, bufferBytes: memory.bufferBytes }, shortage);
  const guard = new RequestGuard({ ...hostNamesOf(config, env), callPath }, log);
  const accounting = new Accounting();
  return { log, accounting, metrics: new MetricsPage(VERSION, accounting), memory, guard, callPath };
}

/** The names that every server of the process answers to, in addition to names that nobody else can own. */
function hostNamesOf(config: Config<ServingCommand>, env: Environment): { allowed: string[]; forClients: string[] } {
  const values: Readonly<Partial<Record<OptionName, OptionValue | undefined>>> = config;
  const bound = OPTION_NAMES.flatMap((name) => {
    const spec = SPECS[name];
    const value = spec.kind === 'address' && spec.use === 'listen' ? values[name] : undefined;
    return typeof value === 'object' && 'host' in value ? [value.host] : [];
  });
  return { allowed: [...itemsOf(config.allowedHosts), ...bound], forClients: kubernetesDomains(resolvConf(env)) };
}

/** In a pod, its resolv.conf; elsewhere empty, because any network that a laptop joins can set the search domains. */
function resolvConf(env: Environment): string {
  if (env['KUBERNETES_SERVICE_HOST'] === undefined) return '';
  try {
    return readFileSync('/etc/resolv.conf', 'utf8');
  } catch {
    return '';
  }
}
