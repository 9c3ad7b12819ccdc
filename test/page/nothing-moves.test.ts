import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { logsJson } from '../fakes/otlp-signals.ts';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped } from './browser.ts';
import { ShownXRay, secondsAgo } from './local.ts';
import { panel, spans } from './parts.ts';
import { held, oneByOne, shiftsOf } from './shifts.ts';
import { checkout, ShopTrace } from './shop.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

/** With a finding; its time is spread out. */
function plain(now: number, random: () => number): ShopTrace {
  const made = new ShopTrace(now, random);
  const steps = Array.from({ length: 5 }, (_, i) => made.sub(`step ${i}`, now + i * 0.2, 0.2));
  made.segment('web', now, 1, { annotations: { 'a key': 1 }, subsegments: steps });
  return made;
}

/** For the trace, without a span. */
async function putLogs(xray: ShownXRay, traceId: string, count: number): Promise<void> {
  const log = { traceId: traceId.replaceAll('-', '').slice(1), severity: 13, body: 'the stock is locked' };
  const body = JSON.stringify(logsJson(Array.from({ length: count }, () => log)));
  const headers = { 'content-type': 'application/json' };
  expect((await fetch(`${xray.url}/v1/logs`, { method: 'POST', headers, body })).status).toBe(200);
}

const TRACES = {
  'one that failed': (now, random) => checkout(now, random),
  'one that did not fail': (now, random) => checkout(now, random, { isFailing: false }),
  'one with nothing to say': plain,
} satisfies Record<string, (now: number, random: () => number) => ShopTrace>;

for (const width of [1360, 400])
  for (const [name, make] of Object.entries(TRACES))
    test.skipIf(skipped !== '')(
      `findings and logs of a trace move nothing when they are read, ${name}, at ${width} px${note}`,
      async () => {
        const xray = await ShownXRay.start(scope);
        const trace = make(secondsAgo(5), xray.random);
        await xray.put(trace);
        await putLogs(xray, trace.traceId, 12);
        const page = await browser.open(`${xray.url}/api/status`, { width });
        const release = await held(page, /\/findings$/, /\/logs$/);
        await page.goto(`${xray.url}/traces/${trace.traceId}`);
        await spans(page).first().waitFor();
        await page.waitForFunction(() => performance.getEntriesByName('trace painted').length > 0);
        const before = await places(page);
        expect(before).toContainEqual(expect.stringMatching(/^a Raw /));
        await release();
        const tab = page.getByRole('link', { name: /^Findings · \d$/ });
        await tab.waitFor();
        const logs = page.getByRole('link', { name: '12 logs with warnings' });
        await logs.waitFor();
        expect(await places(page)).toEqual(expect.arrayContaining(before));
        expect(await shiftsOf(page)).toEqual([]);
        await logs.click();
        await panel(page)
          .getByRole('heading', { name: /Logs of the trace/ })
          .waitFor();
      },
    );

/** Where the parts of the trace are, without the texts that come later. */
const places = (page: Page): Promise<string[]> =>
  page.locator('.trace-head :is(h1, .because, .facts > *, .tabs a), .trace-body > *').evaluateAll((all) =>
    all.map((each) => {
      const { x, y, width } = each.getBoundingClientRect();
      const text = each.classList.contains('later') ? '' : (each.textContent ?? '').replace(/ · \d+$/, '');
      return `${each.localName} ${text} ${[x, y, width].map(Math.round).join()}`;
    }),
  );

const SCREENS: readonly { name: string; path: string; ready: (page: Page) => Promise<void> }[] = [
  { name: 'the list', path: '/', ready: (page) => page.getByText('302 traces, newest first').waitFor() },
  {
    name: 'a filtered list',
    path: '/?q=fault',
    ready: (page) => page.getByText(/^\d+ traces?, newest first/).waitFor(),
  },
  {
    name: 'a text search',
    path: '/?text=orders',
    ready: (page) => page.getByText(/^\d+ traces?, newest first/).waitFor(),
  },
  { name: 'the map', path: '/map', ready: (page) => page.locator('.map-canvas circle').first().waitFor() },
  { name: 'Connect', path: '/connect', ready: (page) => page.getByText('Variables for', { exact: true }).waitFor() },
  { name: 'the settings', path: '/settings', ready: (page) => page.getByRole('heading').first().waitFor() },
  ...['', '?tab=flame', '?tab=self', '?tab=exceptions', '?tab=map', '?tab=findings', '?tab=raw'].map((view) => ({
    name: `a trace ${view}`,
    path: `/traces/FAILED${view}`,
    ready: (page: Page) => page.getByRole('link', { name: '2 logs with warnings' }).waitFor(),
  })),
  {
    name: 'the panel of the first span',
    path: '/traces/FAILED?span=FIRST',
    ready: async (page: Page) => {
      await panel(page)
        .getByRole('heading', { name: /Logs of the trace/ })
        .waitFor();
      await panel(page)
        .getByText(/^AWS would trace/)
        .waitFor();
      await page.getByRole('link', { name: '2 logs with warnings' }).waitFor();
    },
  },
];

for (const width of [1360, 400])
  test.skipIf(skipped !== '')(
    `nothing moves while a screen is loaded, although each answer comes when it comes, at ${width} px${note}`,
    async () => {
      const xray = await ShownXRay.start(scope);
      await xray.putShop(300);
      const failed = checkout(secondsAgo(3), xray.random);
      await xray.put(failed);
      await putLogs(xray, failed.traceId, 2);
      const page = await browser.open(`${xray.url}/api/status`, { width });
      const first = String(failed.documents.at(-1)!['id']);
      for (const [i, { name, path, ready }] of SCREENS.entries()) {
        // Each screen in one order at one width, and in the other order at the other.
        const stop = await oneByOne(page, { isReversed: i % 2 === Number(width === 400) });
        await page.goto(`${xray.url}${path}`.replace('FAILED', failed.traceId).replace('FIRST', first));
        await ready(page);
        await page.getByRole('link', { name: /^Traces \d+$/ }).waitFor();
        await stop();
        expect([name, await shiftsOf(page)]).toEqual([name, []]);
      }
    },
  );
