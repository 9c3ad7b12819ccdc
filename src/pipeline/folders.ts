import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it. Throws the system's error. Node's own `recursive` never returns below /proc, where a folder that could
 * not be made is not there either (Node 26).
 */
export function makeFolders(path: string, mode = 0o777): void {
  if (existsSync(path) || dirname(path) === path) return;
  makeFolders(dirname(path), mode);
  mkdirSync(path, { mode });
}
