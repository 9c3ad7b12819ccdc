import type { ConfigFile } from './config-file.ts';
import { messageOf, systemCodeOf, XraydError } from '../pipeline/errors.ts';
import { readWithin } from '../pipeline/read-file.ts';

/** Where the reference daemon looks when there is no -c. */
const DEFAULT_FILES = ['/etc/amazon/xray/cfg.yaml', 'cfg.yaml'] as const;

/** A pipe may be written to by a program that takes its time. */
const READ_MS = 5_000;

/**
 * Reads `path`, or the first of the default files that exists. undefined when none does, and for `undefined`: the command reads none.
 * Throws XRAYD_CONFIG for a named file that cannot be read, and for anything in a file that is not the reference's.
 */
export async function readConfigFile(path: string | undefined, defaults: readonly string[] = DEFAULT_FILES): Promise<ConfigFile | undefined> {
  if (path === undefined) return undefined;
  for (const candidate of path === '' ? defaults : [path]) {
    let bytes: Buffer;
    try {
      bytes = await readWithin(candidate, { timeoutMs: READ_MS });
    } catch (error) {
      if (path === '' && systemCodeOf(error) === 'ENOENT') continue;
      throw new XraydError('XRAYD_CONFIG', `cannot read ${candidate}: ${reasonOf(error)}`, { cause: error });
    }
    // The YAML parser is loaded only where there is a file.
    const { parseConfigFile } = await import('./parse-file.ts');
    return parseConfigFile(candidate, textOf(candidate, bytes), path === '');
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
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new XraydError('XRAYD_CONFIG', `${path} is not ${encoding.toUpperCase()} text`);
  }
}
