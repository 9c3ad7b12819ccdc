import type { Config } from './schema.ts';

type Addresses = Pick<Config<'daemon' | 'healthcheck'>, 'httpAddress' | 'bindTcp'>;

/**
 * Whether TCP uses the default port of health and metrics. Then they are off, unless the user configured them there.
 * compat: the reference has no health port, so its configuration file may use this port for TCP.
 */
export function isTakenFromDefault(
  { httpAddress, bindTcp }: Addresses,
  origins: { readonly httpAddress: string },
): boolean {
  return (
    origins.httpAddress === 'default' && httpAddress !== 'off' && bindTcp !== 'off' && httpAddress.port === bindTcp.port
  );
}
