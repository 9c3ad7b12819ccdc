import { homedir } from 'node:os';
import { join } from 'node:path';
import { DeadlineError } from '../pipeline/deadline.ts';
import { messageOf, systemCodeOf } from '../pipeline/errors.ts';
import { readTextFile } from '../pipeline/read-file.ts';
import type { Environment } from '../pipeline/environment.ts';
import { Profiles, profileOf, type Settings } from './profiles.ts';

/** The files have a few kilobytes; if reading takes longer, the disk hangs or the path is a pipe without a writer. */
export const FILE_TIMEOUT_MS = 2_000;

const MISSING = 'does not exist';
/** Last contents by path. */
const lastRead = new Map<string, string>();

export interface SharedFile {
  readonly path: string;
  /** "" if it could not be read. */
  readonly text: string;
  /** Why it could not be read, worded to follow the path. */
  readonly problem?: string;
}

export interface SharedFiles {
  readonly files: readonly SharedFile[];
  readonly profiles: Profiles;
}

/**
 * Reads AWS's shared credentials and config files, and makes the SDK use the result: its own reads have no deadline and
 * are cached forever, whether they finish or not. To the SDK, a file that is missing or cannot be read is empty.
 */
export async function readSharedFiles(env: Environment): Promise<SharedFiles> {
  // Without HOME and without an entry in passwd, this is below "/".
  const folder = join(homeOf(env), '.aws');
  const read = (path: string): Promise<SharedFile> =>
    readShared(path.startsWith('~/') ? join(homeOf(env), path.slice(2)) : path);
  const files = await Promise.all([
    read(env['AWS_SHARED_CREDENTIALS_FILE'] || join(folder, 'credentials')),
    read(env['AWS_CONFIG_FILE'] || join(folder, 'config')),
  ]);
  const [credentials, config] = files;
  const profiles = Profiles.read(config.text, credentials.text);
  // Load the library only if there is a file.
  if (files.every(({ path, problem }) => problem === MISSING && !lastRead.has(path))) return { files, profiles };
  const { externalDataInterceptor } = await import('@smithy/core/config');
  const hasContainer = Boolean(
    env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] || env['AWS_CONTAINER_CREDENTIALS_FULL_URI'],
  );
  const text = profiles.text(hasContainer ? 'EcsContainer' : 'Ec2InstanceMetadata');
  for (const { path } of files) externalDataInterceptor.interceptFile(path, text);
  return { files, profiles };
}

/** A setting of the selected profile; `problem`: an existing file cannot be read. */
export async function settingOfProfile(
  name: string,
  env: Environment,
): Promise<{ setting: string | undefined; problem?: string }> {
  const { files, profiles } = await readSharedFiles(env);
  if (files.every(({ text }) => text === '')) {
    const unreadable = files.find(({ problem }) => problem !== undefined && problem !== MISSING);
    return {
      setting: undefined,
      ...(unreadable === undefined ? {} : { problem: `${unreadable.path} ${unreadable.problem}` }),
    };
  }
  return { setting: profiles.settingsOf(profileOf(env))?.get(name) };
}

/**
 * A profile with one of these has credentials. Source: aws-sdk-go-v2, config/resolve_credentials.go; `login_session`:
 * AWS's SDK for JavaScript.
 */
const CREDENTIAL_SETTINGS = [
  'aws_access_key_id',
  'role_arn',
  'source_profile',
  'credential_source',
  'web_identity_token_file',
  'credential_process',
  'sso_session',
  'sso_start_url',
  'sso_account_id',
  'login_session',
];

/** Whether the profile only has settings such as a region, so that credentials must come from another provider. */
export function hasOnlyOtherSettings(settings: Settings | undefined): boolean {
  return settings !== undefined && CREDENTIAL_SETTINGS.every((name) => !settings.get(name));
}

/** Preloads the token files that profiles name: the SDK's own read would block the whole process. */
export async function readTokenFiles(profiles: Profiles): Promise<void> {
  const { externalDataInterceptor } = await import('@smithy/core/config');
  const record = externalDataInterceptor.getTokenRecord() as Record<string, unknown>;
  const paths = new Set(profiles.valuesOf('web_identity_token_file'));
  const read = async (path: string): Promise<void> => {
    try {
      record[path] = await readTextFile(path, { timeoutMs: FILE_TIMEOUT_MS });
    } catch (error) {
      // For a system error, let the SDK read the file and report it better; STS refuses an empty token.
      if (systemCodeOf(error) === undefined) record[path] = '';
      else delete record[path];
    }
  };
  await Promise.all([...paths].map(read));
}

async function readShared(path: string): Promise<SharedFile> {
  try {
    const text = await readTextFile(path, { timeoutMs: FILE_TIMEOUT_MS });
    lastRead.set(path, text);
    return { path, text };
  } catch (error) {
    // A pipe delivers its text only once.
    const text = error instanceof DeadlineError ? lastRead.get(path) : undefined;
    if (text !== undefined) return { path, text };
    return { path, text: '', problem: problemOf(error) };
  }
}

function problemOf(error: unknown): string {
  if (error instanceof DeadlineError) return `cannot be read: no answer within ${FILE_TIMEOUT_MS / 1000} s`;
  const code = systemCodeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR' ? MISSING : `cannot be read (${code ?? messageOf(error)})`;
}

function homeOf(env: Environment): string {
  try {
    return env['HOME'] || homedir();
  } catch {
    // No HOME, and no entry for this user in passwd.
    return '/';
  }
}
