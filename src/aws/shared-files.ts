import { homedir } from 'node:os';
import { join } from 'node:path';
import { DeadlineError } from '../pipeline/deadline.ts';
import { messageOf, systemCodeOf } from '../pipeline/errors.ts';
import { readTextFile } from '../pipeline/read-file.ts';
import type { Environment } from './environment.ts';
import { Profiles, profileOf, type Settings } from './profiles.ts';

/** A file of a few kilobytes; what has not come by then is on a disk that is away, or in a pipe that nobody writes to. */
export const FILE_TIMEOUT_MS = 2_000;

const MISSING = 'does not exist';
/** What was read last, by path. */
const lastRead = new Map<string, string>();

export interface SharedFile {
  readonly path: string;
  /** "" when it could not be read. */
  readonly text: string;
  /** Why it could not be read, in words that follow its path. */
  readonly problem?: string;
}

export interface SharedFiles {
  readonly files: readonly SharedFile[];
  readonly profiles: Profiles;
}

/**
 * Reads AWS's shared credentials and config file anew, and has the SDK take what was read: its own reads have no deadline, and are kept for ever,
 * whether they end or not. A file that is not there, or does not answer, is empty to it.
 */
export async function readSharedFiles(env: Environment): Promise<SharedFiles> {
  // Without HOME and without an entry in passwd there is no folder to look in.
  const folder = join(homeOf(env), '.aws');
  const paths = [env['AWS_SHARED_CREDENTIALS_FILE'] || join(folder, 'credentials'), env['AWS_CONFIG_FILE'] || join(folder, 'config')];
  const files = await Promise.all(paths.map((path) => readShared(path.startsWith('~/') ? join(homeOf(env), path.slice(2)) : path)));
  const [credentials, config] = files;
  const profiles = Profiles.read(config!.text, credentials!.text);
  // The library is loaded only where there is a file.
  if (files.every(({ path, problem }) => problem === MISSING && !lastRead.has(path))) return { files, profiles };
  const { externalDataInterceptor } = await import('@smithy/core/config');
  const hasContainer = Boolean(env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] || env['AWS_CONTAINER_CREDENTIALS_FULL_URI']);
  const text = profiles.text(hasContainer ? 'EcsContainer' : 'Ec2InstanceMetadata');
  for (const { path } of files) externalDataInterceptor.interceptFile(path, text);
  return { files, profiles };
}

/** A setting of the chosen profile; `problem`: a file that is there cannot be read. */
export async function settingOfProfile(name: string, env: Environment): Promise<{ setting: string | undefined; problem?: string }> {
  const { files, profiles } = await readSharedFiles(env);
  if (files.every(({ text }) => text === '')) {
    const unreadable = files.find(({ problem }) => problem !== undefined && problem !== MISSING);
    return { setting: undefined, ...(unreadable === undefined ? {} : { problem: `${unreadable.path} ${unreadable.problem}` }) };
  }
  return { setting: profiles.settingsOf(profileOf(env))?.get(name) };
}

/** What makes a profile one with credentials. Source: aws-sdk-go-v2, config/resolve_credentials.go; `login_session` of AWS's SDK for JavaScript. */
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

/** Whether the profile is there for a region and the like, and credentials are to be found elsewhere. */
export function hasOnlyOtherSettings(settings: Settings | undefined): boolean {
  return settings !== undefined && CREDENTIAL_SETTINGS.every((name) => !settings.get(name));
}

/** The same for the token files that profiles name: the SDK reads them in a way that stops the whole process until they are read. */
export async function readTokenFiles(profiles: Profiles): Promise<void> {
  const { externalDataInterceptor } = await import('@smithy/core/config');
  const record = externalDataInterceptor.getTokenRecord() as Record<string, unknown>;
  const paths = new Set(profiles.valuesOf('web_identity_token_file'));
  const read = async (path: string): Promise<void> => {
    try {
      record[path] = await readTextFile(path, { timeoutMs: FILE_TIMEOUT_MS });
    } catch (error) {
      // What the system says is said better by the SDK; an empty token is refused by STS.
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
    // A pipe gives its text once.
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
