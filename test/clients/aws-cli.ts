import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { LocalXRay } from '../fakes/local-xray.ts';
import { prepareReader } from './prepare.ts';

const run = promisify(execFile);

export const AWS_CLI = prepareReader('aws-cli');
/** Runs `aws xray` against a local X-Ray, and gives what it prints. */
export async function awsXRay(local: LocalXRay, ...args: readonly string[]): Promise<unknown> {
  const env = {
    PATH: process.env['PATH'],
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const where = ['--endpoint-url', local.daemon.tcpUrl, '--region', 'us-east-1', '--output', 'json'];
  const { stdout } = await run(join(dirname(AWS_CLI.command![0]!), 'aws'), ['xray', ...args, ...where], { env });
  return JSON.parse(stdout) as unknown;
}

/** The documents of each trace that `aws xray batch-get-traces` prints, at most five of them. */
export async function documentsByCli(local: LocalXRay, ids: readonly string[]): Promise<Map<string, string[]>> {
  const { Traces } = (await awsXRay(local, 'batch-get-traces', '--trace-ids', ...ids)) as {
    Traces: { Id: string; Segments: { Document: string }[] }[];
  };
  return new Map(Traces.map(({ Id, Segments }) => [Id, Segments.map(({ Document }) => Document)]));
}

/** The IDs of the traces that `aws xray get-trace-summaries` finds. */
export async function idsByCli(local: LocalXRay, filter: string): Promise<string[]> {
  const times = ['--start-time', String(local.now - 600), '--end-time', String(local.now + 600)];
  const { TraceSummaries } = (await awsXRay(local, 'get-trace-summaries', ...times, '--filter-expression', filter)) as {
    TraceSummaries: { Id: string }[];
  };
  return TraceSummaries.map(({ Id }) => Id);
}
