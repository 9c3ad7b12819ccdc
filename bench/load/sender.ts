import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { numbered, paddingOf, type Size } from './documents.ts';

const HEADER = '{"format":"json","version":1}\n';

/** Sends numbered segments; each call resolves with the next number. One call at a time. */
export interface Sender {
  burst(count: number, size: Size): Promise<number>;
  /** Changes evenly from one rate to another; `from` = `to` is steady. */
  paced(from: number, to: number, seconds: number, size: Size): Promise<number>;
  close(): void;
}

export interface SenderConfig {
  readonly port: number;
  /** The first number. */
  readonly first: number;
  readonly sockets: number;
}

/**
 * sender.c if there is a C compiler (300,000 datagrams per second); otherwise this process (40,000, sharing its core
 * with the fake X-Ray).
 */
export function startSender(config: SenderConfig): Sender {
  const program = compiled();
  return program === undefined ? new OwnSender(config) : new CSender(program, config);
}

const SOURCE = fileURLToPath(new URL('sender.c', import.meta.url));
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/xrayd/', import.meta.url));

/** The program, compiled once for each version of its source; undefined without a compiler. */
function compiled(): string | undefined {
  const program = `${CACHE}sender-${createHash('sha256').update(readFileSync(SOURCE)).digest('hex').slice(0, 12)}`;
  if (existsSync(program)) return program;
  try {
    mkdirSync(CACHE, { recursive: true });
    execFileSync('cc', ['-O2', '-o', `${program}.${process.pid}`, SOURCE], { stdio: 'ignore' });
    renameSync(`${program}.${process.pid}`, program);
    return program;
  } catch {
    return undefined;
  }
}

class CSender implements Sender {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #waiting: { resolve: (next: number) => void; reject: (error: Error) => void }[] = [];
  #text = '';

  constructor(program: string, { port, first, sockets }: SenderConfig) {
    this.#child = spawn(program, [port, first, sockets].map(String), { stdio: 'pipe' });
    this.#child.stdout.on('data', (chunk: Buffer) => this.#read(chunk.toString()));
    this.#child.stderr.on('data', (chunk: Buffer) => this.#fail(chunk.toString()));
    this.#child.on('exit', (code) => this.#fail(`the sender ended with ${code}`));
    this.#child.stdin.on('error', () => {});
  }

  burst(count: number, { bytes, kind }: Size): Promise<number> {
    return this.#ask(`burst ${count} ${bytes} ${kind}`);
  }

  paced(from: number, to: number, seconds: number, { bytes, kind }: Size): Promise<number> {
    return this.#ask(
      from === to ? `steady ${from} ${seconds} ${bytes} ${kind}` : `ramp ${from} ${to} ${seconds} ${bytes} ${kind}`,
    );
  }

  close(): void {
    this.#child.stdin.end();
    this.#child.kill();
  }

  #ask(command: string): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#waiting.push({ resolve, reject });
    this.#child.stdin.write(`${command}\n`);
    return promise;
  }

  #read(text: string): void {
    this.#text += text;
    const lines = this.#text.split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) this.#waiting.shift()?.resolve(Number(/^sent (\d+)$/.exec(line)?.[1]));
  }

  #fail(reason: string): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new Error(reason));
  }
}

export class OwnSender implements Sender {
  readonly #sockets: Socket[];
  readonly #port: number;
  #next: number;

  constructor({ port, first, sockets }: SenderConfig) {
    this.#port = port;
    this.#next = first;
    this.#sockets = Array.from({ length: sockets }, () =>
      createSocket({ type: 'udp4', sendBufferSize: 4 * 1024 * 1024 }),
    );
  }

  async burst(count: number, size: Size): Promise<number> {
    const padding = paddingOf(size);
    const sends: Promise<void>[] = [];
    for (let i = 0; i < count; i++) sends.push(this.#send(padding));
    await Promise.all(sends);
    return this.#next;
  }

  async paced(from: number, to: number, seconds: number, size: Size): Promise<number> {
    const startMs = performance.now();
    const first = this.#next;
    for (;;) {
      const elapsed = Math.min(seconds, (performance.now() - startMs) / 1000);
      const due = first + Math.floor(from * elapsed + ((to - from) * elapsed * elapsed) / (2 * seconds));
      if (due > this.#next) await this.burst(due - this.#next, size);
      if (elapsed >= seconds) return this.#next;
      await new Promise((next) => setTimeout(next, 5));
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }

  #send(padding: string): Promise<void> {
    const n = this.#next++;
    const socket = this.#sockets[n % this.#sockets.length]!;
    return new Promise((done, fail) =>
      socket.send(HEADER + numbered(n, padding, (Date.now() / 1000).toFixed(6)), this.#port, '127.0.0.1', (error) =>
        error ? fail(error) : done(),
      ),
    );
  }
}
