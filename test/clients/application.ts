import { spawn } from 'node:child_process';
import { eventually } from '../fakes/eventually.ts';
import type { Scope } from '../fakes/scope.ts';

export interface Application {
  readonly url: string;
  /** Requests a path, and gives the status. */
  readonly request: (path: string, headers?: Readonly<Record<string, string>>) => Promise<number>;
  /** Ends it as a supervisor does, so that its SDK sends what it still has. */
  readonly stop: () => void;
}

/** Starts a traced application with these variables. */
export async function startApplication(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  scope: Scope,
): Promise<Application> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    env: { PATH: process.env['PATH'], AWS_EC2_METADATA_DISABLED: 'true', ...env },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  scope.add(() => child.kill('SIGKILL'));
  await eventually(() => /^listening \d+$/m.test(output), 30_000, `the client did not start: ${output}`);
  const port = /^listening (\d+)$/m.exec(output)?.[1];
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    request: async (path, headers = {}) => (await fetch(url + path, { headers })).status,
    stop: () => child.kill('SIGTERM'),
  };
}
