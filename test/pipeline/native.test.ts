import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const MODULE = JSON.stringify(new URL('../../src/pipeline/native.ts', import.meta.url).href);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = (flags: readonly string[], code: string) =>
  promisify(execFile)(process.execPath, [...flags, '--input-type=module', '--eval', code]);

test('freed memory goes back to the system without a warning', async () => {
  const code = `import { returnFreedMemory } from ${MODULE};
    returnFreedMemory();
    process.emitWarning('another one');`;
  const { stderr } = await run([], code);
  expect(stderr).toMatch(/another one/);
  expect(stderr).not.toMatch(/experimental/i);
});

test('nothing happens where node:ffi may not be used', async () => {
  const code = `import { nativeModule, returnFreedMemory } from ${MODULE};
    returnFreedMemory();
    try { nativeModule().dlopen(null, {}); } catch ({ code }) { console.log(code); }`;
  expect((await run(['--permission', `--allow-fs-read=${ROOT}`], code)).stdout).toBe('ERR_ACCESS_DENIED\n');
});
