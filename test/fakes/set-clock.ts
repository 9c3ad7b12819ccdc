import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const LIBRARIES = '/usr/lib';
const library = (existsSync(LIBRARIES) ? readdirSync(LIBRARIES) : [])
  .map((folder) => join(LIBRARIES, folder, 'faketime/libfaketimeMT.so.1'))
  .find((path) => existsSync(path));

/** Why the clock of a process cannot be set here; "" if it can. */
export const noSetClock = library === undefined ? 'libfaketime is not installed' : '';
if (noSetClock !== '' && process.env['XRAYD_REQUIRE_FAKETIME'] !== undefined) throw new Error(noSetClock);

/**
 * The wall clock of one process, which can be set while it runs; its monotonic clock is not affected. Uses Debian's
 * libfaketime.
 */
export class SetClock {
  readonly #file: string;
  #changes = 0;

  /** `folder`: for libfaketime's file. */
  constructor(folder: string) {
    this.#file = join(folder, 'clock');
    this.set(0);
  }

  /** The environment for starting the process. */
  get env(): Record<string, string> {
    return {
      LD_PRELOAD: library ?? '',
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
  }

  /** Sets the clock so many seconds ahead of the real time; a negative number sets it back. */
  set(aheadSeconds: number): void {
    const next = `${this.#file}.${this.#changes++}`;
    writeFileSync(next, `${aheadSeconds < 0 ? '-' : '+'}${Math.abs(aheadSeconds)}\n`);
    renameSync(next, this.#file);
  }

  /** Removes what libfaketime leaves of a killed process. */
  static clear(pid: number): void {
    for (const name of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`])
      rmSync(join('/dev/shm', name), { force: true });
  }
}
