import { unlink } from 'node:fs/promises';
import { messageOf, systemCodeOf } from '../../pipeline/errors.ts';
import type { Logger } from '../../pipeline/logger.ts';
import type { HeldFile } from './owned-folder.ts';

/**
 * Deletes files whose segments are sent, refused or dropped. Retries failed deletions: otherwise the next process would
 * send the segments again.
 */
export class Removal {
  readonly #log: Logger;
  readonly #left = new Set<HeldFile>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Files that are still on disk. */
  get left(): Iterable<HeldFile> {
    return this.#left;
  }

  /** Resolves with whether the file is gone. Never rejects. */
  async remove(file: HeldFile): Promise<boolean> {
    try {
      await unlink(file.folder.at(file.name));
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') {
        this.#left.add(file);
        const fields = { file: file.name, error: messageOf(error) };
        this.#log.limited(
          'spool_remove',
          'warn',
          fields,
          'cannot delete a finished spool file; if xrayd restarts first, its segments are sent again',
        );
        return false;
      }
    }
    this.#left.delete(file);
    file.folder.letGo();
    return true;
  }

  /** Retries the deletions, until one fails again. */
  async retry(): Promise<void> {
    for (const file of this.#left) if (!(await this.remove(file))) return;
  }
}
