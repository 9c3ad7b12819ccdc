import { fileURLToPath } from 'node:url';

/** The file that users run, built by test/build.ts before the first test. It starts with a third of the CPU time that src/main.ts takes. */
export const BUNDLE = fileURLToPath(new URL('../../dist/xrayd.cjs', import.meta.url));

/** The command that starts xrayd. */
export const PROGRAM = [process.execPath, BUNDLE] as const;
