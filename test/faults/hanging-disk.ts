import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('./preload/hang.c', import.meta.url));
const FOLDER = fileURLToPath(new URL('../../node_modules/.cache/xrayd/', import.meta.url));

/** The library that makes writes hang, compiled on the spot; undefined where there is no C compiler, or no Linux. */
export function hangingDisk(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const library = `${FOLDER}hang.so`;
  try {
    mkdirSync(FOLDER, { recursive: true });
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', `${library}.${process.pid}`, SOURCE, '-ldl'], {
      stdio: 'ignore',
    });
    renameSync(`${library}.${process.pid}`, library);
    return library;
  } catch {
    return undefined;
  }
}
