import type { ConfigFile, OnProblem } from './config-file.ts';
import { messageOf, systemCodeOf, XraydError } from '../pipeline/errors.ts';
import { readWithin } from '../pipeline/read-file.ts';

/** Where the reference daemon looks without -c. */
const DEFAULT_FILES = ['/etc/amazon/xray/cfg.yaml', 'cfg.yaml'] as const;

/** Enough for a slow program that writes to a pipe. */
const READ_MS = 5_000;

/**
 * Reads `path`, or the first default file that exists. undefined if none does, or if `path` is undefined: the command
 * reads no file.
 * Throws XRAYD_CONFIG if a named file cannot be read, or if a file contains anything that the reference does not
 * accept; `onProblem` is called instead for each value of the file that cannot be used.
 */
export async function readConfigFile(
  path: string | undefined,
  defaults: readonly string[] = DEFAULT_FILES,
  onProblem?: OnProblem,
): Promise<ConfigFile | undefined> {
  if (path === undefined) return undefined;
  for (const candidate of path === '' ? defaults : [path]) {
    let bytes: Buffer;
    try {
      bytes = await readWithin(candidate, { timeoutMs: READ_MS });
    } catch (error) {
      if (path === '' && systemCodeOf(error) === 'ENOENT') continue;
      throw new XraydError('XRAYD_CONFIG', `cannot read ${candidate}: ${reasonOf(error)}`, { cause: error });
    }
    // The YAML parser is loaded only if there is a file.
    const { parseConfigFile } = await import('./parse-file.ts');
    return parseConfigFile(candidate, textOf(candidate, bytes), path === '', onProblem);
  }
  return undefined;
}

function reasonOf(error: unknown): string {
  const code = systemCodeOf(error);
  if (code === 'ENOENT') return 'it does not exist';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES') return `user ${process.getuid?.()} may not read it`;
  return messageOf(error);
}

/** compat: YAML 1.1 is UTF-8 or, with a byte order mark, UTF-16. */
function textOf(path: string, bytes: Buffer): string {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new XraydError('XRAYD_CONFIG', `${path} is not ${encoding.toUpperCase()} text`);
  }
}
