import { spawnSync } from 'node:child_process';

/** Called by vitest once, before the first test: the tests drive the bundle. */
export function setup(): void {
  const { status } = spawnSync(process.execPath, ['scripts/build.ts'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    cwd: `${import.meta.dirname}/..`,
  });
  if (status !== 0) throw new Error('npm run build failed: see above');
}
