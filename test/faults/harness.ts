import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { selfSigned } from '../fakes/certificate.ts';
import { DaemonProcess } from '../fakes/daemon-process.ts';
import { freePort } from '../fakes/free-port.ts';
import { EXAMPLE_CREDENTIALS } from '../fakes/xray.ts';
import { Load } from './load.ts';
import { Oracle, type Verdict } from './oracle.ts';

export interface HarnessConfig {
  /** Any daemon that takes the reference's flags and file; the sources of xrayd when not given. */
  readonly command?: readonly string[];
  /** xrayd's bundle instead of its sources. */
  readonly isBundle?: boolean;
  /** Further flags, for this one scenario. */
  readonly args?: readonly string[];
}

/** A daemon, a TLS X-Ray that checks every document, and a load between them. */
export class Harness {
  readonly oracle: Oracle;
  readonly load: Load;
  readonly daemon: DaemonProcess;
  readonly #folder: string;
  #peakRssMb = 0;
  readonly #watch: NodeJS.Timeout;

  private constructor(oracle: Oracle, daemon: DaemonProcess, port: number, folder: string) {
    this.oracle = oracle;
    this.daemon = daemon;
    this.load = new Load(port);
    this.#folder = folder;
    this.#watch = setInterval(() => this.#measure(), 250);
  }

  static async start({ command, isBundle = false, args = [] }: HarnessConfig): Promise<Harness> {
    const oracle = await new Oracle({ tls: await selfSigned('localhost') }).start();
    const folder = mkdtempSync(join(tmpdir(), 'xrayd-faults-'));
    const port = await freePort();
    const file = join(folder, 'cfg.yaml');
    writeFileSync(file, `Endpoint: "${oracle.url}"\nNoVerifySSL: true\nVersion: 2\n`);
    const flags = ['-o', '-n', 'us-east-1', '-c', file, '-b', `127.0.0.1:${port}`, '-t', `127.0.0.1:${port}`, ...args];
    const env = {
      AWS_ACCESS_KEY_ID: EXAMPLE_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: EXAMPLE_CREDENTIALS.secretAccessKey,
      XRAYD_HTTP_ADDRESS: '127.0.0.1:0',
    };
    const program = command ?? (isBundle ? [process.execPath, 'dist/xrayd.cjs'] : undefined);
    const daemon = new DaemonProcess({ args: flags, env, hasFreePorts: false, ...(program === undefined ? {} : { command: program }) });
    const harness = new Harness(oracle, daemon, port, folder);
    await harness.#warmUp();
    return harness;
  }

  get peakRssMb(): number {
    return this.#peakRssMb;
  }

  verdict(): Verdict {
    return this.oracle.judge(this.load.offered);
  }

  /** Waits until all that was offered has arrived, or nothing more does for `quietMs`; says how long it took. */
  async settle(quietMs = 8_000): Promise<number> {
    const startMs = performance.now();
    let last = this.verdict().delivered;
    let lastMs = startMs;
    while (this.verdict().missing > 0 && performance.now() - lastMs < quietMs) {
      await sleep(50);
      const { delivered } = this.verdict();
      if (delivered > last) lastMs = performance.now();
      last = delivered;
    }
    return lastMs - startMs;
  }

  async stop(): Promise<void> {
    clearInterval(this.#watch);
    this.load.close();
    await this.daemon.stop('SIGKILL');
    await this.oracle.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Both ports are bound when the first segment has arrived; it is the first that is offered. */
  async #warmUp(): Promise<void> {
    for (let tries = 0; tries < 200 && this.verdict().delivered === 0; tries++) {
      if (!this.daemon.isRunning) throw new Error(`the daemon ended: ${this.daemon.stdout}${this.daemon.stderr}`);
      this.load.offered = 0;
      await this.load.burst(1);
      await sleep(100);
    }
    // The same number may have been sent more than once meanwhile.
    await sleep(1_500);
    this.oracle.documents.length = 0;
    this.oracle.requests.length = 0;
    this.oracle.reset();
    this.load.offered = 0;
  }

  #measure(): void {
    try {
      const status = readFileSync(`/proc/${this.daemon.pid}/status`, 'utf8');
      this.#peakRssMb = Math.max(this.#peakRssMb, (Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024) / 1e6);
    } catch {
      // The process has ended.
    }
  }
}
