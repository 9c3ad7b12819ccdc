import { unlink } from 'node:fs/promises';
import { messageOf, systemCodeOf } from '../../pipeline/errors.ts';
import type { Logger } from '../../pipeline/logger.ts';
import type { HeldFile } from './owned-folder.ts';

/** Removes files whose segments are sent, refused or dropped. Where the disk does not let it, it tries again: the next process would send them once more. */
export class Removal {
  readonly #log: Logger;
  readonly #left = new Set<HeldFile>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** What is still on the disk. */
  get left(): Iterable<HeldFile> {
    return this.#left;
  }

  /** Resolves with whether it is gone. Never rejects. */
  async remove(file: HeldFile): Promise<boolean> {
    try {
      await unlink(file.folder.at(file.name));
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') {
        this.#left.add(file);
        const fields = { file: file.name, error: messageOf(error) };
        this.#log.limited('spool_remove', 'warn', fields, 'a file of the spool cannot be removed; until it can, a restart would send it again');
        return false;
      }
    }
    this.#left.delete(file);
    file.folder.letGo();
    return true;
  }

  /** Tries again, until one cannot be removed. */
  async retry(): Promise<void> {
    for (const file of this.#left) if (!(await this.remove(file))) return;
  }
}
