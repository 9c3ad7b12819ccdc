import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, rmSync, writeFileSync } from 'node:fs';
import { eventually } from './eventually.ts';
import type { Scope } from './scope.ts';

/** A pipe instead of a file: a reader waits, as for a disk that does not answer. */
export class SilentPipe {
  readonly #path: string;
  readonly #scope: Scope;

  constructor(scope: Scope, path: string) {
    this.#scope = scope;
    this.#path = path;
    execFileSync('mkfifo', [path]);
  }

  /** Once a reader is waiting, later readers find `text` in the file. */
  async becomesFile(text: string): Promise<void> {
    await eventually(() => this.#hasReader());
    rmSync(this.#path);
    writeFileSync(this.#path, text);
  }

  /**
   * A pipe can be opened for writing only while it is open for reading. Its writing end stays open, so that the reader
   * sees no end of file.
   */
  #hasReader(): boolean {
    try {
      const descriptor = openSync(this.#path, constants.O_WRONLY | constants.O_NONBLOCK);
      this.#scope.add(() => closeSync(descriptor));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENXIO') return false;
      throw error;
    }
  }
}
