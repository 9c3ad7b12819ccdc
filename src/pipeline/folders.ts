import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Creates a folder and its parents. Throws the system's error. Node's own `recursive` option never returns for a path
 * below /proc, where a failed mkdir leaves no folder behind (Node 26).
 */
export function makeFolders(path: string, mode = 0o777): void {
  if (existsSync(path) || dirname(path) === path) return;
  makeFolders(dirname(path), mode);
  mkdirSync(path, { mode });
}
