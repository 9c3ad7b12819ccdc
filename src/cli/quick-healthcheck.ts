import { writeSync } from 'node:fs';
import { parseAddress } from '../config/address.ts';
import { formatAddress, type Address } from '../pipeline/address.ts';
import type { Environment } from '../pipeline/environment.ts';
import { healthProblem } from './ready-probe.ts';

const DEFAULT_HTTP: Address = { host: '127.0.0.1', port: 2001 };
const FLAG = /^--?(http-address|bind-tcp|t)(?:=(.*))?$/s;
const OPTIONS = { http: 'XRAYD_HTTP_ADDRESS', tcp: 'XRAYD_BIND_TCP' } as const;

/**
 * `xrayd healthcheck` before any other code is loaded, for command lines as probes have them: with the flags of the two
 * addresses, or none. Returns false for every other one, which healthcheck.ts then answers. scripts/build.ts puts it at
 * the beginning of the program.
 */
export function quickHealthcheck(args: readonly string[], env: Environment): boolean {
  const address = addressIn(args, env);
  if (address === undefined) return false;
  void healthProblem(address).then((problem) => {
    writeSync(
      problem === undefined ? 1 : 2,
      problem === undefined ? 'ready\n' : `xrayd: not ready at ${formatAddress(address)}: ${problem}\n`,
    );
    process.exitCode = problem === undefined ? 0 : 1;
  });
  return true;
}

/** undefined if healthcheck.ts must read the command line. */
export function addressIn(args: readonly string[], env: Environment): Address | undefined {
  const written: { http?: string | undefined; tcp?: string | undefined } = {
    http: env[OPTIONS.http],
    tcp: env[OPTIONS.tcp],
  };
  let isNamed = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const [, flag, value] = FLAG.exec(arg) ?? [];
    if (flag !== undefined) written[flag === 'http-address' ? 'http' : 'tcp'] = value ?? args[++i] ?? '?';
    else if (arg === 'healthcheck' && !isNamed) isNamed = true;
    else return undefined;
  }
  if (!isNamed) return undefined;
  // The daemon gives up its default port of HTTP if TCP has it: a rare setting.
  if (!written.http && written.tcp && written.tcp !== 'off' && !isOtherPort(written.tcp)) return undefined;
  const address = written.http ? parseAddress(written.http) : DEFAULT_HTTP;
  return address === undefined || address.host === '' || address.port === 0 ? undefined : address;
}

function isOtherPort(tcp: string): boolean {
  const port = parseAddress(tcp)?.port;
  return port !== undefined && port !== DEFAULT_HTTP.port;
}
