import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const V1 = '/sys/fs/cgroup/memory';
const V2 = '/sys/fs/cgroup';
let made = 0;

/** A memory limit as Kubernetes sets it: a separate control group (v1 or v2) for one process. */
export class MemoryLimit {
  readonly #folder: string;
  readonly #isV1: boolean;

  private constructor(folder: string, isV1: boolean) {
    this.#folder = folder;
    this.#isV1 = isV1;
  }

  /** undefined if this user may not create control groups. */
  static create(bytes: number): MemoryLimit | undefined {
    const isV1 = existsSync(join(V1, 'memory.limit_in_bytes'));
    const folder = join(isV1 ? V1 : V2, `xrayd-test-${process.pid}-${made++}`);
    try {
      mkdirSync(folder);
      writeFileSync(join(folder, isV1 ? 'memory.limit_in_bytes' : 'memory.max'), String(bytes));
      return new MemoryLimit(folder, isV1);
    } catch {
      return undefined;
    }
  }

  /** A command that runs `command` with the limit from its first instruction on. */
  around(command: readonly string[]): string[] {
    return ['sh', '-c', `echo $$ > ${this.#folder}/cgroup.procs && exec "$@"`, 'sh', ...command];
  }

  get oomKills(): number {
    const text = readFileSync(join(this.#folder, this.#isV1 ? 'memory.oom_control' : 'memory.events'), 'utf8');
    return Number(/^oom_kill (\d+)/m.exec(text)?.[1] ?? 0);
  }

  /** The peak memory of its processes, as the limit counts it: including the page cache of files that only they use. */
  get peakBytes(): number {
    return Number(readFileSync(join(this.#folder, this.#isV1 ? 'memory.max_usage_in_bytes' : 'memory.peak'), 'utf8'));
  }

  /** The present memory without page cache, which the kernel cannot reclaim. */
  get anonymousBytes(): number {
    const text = readFileSync(join(this.#folder, 'memory.stat'), 'utf8');
    return Number((this.#isV1 ? /^total_rss (\d+)/m : /^anon (\d+)/m).exec(text)?.[1] ?? 0);
  }

  /** Call it when the process has ended. */
  remove(): void {
    rmdirSync(this.#folder);
  }
}
