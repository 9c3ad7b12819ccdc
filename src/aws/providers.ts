import { messageOf } from '../pipeline/errors.ts';
import { readTextFile } from '../pipeline/read-file.ts';
import type { RegionalClientConfig } from './client-config.ts';
import { containerCredentials } from './container-credentials.ts';
import { limitProcesses, PROCESS_TIMEOUT_MS } from './credential-process.ts';
import type { Environment } from '../pipeline/environment.ts';
import { isTrue } from './switch.ts';
import type { Outbound } from './outbound-proxy.ts';
import { profileOf, sdkName } from './profiles.ts';
import { FILE_TIMEOUT_MS, hasOnlyOtherSettings, readSharedFiles, readTokenFiles } from './shared-files.ts';
import type { AwsCredentials } from './signer.ts';

/** A metric label: a name that includes a profile or role would not be bounded. */
export type ProviderKind = 'environment' | 'profile' | 'web_identity' | 'container' | 'instance';

/** For a provider that makes two consecutive calls of 5 s at most. */
const TIMEOUT_MS = 10_000;

/** For a profile without a process: SSO's token and credentials, and a role on top, with two calls each. */
const PROFILE_TIMEOUT_MS = 20_000;

/** One link of the credential chain. */
export interface CredentialProvider {
  readonly name: string;
  readonly kind: ProviderKind;
  /**
   * How long `get` may take; after that, the attempt is abandoned and retried later. Takes no longer than reading the
   * shared files.
   */
  timeoutMs(): number | Promise<number>;
  /** Why the provider is skipped, including what was looked for; undefined if it should be asked. */
  skipReason(): string | undefined | Promise<string | undefined>;
  /** Rejects with the SDK's error. When `signal` aborts, it closes its connections and kills its child processes. */
  get(signal: AbortSignal): Promise<AwsCredentials>;
  /** The environment configures this provider: if it fails, falling back to another identity would hide the mistake. */
  readonly isExplicit: boolean;
  /** What is known about the identity without a call. */
  describe?(): { role: string; account?: string };
}

export interface ProvidersConfig {
  readonly region: string;
  readonly roleArn: string;
  readonly roleExternalId: string;
  readonly roleSessionName: string;
}

export interface ProvidersDeps {
  readonly env: Environment;
  readonly outbound: Outbound;
}

/**
 * The chain of AWS's SDK for Go, with separate links so that each can report why it has no credentials: environment,
 * web identity (IRSA), profile (with SSO, process, role and login), container (ECS, EKS Pod Identity), instance
 * metadata (IMDSv2). If `roleArn` is set, that role is assumed on top. STS calls go to the daemon's own region and
 * through its proxy.
 */
export function credentialProviders(config: ProvidersConfig, deps: ProvidersDeps): CredentialProvider[] {
  const { env } = deps;
  const clientConfig: ClientConfig = async (signal) =>
    (await import('./client-config.ts')).regionalClientConfig(config.region, deps.outbound, { signal });
  const base = [
    environmentLink(env),
    webIdentityLink(env, clientConfig),
    profileLink(env, clientConfig),
    containerLink(env),
    instanceLink(env),
  ];
  return config.roleArn === '' ? base : base.map((link) => assumeRole(link, config, { env, clientConfig }));
}

/** Created when a provider needs STS or SSO; the SDK's HTTP handler is loaded only then. */
type ClientConfig = (signal: AbortSignal) => Promise<RegionalClientConfig>;

/**
 * compat: both names of each key, and before the profile, as in Go. Source: aws-sdk-go-v2, config/env_config.go and
 * resolve_credentials.go.
 */
function environmentLink(env: Environment): CredentialProvider {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'] || env['AWS_ACCESS_KEY'] || '';
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'] || env['AWS_SECRET_KEY'] || '';
  const sessionToken = env['AWS_SESSION_TOKEN'];
  return {
    name: 'environment',
    kind: 'environment',
    timeoutMs: () => TIMEOUT_MS,
    isExplicit: true,
    skipReason: () => {
      if (accessKeyId && secretAccessKey) return undefined;
      return 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set';
    },
    get: async () => {
      // The SDK only knows the first name of each.
      if (env['AWS_ACCESS_KEY_ID'] && env['AWS_SECRET_ACCESS_KEY']) {
        const { expiration, ...keys } = await (await sdk()).fromEnv()();
        // compat: Go does not read AWS_CREDENTIAL_EXPIRATION, so the keys are good whatever is in it.
        return expiration === undefined || Number.isNaN(expiration.getTime()) ? keys : { ...keys, expiration };
      }
      return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
    },
  };
}

function profileLink(env: Environment, clientConfig: ClientConfig): CredentialProvider {
  const profile = profileOf(env);
  return {
    name: `profile ${profile}`,
    kind: 'profile',
    timeoutMs: async () => {
      // Only a process may take a minute: an SSO cache on a disk that hangs must not delay the later providers for that
      // long.
      const { profiles } = await readSharedFiles(env);
      return profiles.valuesOf('credential_process').length > 0 ? PROCESS_TIMEOUT_MS + TIMEOUT_MS : PROFILE_TIMEOUT_MS;
    },
    isExplicit: Boolean(env['AWS_PROFILE'] || env['AWS_DEFAULT_PROFILE']),
    skipReason: async () => {
      const { files, profiles } = await readSharedFiles(env);
      if (files.some(({ problem }) => problem === undefined))
        return hasOnlyOtherSettings(profiles.settingsOf(profile)) ? 'it has no credentials' : undefined;
      return `${files.map(({ path, problem }) => `${path} ${problem}`).join(', ')} (uid ${process.getuid?.() ?? '?'})`;
    },
    get: async (signal) => {
      await readTokenFiles((await readSharedFiles(env)).profiles);
      await limitProcesses(AbortSignal.any([signal, AbortSignal.timeout(PROCESS_TIMEOUT_MS)]));
      return (await sdk()).fromIni({ profile: sdkName(profile), clientConfig: await clientConfig(signal) })();
    },
  };
}

function webIdentityLink(env: Environment, clientConfig: ClientConfig): CredentialProvider {
  const {
    AWS_WEB_IDENTITY_TOKEN_FILE: file = '',
    AWS_ROLE_ARN: roleArn = '',
    AWS_ROLE_SESSION_NAME: roleSessionName,
  } = env;
  return {
    name: 'web identity (IRSA)',
    kind: 'web_identity',
    timeoutMs: () => TIMEOUT_MS,
    isExplicit: true,
    skipReason: () => (file && roleArn ? undefined : 'AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN are not set'),
    get: async (signal) => {
      // Read each time, because kubelet rotates it. The SDK's own read would block the whole process.
      const webIdentityToken = await readTextFile(file, { timeoutMs: FILE_TIMEOUT_MS });
      // STS would only say that a parameter is missing.
      if (webIdentityToken.trim() === '') throw new Error(`the token file ${file} is empty`);
      await readSharedFiles(env);
      const session = roleSessionName === undefined ? {} : { roleSessionName };
      return (await sdk()).fromWebToken({
        webIdentityToken,
        roleArn,
        ...session,
        clientConfig: await clientConfig(signal),
      })();
    },
    describe: () => roleOf(roleArn),
  };
}

function containerLink(env: Environment): CredentialProvider {
  const uri = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] || env['AWS_CONTAINER_CREDENTIALS_FULL_URI'];
  return {
    name: 'container (ECS, EKS Pod Identity)',
    kind: 'container',
    timeoutMs: () => TIMEOUT_MS,
    isExplicit: true,
    skipReason: () =>
      uri ? undefined : 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI are not set',
    get: (signal) => containerCredentials(env, signal),
  };
}

function instanceLink(env: Environment): CredentialProvider {
  let provider: (() => Promise<AwsCredentials>) | undefined;
  return {
    name: 'instance metadata (IMDSv2)',
    kind: 'instance',
    timeoutMs: () => TIMEOUT_MS,
    isExplicit: false,
    skipReason: () =>
      isTrue(env['AWS_EC2_METADATA_DISABLED']) ? 'switched off by AWS_EC2_METADATA_DISABLED' : undefined,
    get: async () => {
      // The provider reads its endpoint from the shared files.
      await readSharedFiles(env);
      // Kept between calls: while the service is unavailable, it continues with the old credentials.
      provider ??= (await sdk()).fromInstanceMetadata({ timeout: 1_000, maxRetries: 1, ec2MetadataV1Disabled: true });
      try {
        return await provider();
      } catch (error) {
        // What the SDK says if its request for a token timed out or was refused with 403, 404 or 405.
        if (!messageOf(error).includes('v1 fallback has been blocked')) throw error;
        throw new Error(NO_TOKEN, { cause: error });
      }
    },
  };
}

/** The answer with the token crosses as many hops as the instance allows; a container is one hop further away. */
const NO_TOKEN =
  'no answer with a token. In a container on EC2, the hop limit of the instance must be 2 (http-put-response-hop-limit)';

function assumeRole(
  link: CredentialProvider,
  config: ProvidersConfig,
  { env, clientConfig }: { env: Environment; clientConfig: ClientConfig },
): CredentialProvider {
  const { roleArn, roleExternalId, roleSessionName } = config;
  return {
    ...link,
    name: `${link.name}, then role ${roleArn}`,
    timeoutMs: async () => (await link.timeoutMs()) + TIMEOUT_MS,
    get: async (signal) => {
      const { fromTemporaryCredentials } = await sdk();
      const masterCredentials = await link.get(signal);
      await readSharedFiles(env);
      const params = {
        RoleArn: roleArn,
        RoleSessionName: roleSessionName,
        ...(roleExternalId === '' ? {} : { ExternalId: roleExternalId }),
      };
      return fromTemporaryCredentials({ masterCredentials, params, clientConfig: await clientConfig(signal) })();
    },
    describe: () => roleOf(roleArn),
  };
}

/** The account is the fifth part of a role's ARN, such as `arn:aws:iam::123456789012:role/app`. */
function roleOf(role: string): { role: string; account?: string } {
  const account = role.split(':')[4];
  return account === undefined ? { role } : { role, account };
}

/** Loaded when the search begins: it is half of the bundle. */
function sdk(): Promise<typeof import('@aws-sdk/credential-providers')> {
  return import('@aws-sdk/credential-providers');
}
