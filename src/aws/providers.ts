import { accessSync, constants } from 'node:fs';
import type { RegionalClientConfig } from './client-config.ts';
import { isTrue, type Environment } from './environment.ts';
import type { Outbound } from './outbound-proxy.ts';
import { sharedFiles } from './profile.ts';
import type { AwsCredentials } from './signer.ts';

/** One link of the credential chain. */
export interface CredentialProvider {
  readonly name: string;
  /** Why there is no point in asking, in words that say what was looked for; undefined when there is. */
  skipReason(): string | undefined;
  /** Rejects with the SDK's reason. */
  get(): Promise<AwsCredentials>;
  /** The environment names this provider: when it fails, falling back to another identity would hide the mistake. */
  readonly isExplicit: boolean;
  /** What is known of the identity without asking anyone. */
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
 * The AWS SDK's chain, link by link, so that each can say why it did not answer: environment, profile (with SSO, process, role and
 * login), web identity (IRSA), container (ECS, EKS Pod Identity), instance metadata (IMDSv2). With `roleArn`, that role is assumed on top.
 * The STS calls go to the daemon's own region and through its proxy.
 */
export function credentialProviders(config: ProvidersConfig, deps: ProvidersDeps): CredentialProvider[] {
  const { env } = deps;
  const clientConfig: ClientConfig = async () => (await import('./client-config.ts')).regionalClientConfig(config.region, deps.outbound);
  const base = [environmentLink(env), profileLink(env, clientConfig), webIdentityLink(env, clientConfig), containerLink(env), instanceLink(env)];
  return config.roleArn === '' ? base : base.map((link) => assumeRole(link, config, clientConfig));
}

/** Made when a provider needs STS or SSO; the SDK's HTTP handler is not loaded before. */
type ClientConfig = () => Promise<RegionalClientConfig>;

function environmentLink(env: Environment): CredentialProvider {
  return {
    name: 'environment',
    isExplicit: true,
    skipReason: () => {
      if (env['AWS_PROFILE']) return 'not asked, because AWS_PROFILE is set';
      if (env['AWS_ACCESS_KEY_ID'] && env['AWS_SECRET_ACCESS_KEY']) return undefined;
      return 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set';
    },
    get: async () => (await sdk()).fromEnv()(),
  };
}

function profileLink(env: Environment, clientConfig: ClientConfig): CredentialProvider {
  const files = sharedFiles(env);
  const profile = env['AWS_PROFILE'] || 'default';
  return {
    name: `profile ${profile}`,
    isExplicit: Boolean(env['AWS_PROFILE']),
    skipReason: () => {
      const states = files.map((file) => `${file} ${fileState(file)}`);
      return states.some((state) => state.endsWith('is readable')) ? undefined : `${states.join(', ')} (uid ${process.getuid?.() ?? '?'})`;
    },
    get: async () => (await sdk()).fromIni({ profile, clientConfig: await clientConfig() })(),
  };
}

function webIdentityLink(env: Environment, clientConfig: ClientConfig): CredentialProvider {
  return {
    name: 'web identity (IRSA)',
    isExplicit: true,
    skipReason: () =>
      env['AWS_WEB_IDENTITY_TOKEN_FILE'] && env['AWS_ROLE_ARN'] ? undefined : 'AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN are not set',
    // The token file is read anew each time: kubelet rotates it.
    get: async () => (await sdk()).fromTokenFile({ clientConfig: await clientConfig() })(),
    describe: () => roleOf(env['AWS_ROLE_ARN'] ?? ''),
  };
}

function containerLink(env: Environment): CredentialProvider {
  const uri = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] || env['AWS_CONTAINER_CREDENTIALS_FULL_URI'];
  return {
    name: 'container (ECS, EKS Pod Identity)',
    isExplicit: true,
    skipReason: () => (uri ? undefined : 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI are not set'),
    get: async () => (await sdk()).fromHttp({ timeout: 2_000, maxRetries: 1 })(),
  };
}

function instanceLink(env: Environment): CredentialProvider {
  let provider: (() => Promise<AwsCredentials>) | undefined;
  return {
    name: 'instance metadata (IMDSv2)',
    isExplicit: false,
    skipReason: () => (isTrue(env['AWS_EC2_METADATA_DISABLED']) ? 'switched off by AWS_EC2_METADATA_DISABLED' : undefined),
    get: async () => {
      // Kept between calls: it goes on with old credentials while the service is away.
      provider ??= (await sdk()).fromInstanceMetadata({ timeout: 1_000, maxRetries: 1, ec2MetadataV1Disabled: true });
      return provider();
    },
  };
}

function assumeRole(link: CredentialProvider, config: ProvidersConfig, clientConfig: ClientConfig): CredentialProvider {
  const { roleArn, roleExternalId, roleSessionName } = config;
  return {
    ...link,
    name: `${link.name}, then role ${roleArn}`,
    get: async () => {
      const { fromTemporaryCredentials } = await sdk();
      const masterCredentials = await link.get();
      const params = { RoleArn: roleArn, RoleSessionName: roleSessionName, ...(roleExternalId === '' ? {} : { ExternalId: roleExternalId }) };
      return fromTemporaryCredentials({ masterCredentials, params, clientConfig: await clientConfig() })();
    },
    describe: () => roleOf(roleArn),
  };
}

/** `arn:aws:iam::123456789012:role/app` has the account in the fifth place. */
function roleOf(role: string): { role: string; account?: string } {
  const account = role.split(':')[4];
  return account === undefined ? { role } : { role, account };
}

/** Loaded when the search begins: half of the bundle's weight is behind it. */
function sdk(): Promise<typeof import('@aws-sdk/credential-providers')> {
  return import('@aws-sdk/credential-providers');
}

function fileState(path: string): string {
  try {
    accessSync(path, constants.R_OK);
    return 'is readable';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read';
  }
}
