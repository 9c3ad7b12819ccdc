import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { messageOf, systemCodeOf } from '../pipeline/errors.ts';
import type { Logger } from '../pipeline/logger.ts';
import { readRegularFile } from '../pipeline/read-file.ts';

/** A file that is cut short, or that somebody emptied, holds no token. */
const TOKEN = /^[\da-f]{32}$/;

/**
 * A random token: for a store that is kept, the one in the file beside it (FILE-token), so that readers need no new
 * token after a restart. If the file can be neither read nor written, the token is valid for this process only, and a
 * warning says so.
 */
export function randomToken(dataFile: string, log: Logger): string {
  if (dataFile === '') return newToken();
  const file = `${dataFile}-token`;
  try {
    const kept = readKept(file);
    if (TOKEN.test(kept)) return kept;
    const token = newToken();
    writeFileSync(file, token, { mode: 0o600 });
    return token;
  } catch (error) {
    log.warn(
      { file, error: messageOf(error) },
      `${file} cannot be used: readers need a new token after the next restart`,
    );
    return newToken();
  }
}

function readKept(file: string): string {
  try {
    return readRegularFile(file).trim();
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return '';
    throw error;
  }
}

function newToken(): string {
  return randomBytes(16).toString('hex');
}
