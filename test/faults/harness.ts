import { createSocket } from 'node:dgram';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { numbered } from '../../bench/load/documents.ts';
import { Load } from '../../bench/load/load.ts';
import { Oracle, type Verdict } from '../../bench/load/oracle.ts';
import { selfSigned } from '../fakes/certificate.ts';
import { DaemonProcess } from '../fakes/daemon-process.ts';
import { freePort } from '../../src/compose/free-port.ts';
import { MemoryLimit } from '../fakes/memory-limit.ts';
import { HEADER } from '../fakes/fixtures.ts';
import { SetClock } from '../fakes/set-clock.ts';
import { EXAMPLE_KEYS } from '../fakes/xray.ts';
import { Gate } from './gate.ts';
import { Identity, type IdentityKind } from './identity.ts';
import { ledgerOf, type Ledger } from './ledger.ts';
import { PROGRAM } from '../fakes/program.ts';

/** A batch waits at most about half a minute for its next attempt. */
const MAX_BACK_OFF_MS = 40_000;

export interface HarnessConfig {
  /** Any daemon that takes the reference's flags and file; the sources of xrayd when not given. */
  readonly command?: readonly string[];
  /** Further flags, for this one scenario. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A module of this folder that the daemon loads first, to break something inside it. */
  readonly preload?: string;
  readonly memoryLimitMb?: number;
  /** Gives the daemon a folder of its own to spool to. */
  readonly hasSpool?: boolean;
  /** Longest file that it may write, in blocks of 512 bytes: a disk that is full. */
  readonly fileSizeBlocks?: number;
  /** Its wall clock can be set while it runs. */
  readonly hasSetClock?: boolean;
  /** A library of `hangingDisk`: syncing a file hangs while the folder of the run has a file "hang". */
  readonly disk?: string;
  /**
   * Who gives the daemon its credentials; the environment when not given. The first `hangs` calls are never answered.
   */
  readonly identity?: { readonly kind: IdentityKind; readonly hangs: number; readonly lifetimeMs: number };
  /** The host name in the endpoint; the address of the gate when not given. */
  readonly host?: string;
}

interface World {
  readonly oracle: Oracle;
  readonly gate: Gate;
  readonly identity: Identity | undefined;
}

/** A daemon, a network that can be broken, a TLS X-Ray that checks every document, and a load. */
export class Harness {
  readonly oracle: Oracle;
  readonly gate: Gate;
  readonly identity: Identity | undefined;
  #load: Load;
  #port: number;
  readonly #config: HarnessConfig;
  readonly #folder: string;
  readonly clock: SetClock;
  #daemon: DaemonProcess;
  /** Those that `surge` left running. */
  readonly #earlier: DaemonProcess[] = [];
  #limit: MemoryLimit | undefined;
  #peakRssMb = 0;
  #oomKills = 0;
  /** Told how a long scenario comes along. */
  onProgress: (line: string) => void = () => {};
  readonly #watch: NodeJS.Timeout;

  private constructor({ oracle, gate, identity }: World, port: number, config: HarnessConfig) {
    this.oracle = oracle;
    this.identity = identity;
    this.gate = gate;
    this.#port = port;
    this.#load = new Load(port);
    this.#config = config;
    this.#folder = mkdtempSync(join(tmpdir(), 'xrayd-faults-'));
    writeFileSync(
      join(this.#folder, 'cfg.yaml'),
      `Endpoint: "https://${config.host ?? '127.0.0.1'}:${gate.port}"\nNoVerifySSL: true\nVersion: 2\n`,
    );
    this.clock = new SetClock(this.#folder);
    this.#daemon = this.#spawn();
    this.#watch = setInterval(() => this.#measure(), 250);
  }

  static async start(config: HarnessConfig): Promise<Harness> {
    const identity = config.identity === undefined ? undefined : await Identity.start(config.identity);
    const credentials = identity === undefined ? {} : { credentials: identity.issued };
    const oracle = await new Oracle({ tls: await selfSigned('localhost'), ...credentials }).start();
    const gate = await new Gate(oracle.port).start();
    const harness = new Harness({ oracle, gate, identity }, await freePort(), config);
    try {
      await harness.#warmUp();
      return harness;
    } catch (error) {
      await harness.stop();
      throw error;
    }
  }

  get load(): Load {
    return this.#load;
  }

  get port(): number {
    return this.#port;
  }

  get daemon(): DaemonProcess {
    return this.#daemon;
  }

  get peakRssMb(): number {
    return this.#peakRssMb;
  }

  get oomKills(): number {
    return this.#oomKills;
  }

  get hasMemoryLimit(): boolean {
    return this.#limit !== undefined;
  }

  /** It is xrayd. */
  get isOurs(): boolean {
    return this.#config.command === undefined;
  }

  get folder(): string {
    return this.#folder;
  }

  get spoolFolder(): string {
    return join(this.#folder, 'spool');
  }

  verdict(): Verdict {
    return this.oracle.judge(this.load.offered);
  }

  async ledger(): Promise<Ledger> {
    return ledgerOf(await this.#daemon.metrics());
  }

  get openFiles(): number {
    return readdirSync(`/proc/${this.#daemon.pid}/fd`).length;
  }

  rssMb(): number {
    try {
      const status = readFileSync(`/proc/${this.#daemon.pid}/status`, 'utf8');
      return (Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024) / 1e6;
    } catch {
      return 0;
    }
  }

  /**
   * Waits until all that was offered has arrived, or nothing more does for `quietMs` and the daemon holds nothing; says
   * how long it took.
   */
  async settle(quietMs = 8_000): Promise<number> {
    const startMs = performance.now();
    let last = this.verdict().delivered;
    let lastMs = startMs;
    const isQuiet = async (): Promise<boolean> => {
      const forMs = performance.now() - lastMs;
      // A batch that failed several times waits for longer than `quietMs` before it is sent again.
      return forMs >= quietMs && (forMs >= MAX_BACK_OFF_MS || !(await this.#holdsSegments()));
    };
    while (this.verdict().missing > 0 && !(await isQuiet())) {
      await sleep(50);
      const { delivered } = this.verdict();
      if (delivered > last) lastMs = performance.now();
      last = delivered;
    }
    return lastMs - startMs;
  }

  async #holdsSegments(): Promise<boolean> {
    if (!this.isOurs || !this.#daemon.isRunning) return false;
    return this.ledger().then(
      ({ here }) => here > 0,
      () => false,
    );
  }

  /** Waits until nothing waits in the daemon any more. */
  async quiet(): Promise<void> {
    for (let tries = 0; tries < 600 && (await this.ledger()).here > 0; tries++) await sleep(50);
  }

  /** Another life of the daemon, on the same ports and with the same spool. The one before has to have ended. */
  async restart(): Promise<void> {
    this.respawn();
    await this.#daemon.ready();
  }

  /** The same, without waiting until it is ready. */
  respawn(): void {
    this.#limit?.remove();
    this.#daemon = this.#spawn();
  }

  /**
   * As a rolling update does: one more daemon with the same spool, on ports of its own, that gets the load from now on.
   * Resolves with the one before.
   */
  async surge(): Promise<DaemonProcess> {
    const before = this.#daemon;
    this.#earlier.push(before);
    this.#port = await freePort();
    this.#daemon = this.#spawn();
    await this.#daemon.ready();
    const first = this.#load.offered;
    this.#load.close();
    this.#load = new Load(this.#port, { first, base: 0 });
    return before;
  }

  async stop(): Promise<void> {
    clearInterval(this.#watch);
    this.load.close();
    for (const daemon of this.#earlier) await daemon.stop('SIGKILL');
    await this.daemon.stop('SIGKILL');
    SetClock.clear(this.daemon.pid);
    this.#limit?.remove();
    await this.gate.stop();
    await this.oracle.stop();
    await this.identity?.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #spawn(): DaemonProcess {
    const {
      command = PROGRAM,
      args = [],
      env = {},
      preload,
      memoryLimitMb,
      hasSpool = false,
      hasSetClock = false,
      fileSizeBlocks,
      disk,
    } = this.#config;
    const address = `127.0.0.1:${this.port}`;
    const spool = hasSpool ? ['--spool', this.spoolFolder] : [];
    const flags = [
      '-o',
      '-n',
      'us-east-1',
      '-c',
      join(this.#folder, 'cfg.yaml'),
      '-b',
      address,
      '-t',
      address,
      ...spool,
      ...args,
    ];
    let program = command;
    if (fileSizeBlocks !== undefined)
      program = ['sh', '-c', `trap '' XFSZ; ulimit -f ${fileSizeBlocks}; exec "$@"`, 'sh', ...program];
    if (memoryLimitMb !== undefined) this.#limit = MemoryLimit.create(memoryLimitMb * 1024 * 1024);
    return new DaemonProcess({
      command: this.#limit?.around(program) ?? program,
      args: flags,
      hasFreePorts: false,
      env: {
        ...(this.identity?.env ?? {
          ...EXAMPLE_KEYS,
        }),
        XRAYD_HTTP_ADDRESS: '127.0.0.1:0',
        // As in the image and the systemd unit.
        MALLOC_ARENA_MAX: '1',
        FAULTS_FOLDER: this.#folder,
        ...(disk === undefined ? {} : { LD_PRELOAD: disk }),
        ...(preload === undefined
          ? {}
          : { NODE_OPTIONS: `--import ${new URL(`./preload/${preload}.ts`, import.meta.url).href}` }),
        ...(hasSetClock ? this.clock.env : {}),
        ...env,
      },
    });
  }

  /** Resolves when a segment has arrived, and no other of the warm-up will. */
  async #warmUp(): Promise<void> {
    const socket = createSocket('udp4');
    const send = (): void => socket.send(HEADER + numbered(0, ''), this.port, '127.0.0.1');
    if (this.isOurs) {
      await this.#daemon.ready();
      send();
    }
    for (let tries = 0; tries < 200 && this.oracle.judge(1).delivered === 0; tries++) {
      if (!this.daemon.isRunning) throw new Error(`the daemon ended: ${this.daemon.stdout}${this.daemon.stderr}`);
      // Another daemon does not say when its ports are bound.
      if (!this.isOurs) send();
      await sleep(100);
    }
    socket.close();
    if (this.isOurs) await this.quiet();
    // The same number may have been sent more than once meanwhile.
    else await sleep(1_500);
    this.oracle.reset();
  }

  #measure(): void {
    this.#peakRssMb = Math.max(this.#peakRssMb, this.rssMb());
    this.#oomKills = Math.max(this.#oomKills, this.#limit?.oomKills ?? 0);
  }
}
