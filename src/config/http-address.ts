import type { Config } from './schema.ts';

type Addresses = Pick<Config<'daemon' | 'healthcheck'>, 'httpAddress' | 'bindTcp'>;

/**
 * Whether TCP has the port of health and metrics, which nobody asked for there: then they are off.
 * compat: the reference has no health port, so a file for it may have its TCP port there.
 */
export function isTakenFromDefault({ httpAddress, bindTcp }: Addresses, origins: { readonly httpAddress: string }): boolean {
  return origins.httpAddress === 'default' && httpAddress !== 'off' && bindTcp !== 'off' && httpAddress.port === bindTcp.port;
}
