import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DaemonProcess } from '../fakes/daemon-process.ts';

/** For all threads to see that they should collect, and to do it, on a busy machine. */
const COLLECT_MS = 5_000;

/**
 * Lets all threads of a daemon collect their garbage. Each of V8's heaps grows by some megabytes before it collects by
 * itself, one that does little not for ten minutes: resident memory alone says as much of the number of requests so far
 * as of what is kept.
 */
export class Collection {
  readonly #folder = mkdtempSync(join(tmpdir(), 'xrayd-fuzz-'));
  readonly #file = join(this.#folder, 'collect');
  /** Of the daemon. */
  readonly env = { NODE_OPTIONS: `--import ${new URL('collect.ts', import.meta.url).href}`, FUZZ_COLLECT: this.#file };

  /** Resident memory afterwards, in MB. Nothing should be asked of the daemon until then. */
  async residentMb(daemon: DaemonProcess): Promise<number> {
    writeFileSync(this.#file, '');
    await sleep(COLLECT_MS);
    return residentMb(daemon);
  }

  end(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function residentMb(daemon: DaemonProcess): Promise<number> {
  return ((await daemon.metrics())['process_resident_memory_bytes'] ?? 0) / 1e6;
}

/**
 * Resident memory of a daemon over the time of a run. Single readings are 15 MB apart between two collections of
 * garbage, so means are compared.
 */
export class MemoryReadings {
  readonly #daemon: DaemonProcess;
  readonly #durationMs: number;
  readonly #readings: { atMs: number; mb: number }[] = [];
  #nextMs = 0;

  constructor(daemon: DaemonProcess, durationMs: number) {
    this.#daemon = daemon;
    this.#durationMs = durationMs;
  }

  get lastMb(): number {
    return this.#readings.at(-1)?.mb ?? 0;
  }

  /** Reads when it is time: about a hundred times in all. */
  async at(elapsedMs: number): Promise<void> {
    if (elapsedMs <= this.#nextMs) return;
    this.#nextMs += this.#durationMs / 100;
    this.#readings.push({ atMs: elapsedMs, mb: await residentMb(this.#daemon) });
  }

  /** The means of the second and of the last quarter of the time, in MB. */
  means(): readonly [early: number, late: number] {
    return [this.#mean(1 / 4, 1 / 2), this.#mean(3 / 4, 1)];
  }

  #mean(from: number, to: number): number {
    const chosen = this.#readings.filter(
      ({ atMs }) => atMs >= from * this.#durationMs && atMs <= to * this.#durationMs,
    );
    return chosen.reduce((sum, { mb }) => sum + mb, 0) / chosen.length;
  }
}
