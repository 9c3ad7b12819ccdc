import type { DaemonProcess } from '../fakes/daemon-process.ts';

/** Resident memory of a daemon over the time of a run. Single readings are 15 MB apart between two collections of garbage, so means are compared. */
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
    this.#readings.push({ atMs: elapsedMs, mb: ((await this.#daemon.metrics())['process_resident_memory_bytes'] ?? 0) / 1e6 });
  }

  /** The means of the second and of the last quarter of the time, in MB. */
  means(): readonly [early: number, late: number] {
    return [this.#mean(1 / 4, 1 / 2), this.#mean(3 / 4, 1)];
  }

  #mean(from: number, to: number): number {
    const chosen = this.#readings.filter(({ atMs }) => atMs >= from * this.#durationMs && atMs <= to * this.#durationMs);
    return chosen.reduce((sum, { mb }) => sum + mb, 0) / chosen.length;
  }
}
