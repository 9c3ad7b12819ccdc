import { spawn } from 'node:child_process';
import { eventually } from '../fakes/eventually.ts';
import type { Scope } from '../fakes/scope.ts';

/** Starts a traced application; resolves with a function that requests a path of it and gives the status. */
export async function startApplication(
  command: readonly string[],
  daemonAddress: string,
  scope: Scope,
): Promise<(path: string) => Promise<number>> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { env: { PATH: process.env['PATH'], AWS_XRAY_DAEMON_ADDRESS: daemonAddress } });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  scope.add(() => child.kill('SIGKILL'));
  await eventually(() => /^listening \d+$/m.test(output), 30_000, `the client did not start: ${output}`);
  const port = /^listening (\d+)$/m.exec(output)?.[1];
  return async (path) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
}
