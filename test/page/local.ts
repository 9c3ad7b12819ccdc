import type { Page } from 'playwright-core';
import { afterAll } from 'vitest';
import { DaemonProcess } from '../fakes/daemon-process.ts';
import type { Scope } from '../fakes/scope.ts';
import type { Browser, PageOptions } from './browser.ts';
import { checkout, randomOf, request, type ShopTrace } from './shop.ts';

let shared: { daemon: DaemonProcess | undefined; isTaken: boolean } | undefined;

/** Deletes all traces, pinned ones too. */
async function forgetAll(url: string): Promise<void> {
  const clear = (): Promise<Response> => fetch(`${url}/api/clear`, { method: 'POST', body: '{}' });
  await clear();
  const { rows } = (await (await fetch(`${url}/api/traces`)).json()) as { rows: { id: string }[] };
  if (rows.length === 0) return;
  for (const { id } of rows) await fetch(`${url}/api/traces/${id}/pin`, { method: 'POST', body: '{"Pinned":false}' });
  await clear();
}

/** A local X-Ray whose page is looked at. */
export class ShownXRay {
  readonly daemon: DaemonProcess;
  readonly random = randomOf(7);

  private constructor(daemon: DaemonProcess) {
    this.daemon = daemon;
  }

  static of(daemon: DaemonProcess): ShownXRay {
    return new ShownXRay(daemon);
  }

  /**
   * The tests of this file share a process, one after the other, and each finds it without traces: its start takes as
   * long as many a test. Call it in the file.
   */
  static share(): void {
    shared = { daemon: undefined, isTaken: false };
    afterAll(() => shared?.daemon?.stop('SIGKILL'));
  }

  static async start(scope: Scope, ...args: string[]): Promise<ShownXRay> {
    // One with options, or a second one in a test, has a process of its own.
    if (shared?.isTaken === false && args.length === 0) {
      const mine = shared;
      mine.isTaken = true;
      scope.add(() => (mine.isTaken = false));
      if (mine.daemon?.isRunning !== true) mine.daemon = await new DaemonProcess({ args: ['local'] }).ready();
      await forgetAll(mine.daemon.tcpUrl);
      return new ShownXRay(mine.daemon);
    }
    const daemon = await scope.daemon({ args: ['local', ...args] });
    return new ShownXRay(daemon);
  }

  get url(): string {
    return this.daemon.tcpUrl;
  }

  /** Over UDP, as an SDK sends. */
  async send(trace: ShopTrace): Promise<string> {
    await this.daemon.send(...trace.texts.map((text) => `{"format":"json","version":1}\n${text}`));
    return trace.traceId;
  }

  /** Stored when it resolves. */
  async put(...traces: readonly ShopTrace[]): Promise<void> {
    const texts = traces.flatMap((trace) => trace.texts);
    for (let i = 0; i < texts.length; i += 50) {
      const answer = await fetch(`${this.url}/TraceSegments`, {
        method: 'POST',
        body: JSON.stringify({ TraceSegmentDocuments: texts.slice(i, i + 50) }),
      });
      const { UnprocessedTraceSegments: refused } = (await answer.json()) as { UnprocessedTraceSegments: object[] };
      if (refused.length > 0) throw new Error(`refused: ${JSON.stringify(refused)}`);
    }
  }

  /**
   * `count` requests in the last ten minutes, every twentieth a checkout; resolves with the id of a checkout that
   * failed.
   */
  async putShop(count: number, now = Date.now() / 1000): Promise<string> {
    const traces = Array.from({ length: count }, (_, i) => {
      const start = now - 600 + (i * 590) / count;
      return i % 20 === 3 ? checkout(start, this.random, { isFailing: i % 40 === 3 }) : request(start, this.random);
    });
    const failed = checkout(now - 3, this.random);
    await this.put(...traces, failed);
    return failed.traceId;
  }
}

export interface OpenedShop {
  readonly page: Page;
  readonly xray: ShownXRay;
  /** The id of a trace that failed. */
  readonly failed: string;
}

/** A page of a local X-Ray with the traces of a shop; FAILED in `path` is the id of one that failed. */
export async function openShop(
  { scope, browser }: { scope: Scope; browser: Browser },
  path: string,
  options: PageOptions,
): Promise<OpenedShop> {
  const xray = await ShownXRay.start(scope);
  const failed = await xray.putShop(60);
  const page = await browser.open(xray.url + path.replace('FAILED', failed), options);
  return { page, xray, failed };
}

/** A local X-Ray with the traces of `count` requests of a shop, and the id of one that failed. */
export async function shopOf(scope: Scope, count: number): Promise<{ xray: ShownXRay; id: string }> {
  const xray = await ShownXRay.start(scope);
  return { xray, id: await xray.putShop(count) };
}

export interface OpenedTrace {
  readonly xray: ShownXRay;
  readonly page: Page;
  readonly trace: ShopTrace;
}

/** The page of a trace that `make` builds, which begins 3 s ago. */
export async function openTrace(
  { scope, browser }: { scope: Scope; browser: Browser },
  make: (xray: ShownXRay, now: number) => ShopTrace,
  { query = '', ...options }: PageOptions & { query?: string } = {},
): Promise<OpenedTrace> {
  const xray = await ShownXRay.start(scope);
  const trace = make(xray, secondsAgo(3));
  await xray.put(trace);
  const page = await browser.open(`${xray.url}/traces/${trace.traceId}${query}`, options);
  return { xray, page, trace };
}

/** In seconds since the epoch. */
export const secondsAgo = (seconds: number): number => Date.now() / 1000 - seconds;
