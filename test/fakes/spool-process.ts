import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import type { Snapshot } from '../../src/pipeline/accounting.ts';
import type { MemoryLog } from './log.ts';
import type { Scope } from './scope.ts';

type Question =
  | { readonly name: 'look' | 'stop' }
  | { readonly name: 'write'; readonly documents: string[] }
  | { readonly name: 'send'; readonly batches: number };
export type ToSpoolChild = Question & { readonly id: number };

export interface FromSpoolChild {
  readonly id: number;
  readonly isWritten: boolean;
  readonly sent: readonly string[];
  readonly snapshot: Snapshot;
  readonly imbalance: number;
  readonly log: ReturnType<MemoryLog['find']>;
}

/** The program as one file, for each user: it starts with half of the CPU time of the sources. */
const CHILD = join(mkdtempSync(join(tmpdir(), 'xrayd-spool-child-')), 'child.mjs');
chmodSync(join(CHILD, '..'), 0o755);
process.once('exit', () => rmSync(join(CHILD, '..'), { recursive: true, force: true }));
buildSync({
  entryPoints: [fileURLToPath(new URL('spool-child.ts', import.meta.url))],
  outfile: CHILD,
  bundle: true,
  platform: 'node',
  format: 'esm',
  logLevel: 'error',
});

/** Whether this process may create PID namespaces. */
export const canUnshare = spawnSync('unshare', ['--pid', '--fork', 'true']).status === 0;

/** A process with a spool in a shared folder: locks, unlike objects, end with their process. */
export class SpoolProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: FromSpoolChild) => void>();
  #questions = 0;

  private constructor(
    folder: string,
    { maxBytes = 10_000_000, lookEveryMs = 50, isNamespaced = false, uid }: SpoolProcessOptions,
  ) {
    const args = [folder, String(maxBytes), String(lookEveryMs)];
    const around = isNamespaced ? ['unshare', '--pid', '--fork', '--kill-child', process.execPath] : [process.execPath];
    const [execPath = '', ...execArgv] = around;
    this.#child = fork(CHILD, args, { execPath, execArgv, ...(uid === undefined ? {} : { uid, gid: uid }) });
    this.#child.setMaxListeners(0);
    this.#child.on('message', (answer: FromSpoolChild) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  /** Killed at the end of the test. */
  static async startIn(scope: Scope, folder: string, options: SpoolProcessOptions = {}): Promise<SpoolProcess> {
    const one = await SpoolProcess.start(folder, options);
    scope.add(() => one.kill());
    return one;
  }

  static async start(folder: string, options: SpoolProcessOptions = {}): Promise<SpoolProcess> {
    const one = new SpoolProcess(folder, options);
    const { promise, resolve } = Promise.withResolvers<FromSpoolChild>();
    one.#waiting.set(0, resolve);
    await promise;
    return one;
  }

  ask(question: Question): Promise<FromSpoolChild> {
    const { promise, resolve, reject } = Promise.withResolvers<FromSpoolChild>();
    const id = ++this.#questions;
    this.#waiting.set(id, resolve);
    this.#child.once('exit', () => reject(new Error('the process ended')));
    this.#child.send({ ...question, id } satisfies ToSpoolChild);
    return promise;
  }

  async look(): Promise<FromSpoolChild> {
    return this.ask({ name: 'look' });
  }

  async write(...documents: string[]): Promise<boolean> {
    return (await this.ask({ name: 'write', documents })).isWritten;
  }

  /** Takes batches out of the spool; resolves with their documents. */
  async send(batches = Infinity): Promise<readonly string[]> {
    return (await this.ask({ name: 'send', batches: Math.min(batches, 1e9) })).sent;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  /** The last snapshot, like a daemon's last scrape. */
  async stop(): Promise<FromSpoolChild> {
    const last = await this.ask({ name: 'stop' });
    await this.kill();
    return last;
  }
}

export interface SpoolProcessOptions {
  readonly maxBytes?: number;
  /** In a separate PID namespace, as in a container. */
  readonly isNamespaced?: boolean;
  readonly uid?: number;
  readonly lookEveryMs?: number;
}
