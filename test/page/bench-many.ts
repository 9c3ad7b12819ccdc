import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { setTimeout as sleep } from 'node:timers/promises';
import { processStats } from '../../bench/process-stats.ts';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { ShownXRay } from './local.ts';
import type { Figures } from './report.ts';
import { layered, request, ShopTrace } from './shop.ts';

const RUNS = 3;
const QUIET_MS = 1_000;
const LONGEST_MS = 90_000;

/**
 * What a step took: until the reader sees it, and CPU of the page's thread and of the process behind it until both have
 * rested.
 */
interface Cost {
  readonly seenMs: number;
  readonly pageCpuMs: number;
  readonly longestTaskMs: number;
  readonly serverCpuMs: number;
}

/**
 * A list of `count` traces in the store: until its first rows, until it is sorted, and until a text that is typed has
 * its rows.
 */
export async function manyTraces(
  daemon: DaemonProcess,
  context: BrowserContext,
  count: number,
): Promise<Record<'first' | 'sorted' | 'typed', Figures>> {
  const xray = ShownXRay.of(daemon);
  const now = Date.now() / 1000;
  // The longest began first: it is nowhere near the newest.
  const longest = new ShopTrace(now - 3_000, xray.random);
  longest.segment('importer', now - 3_000, 60, {
    http: { request: { method: 'GET', url: 'https://shop.example/zyzzyva' }, response: { status: 200 } },
  });
  await xray.put(longest);
  for (let at = 1; at < count; at += 1_000) {
    await xray.put(
      ...Array.from({ length: Math.min(1_000, count - at) }, (_, i) =>
        request(now - 2_900 + ((at + i) * 2_890) / count, xray.random),
      ),
    );
  }
  const first: Cost[] = [];
  const sorted: Cost[] = [];
  const typed: Cost[] = [];
  // Of an earlier page words are no search.
  const hasText =
    ((await (await fetch(`${xray.url}/api/traces?text=nobodyhasthis`)).json()) as { rows: object[] }).rows.length === 0;
  for (let run = 0; run < RUNS; run++) {
    const page = await context.newPage();
    const meter = await Meter.of(page, daemon.pid);
    const row = page.locator('.table .rows .row').first();
    const slowest = `.table .rows .row:first-child a[href^="/traces/${longest.traceId}"]`;
    first.push(
      await meter.measure(async () => {
        await page.goto(xray.url, { waitUntil: 'commit' });
        await seenInFrame(page, '.table .rows .row');
      }),
    );
    sorted.push(
      await meter.measure(async () => {
        await page.getByRole('button', { name: 'Duration' }).click();
        await seenInFrame(page, slowest);
      }),
    );
    if (hasText) {
      await page.goto(xray.url);
      await row.waitFor();
      await page.keyboard.press('/');
      await page.locator('.query .cm-content').waitFor();
      typed.push(
        await meter.measure(async () => {
          await page.keyboard.type('zyzzyva');
          await page.keyboard.press('Enter');
          await seenInFrame(page, slowest);
        }),
      );
    }
    await page.close();
  }
  return { first: figuresOf(first), sorted: figuresOf(sorted), typed: figuresOf(typed) };
}

/** Until the map is painted, and frames a second while every frame zooms. */
export async function serviceMap(daemon: DaemonProcess, context: BrowserContext): Promise<Figures> {
  const xray = ShownXRay.of(daemon);
  for (let i = 0; i < 30; i++)
    await xray.put(...Array.from({ length: 100 }, () => layered(Date.now() / 1000 - 10, xray.random, 300)));
  const costs: Cost[] = [];
  let zoom: number[] = [];
  let [nodes, edges] = [0, 0];
  for (let run = 0; run < RUNS; run++) {
    const page = await context.newPage();
    const meter = await Meter.of(page, daemon.pid);
    costs.push(
      await meter.measure(async () => {
        await page.goto(`${xray.url}/map`, { waitUntil: 'commit' });
        await seenInFrame(page, '.node');
      }),
    );
    [nodes, edges] = [await page.locator('.node').count(), await page.locator('.edge').count()];
    if (run === RUNS - 1) zoom = await zoomed(page);
    await page.close();
  }
  const total = zoom.reduce((sum, each) => sum + each, 0);
  return {
    nodes,
    edges,
    ...figuresOf(costs),
    zoomFps: rounded((zoom.length * 1_000) / total),
    zoomSlowestMs: rounded(Math.max(...zoom)),
  };
}

/**
 * Polls in every frame. A locator's `waitFor` polls after 0, 20, 70, 170, 270 and 770 ms, and would measure these delays
 * instead.
 */
async function seenInFrame(page: Page, selector: string): Promise<void> {
  await page.waitForFunction((wanted) => document.querySelector(wanted) !== null, selector, {
    polling: 'raf',
    timeout: LONGEST_MS,
  });
}

/** ms of each frame. */
async function zoomed(page: Page): Promise<number[]> {
  return page.evaluate(
    async () =>
      new Promise<number[]>((resolve) => {
        const map = document.querySelector('.map-view svg')!;
        const found: number[] = [];
        let lastMs = performance.now();
        const step = (nowMs: number): void => {
          found.push(nowMs - lastMs);
          lastMs = nowMs;
          if (found.length > 120) {
            resolve(found.slice(1));
            return;
          }
          const deltaY = found.length % 40 < 20 ? -15 : 15;
          map.dispatchEvent(
            new WheelEvent('wheel', { deltaY, clientX: 700, clientY: 400, bubbles: true, cancelable: true }),
          );
          requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
      }),
  );
}

/** CPU of a page's main thread and of the process that it talks to. */
class Meter {
  readonly #page: Page;
  readonly #devtools: CDPSession;
  readonly #pid: number;

  private constructor(page: Page, devtools: CDPSession, pid: number) {
    this.#page = page;
    this.#devtools = devtools;
    this.#pid = pid;
  }

  static async of(page: Page, pid: number): Promise<Meter> {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
    await page.addInitScript(() => {
      const holder = window as unknown as { longTasks: number[] };
      holder.longTasks = [];
      new PerformanceObserver((list) =>
        holder.longTasks.push(...list.getEntries().map(({ duration }) => duration)),
      ).observe({ type: 'longtask' });
    });
    return new Meter(page, devtools, pid);
  }

  async measure(run: () => Promise<void>): Promise<Cost> {
    const before = await this.#now();
    const startedMs = performance.now();
    await this.#page.evaluate(() => ((window as unknown as { longTasks?: number[] }).longTasks ??= []).splice(0));
    await run();
    const seenMs = performance.now() - startedMs;
    let last = await this.#now();
    for (let quietMs = 0; quietMs < QUIET_MS && performance.now() - startedMs < LONGEST_MS;) {
      await sleep(250);
      const now = await this.#now();
      quietMs = now.pageMs - last.pageMs < 25 && now.serverMs - last.serverMs < 25 ? quietMs + 250 : 0;
      last = now;
    }
    const tasks = await this.#page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks);
    return {
      seenMs,
      pageCpuMs: last.pageMs - before.pageMs,
      longestTaskMs: Math.max(0, ...tasks),
      serverCpuMs: last.serverMs - before.serverMs,
    };
  }

  async #now(): Promise<{ pageMs: number; serverMs: number }> {
    const { metrics } = await this.#devtools.send('Performance.getMetrics');
    return {
      pageMs: metrics.find(({ name }) => name === 'TaskDuration')!.value * 1_000,
      serverMs: processStats(this.#pid).cpuUs / 1_000,
    };
  }
}

/** Median and slowest; medians of the rest. */
function figuresOf(costs: readonly Cost[]): Figures {
  if (costs.length === 0) return {};
  const of = (key: keyof Cost): number[] => costs.map((cost) => cost[key]).toSorted((a, b) => a - b);
  const median = (sorted: readonly number[]): number => rounded(sorted[Math.floor(sorted.length / 2)]!);
  const seen = of('seenMs');
  return {
    medianMs: median(seen),
    slowestMs: rounded(seen.at(-1)!),
    pageCpuMs: median(of('pageCpuMs')),
    longestTaskMs: median(of('longestTaskMs')),
    serverCpuMs: median(of('serverCpuMs')),
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
