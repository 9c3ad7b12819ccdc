import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { eventually } from '../fakes/eventually.ts';
import { scrape } from '../fakes/metrics.ts';
import { ledgerOf, type Ledger } from '../faults/ledger.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
export const IMAGE = 'localhost/xrayd:test';
export const BASE = 'localhost/xrayd-base:test';

/** Why no image can be built and run here; '' when it can. */
export function whyNoImages(): string {
  const missing = ['buildah', 'podman', 'runc', 'skopeo'].filter(
    (tool) => spawnSync(tool, ['--version']).error !== undefined,
  );
  if (missing.length > 0) return `${missing.join(', ')} not installed`;
  if (process.getuid?.() !== 0) return 'not root';
  return '';
}

/** Builds the image from the Dockerfile, over a base made here in place of distroless. */
export function buildImage(): void {
  execFileSync('test/image/base.sh', [BASE], { cwd: REPOSITORY, stdio: 'inherit' });
  execFileSync(process.execPath, ['scripts/image.ts', '--tag', IMAGE, '--base', BASE, '--with', 'buildah'], {
    cwd: REPOSITORY,
    stdio: 'inherit',
  });
}

export interface ContainerConfig {
  /** Arguments after the image: what ECS calls the command and Kubernetes the args. */
  readonly args?: readonly string[];
  /** Replaces the entry point, as `command` of Kubernetes does. */
  readonly entrypoint?: readonly string[];
  readonly memory?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Files of this machine, read-only, by their path in the container. */
  readonly mounts?: Readonly<Record<string, string>>;
  readonly httpPort: number;
}

/** Podman's own are above what a machine without all capabilities may set. */
export const LIMITS = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=4096:4096'];
const RUN = [
  ...'--runtime runc run --rm --network=host --read-only --read-only-tmpfs=false --cap-drop=all'.split(' '),
  '--security-opt=no-new-privileges',
  ...LIMITS,
];
let counter = 0;

/**
 * A container of the image: another user than root, a read-only root, no capabilities, as the chart runs it. On this
 * machine's network.
 */
export class Container {
  readonly name = `xrayd-test-${process.pid}-${counter++}`;
  readonly #process: ChildProcess;
  readonly #httpUrl: string;
  output = '';

  constructor({ args = [], entrypoint, memory = '256m', env = {}, mounts = {}, httpPort }: ContainerConfig) {
    this.#httpUrl = `http://127.0.0.1:${httpPort}`;
    const variables = { AWS_EC2_METADATA_DISABLED: 'true', XRAYD_HTTP_ADDRESS: `127.0.0.1:${httpPort}`, ...env };
    this.#process = spawn('podman', [
      ...RUN,
      '--name',
      this.name,
      '--memory',
      memory,
      '--memory-swap',
      memory,
      ...Object.entries(variables).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
      ...Object.entries(mounts).flatMap(([path, file]) => ['-v', `${file}:${path}:ro`]),
      ...(entrypoint === undefined ? [] : ['--entrypoint', JSON.stringify(entrypoint)]),
      IMAGE,
      ...args,
    ]);
    for (const stream of [this.#process.stdout!, this.#process.stderr!])
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
  }

  async ready(): Promise<this> {
    await eventually(() => {
      if (this.#process.exitCode !== null) throw new Error(`the container ended: ${this.output}`);
      return this.output.includes('xrayd is ready');
    });
    return this;
  }

  async metrics(): Promise<Record<string, number>> {
    return scrape(this.#httpUrl);
  }

  async ledger(): Promise<Ledger> {
    return ledgerOf(await this.metrics());
  }

  /** Runs a program in it, without a shell. */
  exec(...command: readonly string[]): { code: number | null; output: string } {
    const { status, stdout, stderr } = spawnSync('podman', ['--runtime', 'runc', 'exec', this.name, ...command], {
      encoding: 'utf8',
    });
    return { code: status, output: stdout + stderr };
  }

  /** Of the kernel: the most memory that its control group ever had, and what it killed for want of it. */
  memory(): { peakMb: number; oomKills: number } {
    const pid = execFileSync('podman', ['inspect', '--format', '{{.State.Pid}}', this.name], {
      encoding: 'utf8',
    }).trim();
    const groups = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
    const v1 = /^\d+:memory:(.*)$/m.exec(groups)?.[1];
    const folder = v1 === undefined ? `/sys/fs/cgroup${/^0::(.*)$/m.exec(groups)?.[1]}` : `/sys/fs/cgroup/memory${v1}`;
    const read = (file: string): string => readFileSync(`${folder}/${file}`, 'utf8');
    const peak = Number(read(v1 === undefined ? 'memory.peak' : 'memory.max_usage_in_bytes'));
    const kills = Number(/^oom_kill (\d+)/m.exec(read(v1 === undefined ? 'memory.events' : 'memory.oom_control'))?.[1]);
    return { peakMb: peak / 1e6, oomKills: kills };
  }

  /** What the orchestrator does at the end: SIGTERM. Says the exit code and how long it took. */
  async stop(): Promise<{ code: number | null; seconds: number }> {
    const startMs = performance.now();
    if (this.#process.exitCode === null) {
      spawnSync('podman', ['kill', '--signal', 'TERM', this.name]);
      await once(this.#process, 'exit');
    }
    return { code: this.#process.exitCode, seconds: (performance.now() - startMs) / 1000 };
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    spawnSync('podman', ['kill', this.name]);
    await once(this.#process, 'exit');
  }
}
