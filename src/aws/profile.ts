import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from './environment.ts';

/** The two files of AWS's shared configuration: credentials, config. Without HOME and without an entry in passwd there is no folder to look in. */
export function sharedFiles(env: Environment): readonly [credentials: string, config: string] {
  const folder = join(homeOf(env), '.aws');
  return [env['AWS_SHARED_CREDENTIALS_FILE'] || join(folder, 'credentials'), env['AWS_CONFIG_FILE'] || join(folder, 'config')];
}

/** A setting of the chosen profile in AWS's shared configuration. The library that reads it is loaded only where there is a file. */
export async function settingOfProfile(name: string, env: Environment): Promise<string | undefined> {
  if (!sharedFiles(env).some((file) => existsSync(file))) return undefined;
  const { loadSharedConfigFiles } = await import('@smithy/core/config');
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  const profile = env['AWS_PROFILE'] || 'default';
  return configFile[profile]?.[name] ?? credentialsFile[profile]?.[name];
}

function homeOf(env: Environment): string {
  try {
    return env['HOME'] || homedir();
  } catch {
    return '/';
  }
}
