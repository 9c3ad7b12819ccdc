import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { eventually } from './eventually.ts';
import { scrape } from './metrics.ts';
import { ENVIRONMENT, PROGRAM } from './program.ts';

export interface DaemonOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The program; by default, xrayd from its sources. */
  readonly command?: readonly string[];
  readonly cwd?: string;
  /** Bind to free ports, unless the arguments name some; true by default. */
  readonly hasFreePorts?: boolean;
}

export interface LogRecord {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A daemon in a separate process, on free loopback ports, without this machine's AWS environment. */
export class DaemonProcess {
  readonly #child: ChildProcess;
  readonly #ports = new Map<string, number>();
  stdout = '';
  stderr = '';

  constructor({ args = [], env = {}, command = PROGRAM, cwd, hasFreePorts = true }: DaemonOptions = {}) {
    const [program = '', ...first] = command;
    const ports = ['--bind', '--bind-tcp', '--http-address'].flatMap((flag) =>
      args.includes(flag) ? [] : [flag, '127.0.0.1:0'],
    );
    // A local X-Ray receives spans on fixed ports by default, which one test at a time could have.
    const otlp = ['--otlp-http', '--otlp-grpc', '--zipkin'].flatMap((flag) =>
      args.includes('local') && !args.includes(flag) ? [flag, 'off'] : [],
    );
    this.#child = spawn(program, [...first, ...(hasFreePorts ? [...ports, ...otlp] : []), ...args], {
      env: { ...ENVIRONMENT, ...env },
      ...(cwd === undefined ? {} : { cwd }),
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The JSON lines of both streams. */
  get log(): LogRecord[] {
    const lines = `${this.stdout}\n${this.stderr}`.split('\n').filter((line) => line.startsWith('{'));
    return lines.flatMap((line) => {
      try {
        return [JSON.parse(line) as LogRecord];
      } catch {
        return [];
      }
    });
  }

  find(pattern: RegExp): LogRecord | undefined {
    return this.log.find((line) => pattern.test(line.msg));
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async ready(): Promise<this> {
    await eventually(() => {
      if (!this.isRunning) throw new Error(`the daemon ended: ${this.stdout}${this.stderr}`);
      return this.find(/is ready/) !== undefined;
    });
    return this;
  }

  get udpPort(): number {
    return this.portOf(/receiving segments on UDP/);
  }

  get tcpUrl(): string {
    return `http://127.0.0.1:${this.portOf(/answering (sampling calls )?on TCP/)}`;
  }

  get httpUrl(): string {
    return `http://127.0.0.1:${this.portOf(/health and metrics on HTTP/)}`;
  }

  /** Sends datagrams unchanged, one after the other. */
  async send(...datagrams: readonly (string | Buffer)[]): Promise<void> {
    const socket = createSocket('udp4');
    for (const datagram of datagrams) {
      await new Promise<void>((done, fail) =>
        socket.send(datagram, this.udpPort, '127.0.0.1', (error) => (error ? fail(error) : done())),
      );
    }
    socket.close();
  }

  metrics(): Promise<Record<string, number>> {
    return scrape(this.httpUrl);
  }

  async end(): Promise<{ code: number | null; signal: string | null }> {
    if (this.isRunning) await once(this.#child, 'exit');
    return { code: this.#child.exitCode, signal: this.#child.signalCode };
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    if (this.isRunning) this.#child.kill(signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<{ code: number | null; signal: string | null }> {
    this.kill(signal);
    return this.end();
  }

  /** The port in a line of the log, which is read once because it may become long. */
  portOf(pattern: RegExp): number {
    const known = this.#ports.get(pattern.source);
    if (known !== undefined) return known;
    const address = String(this.find(pattern)?.['address']);
    const port = Number(address.slice(address.lastIndexOf(':') + 1));
    if (!Number.isNaN(port)) this.#ports.set(pattern.source, port);
    return port;
  }
}
