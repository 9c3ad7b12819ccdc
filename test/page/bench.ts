/**
 * npm run bench -- ui [STEPS] [--minutes N] [--traces N] [--bundle FILE] [--json FILE] [--write]: the page of the
 * bundle, in a real Chromium without a GPU, on the cores that the local X-Ray and the sender use too. STEPS: trace,
 * many, map, live; all of them without. --bundle measures another build, to compare.
 * Needs Debian's chromium, or CHROMIUM_PATH. --write puts the table into docs/performance.md.
 */
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { CDPSession, Page } from 'playwright-core';
import { DaemonProcess } from '../fakes/daemon-process.ts';
import { launch, skipped } from './browser.ts';
import { ShownXRay } from './local.ts';
import { STEPS, writeDocument, type Figures } from './report.ts';
import { manyTraces, serviceMap } from './bench-many.ts';
import { large, request } from './shop.ts';
import { machineText } from '../../bench/machine.ts';

/** Segments that are sent in one go. */
const MOST_AT_ONCE = 200;

const HEADER = '{"format":"json","version":1}\n';
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '1' },
    traces: { type: 'string', default: '100000' },
    bundle: { type: 'string', default: fileURLToPath(new URL('../../dist/xrayd.cjs', import.meta.url)) },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const chosen = positionals.slice(1);
const isChosen = (step: string): boolean => chosen.length === 0 || chosen.includes(step);
const command = [process.execPath, values.bundle];
if (skipped !== '') {
  console.error(skipped);
  process.exit(2);
}
const daemon = await new DaemonProcess({ command, args: ['local', '--data-size', '2000'] }).ready();
const xray = ShownXRay.of(daemon);
const browser = await launch();
const page = await browser.context.newPage();
const results: Record<string, Figures> = {};
try {
  const now = Date.now() / 1000;
  const traces = { 10_000: large(now - 60, xray.random, 10_000), 50_000: large(now - 120, xray.random, 50_000) };
  await xray.putShop(2_000, now - 200);
  await xray.put(traces[10_000], traces[50_000]);
  if (isChosen('trace')) {
    results[STEPS.firstLoad] = await firstLoad(page, xray.url);
    results[STEPS.sample] = await sampleTrace();
    results[STEPS.spans10] = await openings(page, traces[10_000].traceId, 7);
    results[STEPS.frames10] = await frames(page);
    results[STEPS.spans50] = await openings(page, traces[50_000].traceId, 5);
    results[STEPS.frames50] = await frames(page);
  }
  if (isChosen('map')) results[STEPS.map] = await withOther((other) => serviceMap(other, browser.context));
  if (isChosen('many')) {
    const { first, sorted, typed } = await withOther((other) =>
      manyTraces(other, browser.context, Number(values.traces)),
    );
    results[STEPS.firstRows] = first;
    results[STEPS.sorted] = sorted;
    results[STEPS.typed] = typed;
  }
  if (isChosen('live')) results[STEPS.live] = await live(page, Number(values.minutes));
} finally {
  await browser.close();
  await daemon.stop('SIGKILL');
}
const machine = `${machineText()}; the sender and xrayd on the same cores; Chromium ${browser.version}`;
console.log(machine);
for (const [name, figures] of Object.entries(results)) console.log(`${name}: ${JSON.stringify(figures)}`);
if (values.write) writeDocument({ machine, results });
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine, results }, undefined, 2)}\n`);
process.exit(0);

/** With an X-Ray of its own. */
async function withOther<T>(work: (other: DaemonProcess) => Promise<T>): Promise<T> {
  const other = await new DaemonProcess({ command, args: ['local', '--data-size', '2000'] }).ready();
  try {
    return await work(other);
  } finally {
    await other.stop('SIGKILL');
  }
}

/** Bytes on the wire before anything is clicked, and how long until there are rows. */
async function firstLoad(shown: Page, url: string): Promise<Figures> {
  const startedMs = performance.now();
  await shown.goto(url);
  await shown.locator('.table .rows .row').first().waitFor();
  const rowsMs = performance.now() - startedMs;
  const sizes = await shown.evaluate(() =>
    [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map((entry) => {
      const { name, encodedBodySize } = entry as PerformanceResourceTiming;
      return { name, bytes: encodedBodySize };
    }),
  );
  const files = sizes.filter(({ name }) => /\/(assets\/.*)?$/.test(new URL(name).pathname) && !/editor/.test(name));
  return {
    kilobytesGzip: rounded(files.reduce((sum, { bytes }) => sum + bytes, 0) / 1_000),
    untilRowsMs: rounded(rowsMs),
  };
}

/** In an X-Ray of its own, whose page is at its first run. */
async function sampleTrace(): Promise<Figures> {
  const empty = await new DaemonProcess({ command, args: ['local'] }).ready();
  const shown = await browser.context.newPage();
  const times: number[] = [];
  try {
    for (let i = 0; i < 5; i++) {
      await shown.goto(empty.tcpUrl);
      await shown.getByRole('button', { name: 'Send a sample trace' }).waitFor();
      await shown.evaluate(() => {
        const holder = window as unknown as { waited: Promise<number> };
        holder.waited = new Promise((resolve) => {
          let clickedMs = 0;
          addEventListener('click', (event) => (clickedMs = event.timeStamp), { capture: true });
          new MutationObserver(() => {
            if (document.querySelector('.table .rows .row') !== null) resolve(performance.now() - clickedMs);
          }).observe(document.body, { subtree: true, childList: true });
        });
      });
      await shown.getByRole('button', { name: 'Send a sample trace' }).click();
      times.push(await shown.evaluate(() => (window as unknown as { waited: Promise<number> }).waited));
      await shown.goto('about:blank');
      await fetch(`${empty.tcpUrl}/api/clear`, { method: 'POST' });
    }
  } finally {
    await shown.close();
    await empty.stop('SIGKILL');
  }
  return spread(times);
}

/** Clicks the trace's row again and again; until its timeline has been painted. */
async function openings(shown: Page, traceId: string, times: number): Promise<Figures> {
  const found: number[] = [];
  for (let i = 0; i < times; i++) {
    await shown.goto(`${xray.url}/?q=${encodeURIComponent('service("importer")')}`);
    const link = shown.locator(`a[href^="/traces/${traceId}"]`);
    await link.waitFor();
    await sleep(1_000);
    await shown.evaluate(() => {
      addEventListener('click', (event) => ((window as unknown as { clickedMs: number }).clickedMs = event.timeStamp), {
        capture: true,
      });
    });
    await link.click();
    await shown.waitForFunction(() => performance.getEntriesByName('trace painted').length > 0);
    found.push(
      await shown.evaluate(
        () =>
          performance.getEntriesByName('trace painted')[0]!.startTime -
          (window as unknown as { clickedMs: number }).clickedMs,
      ),
    );
  }
  return spread(found);
}

/** Frames a second while every frame scrolls, and then while every frame zooms. */
async function frames(shown: Page): Promise<Figures> {
  await shown.getByRole('button', { name: 'Expand' }).click();
  await sleep(500);
  const run = async (what: 'scroll' | 'zoom') =>
    shown.evaluate(
      async (kind) =>
        new Promise<number[]>((resolve) => {
          const box = document.querySelector('.timeline-rows')!;
          const canvas = document.querySelector('.timeline-all canvas')!;
          const deltas: number[] = [];
          let lastMs = performance.now();
          const step = (nowMs: number): void => {
            deltas.push(nowMs - lastMs);
            lastMs = nowMs;
            if (deltas.length > 180) {
              resolve(deltas.slice(1));
              return;
            }
            if (kind === 'scroll') box.scrollTop += 60;
            else {
              const deltaY = deltas.length % 60 < 30 ? -20 : 20;
              canvas.dispatchEvent(
                new WheelEvent('wheel', {
                  ctrlKey: true,
                  deltaY,
                  clientX: 900,
                  clientY: 400,
                  bubbles: true,
                  cancelable: true,
                }),
              );
            }
            requestAnimationFrame(step);
          };
          requestAnimationFrame(step);
        }),
      what,
    );
  const figures = (deltas: number[], name: string): Figures => {
    const sorted = deltas.toSorted((a, b) => a - b);
    const total = deltas.reduce((sum, each) => sum + each, 0);
    return { [`${name}Fps`]: rounded((deltas.length * 1_000) / total), [`${name}SlowestMs`]: rounded(sorted.at(-1)!) };
  };
  return { ...figures(await run('scroll'), 'scroll'), ...figures(await run('zoom'), 'zoom') };
}

/** How long a key waits for its handler, and the page's memory, while segments keep coming. */
async function live(shown: Page, minutes: number): Promise<Figures> {
  await shown.goto(xray.url);
  await shown.locator('.table .rows .row').first().waitFor();
  await shown.evaluate(() => {
    const holder = window as unknown as { delays: number[] };
    holder.delays = [];
    addEventListener('keydown', (event) => holder.delays.push(performance.now() - event.timeStamp), { capture: true });
  });
  const devtools = await shown.context().newCDPSession(shown);
  const socket = createSocket('udp4');
  const endMs = performance.now() + minutes * 60_000;
  let sent = 0;
  let skippedSegments = 0;
  const startedMs = performance.now();
  const memory: number[] = [];
  let sampledMs = -Infinity;
  while (performance.now() < endMs) {
    // What a slow moment left undone is not made up for: that would be a burst.
    const owed = ((performance.now() - startedMs) / 1_000) * 1_000 - skippedSegments - sent;
    skippedSegments += Math.max(0, owed - MOST_AT_ONCE);
    for (const due = sent + Math.min(owed, MOST_AT_ONCE); sent < due;) {
      for (const text of request(Date.now() / 1000, xray.random).texts) {
        socket.send(HEADER + text, daemon.udpPort, '127.0.0.1');
        sent++;
      }
    }
    if (performance.now() - sampledMs > (minutes * 60_000) / 12) {
      sampledMs = performance.now();
      memory.push(await heapMegabytes(devtools));
      process.stdout.write(
        `${Math.round((performance.now() - startedMs) / 1_000)} s: ${sent} segments, ${memory.at(-1)!.toFixed(1)} MB\n`,
      );
    }
    // A key that nothing listens to: the list goes on.
    await devtools.send('Input.dispatchKeyEvent', { type: 'keyDown', key: 'x', text: 'x' });
    await devtools.send('Input.dispatchKeyEvent', { type: 'keyUp', key: 'x' });
    await sleep(20);
  }
  socket.close();
  memory.push(await heapMegabytes(devtools));
  const delays = (await shown.evaluate(() => (window as unknown as { delays: number[] }).delays)).toSorted(
    (a, b) => a - b,
  );
  const at = (share: number): number =>
    rounded(delays[Math.min(delays.length - 1, Math.floor(delays.length * share))]!);
  return {
    minutes,
    segmentsPerSecond: rounded((sent * 1_000) / (performance.now() - startedMs)),
    rows: await shown
      .locator('.table [role=table]')
      .evaluate((table) => Number(table.getAttribute('aria-rowcount')) - 1),
    inputDelayP50Ms: at(0.5),
    inputDelayP99Ms: at(0.99),
    inputDelayMostMs: rounded(delays.at(-1)!),
    heapFirstMb: rounded(memory[0]!),
    heapQuarterMb: rounded(memory[Math.floor(memory.length / 4)]!),
    heapHalfMb: rounded(memory[Math.floor(memory.length / 2)]!),
    heapLastMb: rounded(memory.at(-1)!),
  };
}

async function heapMegabytes(devtools: CDPSession): Promise<number> {
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  return usedSize / 1_000_000;
}

function spread(times: number[]): Figures {
  const sorted = times.toSorted((a, b) => a - b);
  return { medianMs: rounded(sorted[Math.floor(sorted.length / 2)]!), slowestMs: rounded(sorted.at(-1)!) };
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
