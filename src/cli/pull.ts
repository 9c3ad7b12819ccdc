import { XRayClient } from '@aws-sdk/client-xray';
import type { Environment } from '../pipeline/environment.ts';
import type { LoadedConfig } from '../config/load.ts';
import { findDestination, connectionTo } from '../compose/xray-connection.ts';
import { newCounters } from '../pipeline/counters.ts';
import { XraydError } from '../pipeline/errors.ts';
import { lineLogger } from '../telemetry/line-logger.ts';
import type { CommandContext, CommandOutput } from './command.ts';
import { LocalXRayClient } from './local-client.ts';
import { ANSWER_BOUNDS, RemoteTraces } from './remote-traces.ts';
import { counted, found, queryOf, report, reportMissing, reportNotGiven } from './transfer.ts';

/** Longer than any provider may take, because nothing else can be done meanwhile. */
const SEARCH_MS = 120_000;
/** X-Ray needs some time to scan before it answers. */
const READ_TIMEOUT_MS = 60_000;

/**
 * `xrayd pull`: region and credentials as the daemon would find them, or those of --profile. Resolves with the exit
 * code.
 */
export async function run(loaded: LoadedConfig<'pull'>, { env, output }: CommandContext): Promise<number> {
  const { config } = loaded;
  const own = config.profile === '' ? env : withProfile(config.profile, env);
  const log = lineLogger((level, message) => (level === 'warn' ? output.say(`xrayd: ${message}\n`) : undefined));
  const destination = await findDestination(loaded, own, log);
  const { credentials, outbound } = connectionTo(destination, { config, counters: newCounters(), log }, own);
  try {
    const { regionalClientConfig } = await import('../aws/client-config.ts');
    const identity = await credentials.get(SEARCH_MS);
    if (identity === undefined) throw new XraydError('XRAYD_TRANSFER', credentials.problem);
    const { region, url } = destination;
    const client = new XRayClient({
      ...regionalClientConfig(region, outbound, { requestTimeout: READ_TIMEOUT_MS, answers: ANSWER_BOUNDS }),
      endpoint: url.href,
      credentials: identity,
    });
    return await pullTraces(loaded, client, output);
  } finally {
    await credentials.stop();
    outbound.close();
  }
}

/** Copies from AWS into the local X-Ray. */
async function pullTraces(
  loaded: LoadedConfig<'pull'>,
  client: XRayClient,
  { say, progress }: CommandOutput,
): Promise<number> {
  const query = queryOf(loaded);
  const missing = new Set(query.ids);
  const source = new RemoteTraces(client);
  const traces = counted(found(source.traces(query), missing), 'pulled', progress);
  const code = report(await LocalXRayClient.of(loaded).import(traces), say);
  return Math.max(code, reportMissing(missing, say), reportNotGiven(source, query, say));
}

/**
 * Credentials in the environment precede AWS_PROFILE, but not a profile that was requested. Source: AWS CLI, --profile.
 */
const IDENTITIES = [
  'AWS_ACCESS_KEY_ID',
  'AWS_ACCESS_KEY',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SECRET_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
];

function withProfile(profile: string, env: Environment): Environment {
  const others = Object.entries(env).filter(([name]) => !IDENTITIES.includes(name));
  return { ...Object.fromEntries(others), AWS_PROFILE: profile };
}
