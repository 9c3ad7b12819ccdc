import type { ComponentState } from '../pipeline/component.ts';

export interface Parts {
  /** Those whose clients need them, such as UDP and TCP: they decide about the health. */
  readonly essential: readonly ComponentState[];
  /** Only reported. AWS, credentials and a full buffer are among them: an outage must not empty the Service. */
  readonly others: readonly ComponentState[];
}

export interface Health {
  readonly isHealthy: boolean;
  readonly reason?: string;
  readonly parts: readonly ComponentState[];
}

/**
 * `live`: the event loop answers and no essential part has failed. `ready`: its sockets are bound too, and it is not
 * stopping.
 */
export function healthOf(probe: 'live' | 'ready', { essential, others }: Parts, isStopping: boolean): Health {
  const parts = [...essential, ...others];
  const failed = essential.find((part) => part.state === 'failed');
  if (failed !== undefined) return { isHealthy: false, reason: `${failed.name}: ${failed.reason ?? 'failed'}`, parts };
  if (probe === 'live') return { isHealthy: true, parts };
  if (isStopping) return { isHealthy: false, reason: 'stopping', parts };
  const unbound = essential.find((part) => part.state !== 'ok');
  if (unbound !== undefined) return { isHealthy: false, reason: `${unbound.name}: ${unbound.state}`, parts };
  return { isHealthy: true, parts };
}
