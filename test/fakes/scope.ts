import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, test } from 'vitest';
import { DaemonProcess, type DaemonOptions } from './daemon-process.ts';

/**
 * Stops what a test started, in reverse order, after the test. One per file, whose tests run one after the other; or
 * see `scopedTest`.
 */
export class Scope {
  readonly #cleanUps: (() => unknown)[] = [];

  constructor({ isOfFile = true }: { isOfFile?: boolean } = {}) {
    if (isOfFile) afterEach(() => this.end());
  }

  /** Stops what several tests share, after the last of them: call it in the file or in `describe`. */
  static shared(): Scope {
    const scope = new Scope({ isOfFile: false });
    afterAll(() => scope.end());
    return scope;
  }

  async end(): Promise<void> {
    for (const cleanUp of this.#cleanUps.splice(0).toReversed()) await cleanUp();
  }

  async start<T extends { start(): Promise<unknown>; stop(): Promise<unknown> }>(server: T): Promise<T> {
    await server.start();
    this.#cleanUps.push(() => server.stop());
    return server;
  }

  /** Makes `server` listen on a free port of loopback, which it resolves with. Its connections are cut at the end. */
  async listen(server: Server): Promise<number> {
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    this.#cleanUps.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  /** Runs after the test. */
  add(cleanUp: () => unknown): void {
    this.#cleanUps.push(cleanUp);
  }

  /** A daemon that is killed at the end; does not wait until it is ready. */
  spawn(options: DaemonOptions): DaemonProcess {
    const daemon = new DaemonProcess(options);
    this.#cleanUps.push(() => daemon.stop('SIGKILL'));
    return daemon;
  }

  /** A daemon that is ready. */
  daemon(options: DaemonOptions): Promise<DaemonProcess> {
    return this.spawn(options).ready();
  }

  folder(): string {
    const path = mkdtempSync(join(tmpdir(), 'xrayd-test-'));
    this.#cleanUps.push(() => rmSync(path, { recursive: true, force: true }));
    return path;
  }
}

/**
 * Tests with a scope each, so that tests that mostly wait can run concurrently: `scopedTest.concurrent('…', async ({
 * scope }) => …)`.
 */
export const scopedTest = test.extend<{ scope: Scope }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads from it which other fixtures this one needs
  scope: async ({}, use) => {
    const scope = new Scope({ isOfFile: false });
    await use(scope);
    await scope.end();
  },
});
