import { messageOf, XraydError } from '../pipeline/errors.ts';
import { within } from '../pipeline/deadline.ts';
import { directCall } from './direct-call.ts';
import { readTextFile } from '../pipeline/read-file.ts';
import type { Environment } from '../pipeline/environment.ts';
import { regionOf, regionOfTask } from './identity-answers.ts';
import { readInstanceMetadata } from './imds.ts';
import { profileOf } from './profiles.ts';
import { FILE_TIMEOUT_MS, settingOfProfile } from './shared-files.ts';

/** Limit of each source; the longest limit of their own is two seconds. */
const SOURCE_TIMEOUT_MS = 5_000;

export interface FoundRegion {
  readonly region: string;
  readonly origin: string;
}

/**
 * Finds the region if no flag, variable or file sets it: from the profile, ECS metadata or IMDSv2, each with a short
 * timeout.
 * `isLocalMode` (-o) skips instance metadata. Throws XRAYD_REGION with a list of everything that was checked.
 */
export async function findRegion(env: Environment, isLocalMode: boolean): Promise<FoundRegion> {
  const tried: string[] = [];
  const sources: [string, () => Promise<string | undefined>][] = [
    [`profile ${profileOf(env)}`, () => regionOfProfile(env)],
    ['ECS metadata', () => regionOfEcs(env)],
  ];
  if (!isLocalMode)
    sources.push([
      'instance metadata',
      async () => regionOf((await readInstanceMetadata(['meta-data/placement/region'], env))[0]),
    ]);
  for (const [origin, find] of sources) {
    try {
      const region = await within(SOURCE_TIMEOUT_MS, 'timed out', find);
      if (region) return { region, origin };
      tried.push(`${origin}: none`);
    } catch (error) {
      tried.push(`${origin}: ${messageOf(error)}`);
    }
  }
  const looked = `AWS_REGION and AWS_DEFAULT_REGION: not set; ${tried.join('; ')}`;
  throw new XraydError(
    'XRAYD_REGION',
    `no AWS region: set --region, Region in cfg.yaml or AWS_REGION (looked at ${looked}). For a daemon without AWS run: xrayd local`,
  );
}

async function regionOfProfile(env: Environment): Promise<string | undefined> {
  const { problem, setting } = await settingOfProfile('region', env);
  if (problem !== undefined) throw new Error(problem);
  return setting;
}

/** Enough for a task with very many containers. */
const MAX_TASK_BYTES = 1024 * 1024;

/** From the task's ARN: from the metadata endpoint (version 4), or from the metadata file if the agent writes one. */
async function regionOfEcs(env: Environment): Promise<string | undefined> {
  const uri = env['ECS_CONTAINER_METADATA_URI_V4'];
  if (uri) {
    const { status, text } = await directCall(`${uri}/task`, { timeoutMs: 1_000, maxAnswerBytes: MAX_TASK_BYTES });
    if (status !== 200) throw new Error(`HTTP ${status}`);
    return regionOfTask(JSON.parse(text));
  }
  const file = env['ECS_CONTAINER_METADATA_FILE'];
  if (!file) return undefined;
  return regionOfTask(JSON.parse(await readTextFile(file, { timeoutMs: FILE_TIMEOUT_MS })));
}
