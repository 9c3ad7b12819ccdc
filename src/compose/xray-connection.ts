import { callerIdentity, stsUrlBeside } from '../aws/caller-identity.ts';
import { CredentialSource } from '../aws/credentials.ts';
import { resolveEndpoint } from '../aws/endpoint.ts';
import type { Environment } from '../pipeline/environment.ts';
import { Outbound } from '../aws/outbound-proxy.ts';
import { PermissionHints } from '../aws/permissions.ts';
import { credentialProviders } from '../aws/providers.ts';
import { findRegion, type FoundRegion } from '../aws/region.ts';
import { profileOf, type Profiles } from '../aws/profiles.ts';
import { readSharedFiles } from '../aws/shared-files.ts';
import { trustConfigured } from '../aws/trust.ts';
import { userAgent } from '../aws/user-agent.ts';
import { XRayApi } from '../aws/xray-api.ts';
import type { LoadedConfig } from '../config/load.ts';
import { SPECS, type Config } from '../config/schema.ts';
import { checkRegion } from '../config/text-form.ts';
import { parseText } from '../config/value.ts';
import type { CallPath } from '../pipeline/call-path.ts';
import { fullCollector } from '../pipeline/collector.ts';
import type { Component } from '../pipeline/component.ts';
import type { Counters } from '../pipeline/counters.ts';
import { XraydError } from '../pipeline/errors.ts';
import type { Logger } from '../pipeline/logger.ts';
import { VERSION } from './version.ts';

/** How long a segment for X-Ray waits for others to fill its batch. As in the reference daemon's idle flush. */
export const BATCH_MAX_AGE_MS = 1_000;

/** The commands that call AWS; `local` does with --tee. */
export type AwsCommand = 'daemon' | 'local' | 'pull';

/** The region and endpoint of X-Ray. */
export interface Destination {
  readonly region: string;
  readonly url: URL;
}

/** Throws XRAYD_REGION. */
export async function findDestination(
  { config, origins }: LoadedConfig<AwsCommand>,
  env: Environment,
  log: Logger,
): Promise<Destination> {
  const { region, origin } =
    config.region === ''
      ? usable(await findRegion(env, config.localMode), log)
      : { region: config.region, origin: origins.region };
  const { profiles } = await readSharedFiles(env);
  await trustConfigured(env, profiles.settingsOf(profileOf(env))?.get('ca_bundle'), log);
  const url = await resolveEndpoint({ region, endpoint: endpointFrom({ config, origins }, profiles, { env, log }) });
  log.info({ region, from: origin, endpoint: url.origin }, 'sending to X-Ray');
  if (config.noVerifySsl)
    log.warn(
      {},
      'TLS certificates are not verified (--no-verify-ssl): anyone between xrayd and X-Ray can read the traces',
    );
  return { region, url };
}

const STS_ENDPOINT = 'AWS_ENDPOINT_URL_STS';
const IGNORE_ENDPOINTS = 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS';

/**
 * The configured endpoint, or the profile's `endpoint_url`, parsed like --endpoint. AWS's own variables and files are
 * ignored if the environment variable, or else the profile, says so. Source: aws-sdk-go-v2, config/provider.go. Throws
 * XRAYD_CONFIG.
 */
function endpointFrom(
  { config, origins }: Pick<LoadedConfig<AwsCommand>, 'config' | 'origins'>,
  profiles: Profiles,
  { env, log }: { env: Environment; log: Logger },
): URL | undefined {
  const isAwsVariable = origins.endpoint.startsWith('AWS_');
  if (config.endpoint !== undefined && !isAwsVariable) return config.endpoint;
  const said = env[IGNORE_ENDPOINTS]?.toLowerCase();
  if (said === 'true' || (said !== 'false' && profiles.ignoresEndpoints(profileOf(env)))) {
    const by =
      said === 'true' ? IGNORE_ENDPOINTS : `${IGNORE_ENDPOINTS.slice(4).toLowerCase()} of profile ${profileOf(env)}`;
    if (isAwsVariable) log.warn({}, `${origins.endpoint} is not used: ${by} is true`);
    return undefined;
  }
  if (config.endpoint !== undefined) return config.endpoint;
  const text = profiles.endpointOf(profileOf(env));
  if (text === undefined) return undefined;
  const parsed = parseText(SPECS.endpoint, text);
  const setting = `endpoint_url of profile ${profileOf(env)}`;
  if ('problem' in parsed) throw new XraydError('XRAYD_CONFIG', `${setting} ${parsed.problem}`);
  if (parsed.warning !== undefined) log.warn({}, `${setting} ${parsed.warning}`);
  return parsed.value instanceof URL ? parsed.value : undefined;
}

/** Only the account is asked for there, so a wrong value is no reason not to start. */
function stsOverride(env: Environment, log: Logger): URL | undefined {
  const parsed = parseText(SPECS.endpoint, env[STS_ENDPOINT] ?? '');
  const doubt = 'problem' in parsed ? `${parsed.problem}; it is ignored` : parsed.warning;
  if (doubt !== undefined) log.warn({}, `${STS_ENDPOINT} ${doubt}`);
  return 'value' in parsed && parsed.value instanceof URL ? parsed.value : undefined;
}

/**
 * Checks a region that was found like a configured one, because it becomes part of a host name and of signatures.
 * Throws XRAYD_REGION.
 */
function usable({ region, origin }: FoundRegion, log: Logger): FoundRegion {
  const checked = checkRegion(region);
  if ('problem' in checked) throw new XraydError('XRAYD_REGION', `the region of ${origin} ${checked.problem}`);
  if (checked.warning !== undefined) log.warn({}, `the region of ${origin} ${checked.warning}`);
  return { region: checked.value ?? region, origin };
}

/**
 * Everything needed to call X-Ray: connections, credentials, signed calls. Start `upstream` before use, and stop it
 * afterwards.
 */
export function connectionTo(
  { region, url }: Destination,
  {
    config,
    counters,
    log,
    callPath,
  }: { config: Config<AwsCommand>; counters: Counters; log: Logger; callPath?: CallPath },
  env: Environment,
) {
  const noProxy = env['NO_PROXY'] ?? env['no_proxy'] ?? '';
  const proxyAddress = config.proxyAddress?.href ?? '';
  // Sampling calls and telemetry share the agent with the uploads.
  const outbound = new Outbound({
    proxyAddress,
    noProxy,
    noVerifySsl: config.noVerifySsl,
    maxSockets: config.concurrency + 16,
  });
  const stsUrl = stsOverride(env, log) ?? stsUrlBeside(url);
  const credentials = new CredentialSource({
    providers: credentialProviders({ ...config, region }, { env, outbound }),
    identify: async (found) => (stsUrl === undefined ? undefined : callerIdentity(found, stsUrl, region, outbound)),
    counters,
    log,
  });
  const api = new XRayApi(
    { url, region, userAgent: userAgent(VERSION, env), timeoutMs: config.requestTimeoutMs },
    { credentials, outbound, callPath, log, onGarbage: fullCollector() },
  );
  return {
    api,
    outbound,
    credentials,
    hints: new PermissionHints(log),
    upstream: [connections(outbound), credentials],
  };
}

function connections(outbound: Outbound): Component {
  return { name: 'connections', start: async () => {}, stop: async () => outbound.close() };
}
