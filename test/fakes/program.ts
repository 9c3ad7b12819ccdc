import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/**
 * The file that users run, built by test/build.ts before the first test. It starts with a third of the CPU time of
 * src/main.ts.
 */
export const BUNDLE = fileURLToPath(new URL('../../dist/xrayd.cjs', import.meta.url));

/** The command that starts xrayd. */
export const PROGRAM = [process.execPath, BUNDLE] as const;

/** The environment of a process under test: nothing of this machine's AWS. */
export const ENVIRONMENT: Readonly<Record<string, string | undefined>> = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  AWS_EC2_METADATA_DISABLED: 'true',
  // Set by vitest.config.ts, not where memory or time is measured.
  NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
};

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of xrayd to its end, without access to anything outside. */
export async function xrayd(
  args: readonly string[],
  { input = '', env = {} }: { input?: string; env?: Record<string, string> } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [BUNDLE, ...args], {
    env: { ...ENVIRONMENT, ...env },
  });
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}
