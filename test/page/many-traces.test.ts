import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped } from './browser.ts';
import { ShownXRay } from './local.ts';
import { ShopTrace } from './shop.ts';
import { list, rows } from './parts.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

const COUNT = 6_000;
const idsSeen = (page: Page): Promise<string[]> =>
  rows(page)
    .locator('a[data-trace]')
    .evaluateAll((links) => links.map((link) => (link as HTMLElement).dataset['trace']!));
const rowOf = (page: Page, id: string) =>
  page.locator('.table .rows .row', { has: page.locator(`a[data-trace="${id}"]`) });
const scrollTo = (page: Page, share: number): Promise<void> =>
  list(page)
    .evaluate((box, to) => (box.scrollTop = box.scrollHeight * to), share)
    .then(() => {});

/** `count` requests, one each tenth of a second; no two take equally long, and the longest began first. */
async function putMany(
  xray: ShownXRay,
  count: number,
): Promise<{ readonly ids: string[]; readonly byDuration: string[] }> {
  const now = Date.now() / 1000;
  const traces = Array.from({ length: count }, (_, i) => {
    const start = now - 1_000 + i / 10;
    const trace = new ShopTrace(start, xray.random);
    const seconds = i === 0 ? 7 : 0.1 + ((i * 7_919) % count) / 10_000;
    trace.segment('web', start, seconds, {
      http: {
        request: { method: 'GET', url: `https://shop.example/${i}` },
        response: { status: i % 100 === 1 ? 500 : 200 },
      },
      fault: i % 100 === 1,
    });
    return { id: trace.traceId, seconds, trace };
  });
  await xray.put(...traces.map(({ trace }) => trace));
  return {
    ids: traces.map(({ id }) => id),
    byDuration: traces.toSorted((a, b) => b.seconds - a.seconds).map(({ id }) => id),
  };
}

test.skipIf(skipped !== '')(
  `sorting covers all traces of the store, and the list shows their number and can be scrolled to any position${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const { byDuration } = await putMany(xray, COUNT);
    const page = await browser.open(`${xray.url}/?sort=-duration`);
    await page.getByText('6,000 traces, longest first').waitFor();
    await rowOf(page, byDuration[0]!).waitFor();
    expect((await idsSeen(page)).slice(0, 20)).toEqual(byDuration.slice(0, 20));
    expect(await page.title()).toBe('6,000 traces');
    await page
      .locator('[role=columnheader][title="A bar of full length is 7.00 s, the longest of 6,000 traces"]')
      .waitFor();
    await scrollTo(page, 0.5);
    await rowOf(page, byDuration[3_010]!).waitFor();
    await scrollTo(page, 1);
    await rowOf(page, byDuration.at(-1)!).waitFor();
    await page.getByRole('button', { name: 'Duration' }).click();
    await page.getByText('6,000 traces, shortest first').waitFor();
    await rowOf(page, byDuration.at(-1)!).waitFor();
    expect((await idsSeen(page)).slice(0, 20)).toEqual(byDuration.toReversed().slice(0, 20));
    await page.getByRole('button', { name: 'Request' }).click();
    await page.getByText('6,000 traces, by request, from A to Z').waitFor();
    await page.waitForFunction(() => document.querySelector('.rows .row a')?.textContent.includes('/0') === true);
  },
);

test.skipIf(skipped !== '')(
  `sorted by newest, the list reaches the oldest trace, and Back restores the position${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const { ids } = await putMany(xray, COUNT);
    const page = await browser.open(xray.url);
    await page.getByText('6,000 traces, newest first').waitFor();
    await page.getByText('60 fault').first().waitFor();
    await scrollTo(page, 1);
    await rowOf(page, ids[0]!).waitFor();
    const end = (await idsSeen(page)).slice(-20);
    expect(end).toEqual(ids.slice(0, 20).toReversed());
    await scrollTo(page, 0.7);
    const left = ids[COUNT - 1 - Math.round(0.7 * COUNT) - 8]!;
    await rowOf(page, left).getByRole('link').first().click();
    await page.waitForURL(new RegExp(`/traces/${left}`));
    await page.goBack();
    await rowOf(page, left).waitFor();
    await page.waitForFunction((id) => document.activeElement?.getAttribute('data-trace') === id, left);
    const before = await list(page).evaluate((box) => box.scrollTop);
    await page.reload();
    await rowOf(page, left).waitFor();
    await page.waitForFunction((top) => Math.abs(document.querySelector('.table')!.scrollTop - top) < 30, before);
  },
);

test.skipIf(skipped !== '')(`the chart covers all traces of the store, and its points open them${note}`, async () => {
  const xray = await ShownXRay.start(scope);
  const { ids } = await putMany(xray, COUNT);
  const page = await browser.open(xray.url);
  await page.getByText('60 fault').first().waitFor();
  const chart = page.getByRole('img', { name: 'Latency of 6,000 traces over time' });
  // The longest is alone at the top, where the oldest are.
  const box = (await chart.boundingBox())!;
  const card = page.locator('.hover-card');
  for (let y = 8; y < 60 && (await card.count()) === 0; y += 3) {
    await page.mouse.move(box.x + 63, box.y + y);
    await page.waitForTimeout(150);
  }
  await card.getByText('7.00 s').waitFor();
  await page.mouse.down();
  await page.mouse.up();
  await page.waitForURL(new RegExp(`/traces/${ids[0]!}`));
});

test.skipIf(skipped !== '')(
  `traces that arrive while a sorted list is shown are held back and counted, then inserted in order${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const { byDuration } = await putMany(xray, 2_500);
    const page = await browser.open(`${xray.url}/?sort=-duration`);
    await rowOf(page, byDuration[0]!).waitFor();
    const start = Date.now() / 1000 - 10;
    const late = new ShopTrace(start, xray.random);
    late.segment('web', start, 9, {
      http: { request: { method: 'GET', url: 'https://shop.example/late' }, response: { status: 200 } },
    });
    await xray.put(late);
    await page.getByRole('button', { name: '1 new trace' }).click();
    await page.waitForFunction(
      (id) => document.querySelector('.rows .row a')?.getAttribute('data-trace') === id,
      late.traceId,
    );
    expect((await idsSeen(page)).slice(1, 10)).toEqual(byDuration.slice(0, 9));
  },
);

test.skipIf(skipped !== '')(
  `the map of many traces first shows a partial result, marked as such, and then all of them${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const now = Date.now() / 1000;
    const call = (i: number, name: string): ShopTrace => {
      const trace = new ShopTrace(now - 3_000 + i, xray.random);
      trace.segment(name, now - 3_000 + i, 0.1, {
        http: { request: { method: 'GET', url: 'https://shop.example/' }, response: { status: 200 } },
      });
      return trace;
    };
    await xray.put(call(0, 'oldest'), ...Array.from({ length: 50 }, (_, i) => call(i + 1, 'web')));
    const page = await browser.open(`${xray.url}/settings`);
    let isWhole = (): void => {};
    const released = new Promise<void>((resolve) => (isWhole = resolve));
    await page.route(/\/api\/graph/, async (route) => {
      const url = route.request().url();
      if (!url.includes('within=')) {
        await released;
        await route.continue();
        return;
      }
      // Of a store that has no time for more than the newest.
      const answer = await route.fetch({ url: `${url}&from=${now - 2_999.5}` });
      await route.fulfill({ json: { ...((await answer.json()) as object), IsPartial: true } });
    });
    await page.goto(`${xray.url}/map`);
    await page.getByRole('button', { name: /^web: / }).waitFor();
    expect(await page.getByRole('button', { name: /^oldest: / }).count()).toBe(0);
    await page.getByText('of the newest traces so far').waitFor();
    isWhole();
    await page.getByRole('button', { name: /^oldest: / }).waitFor();
    await page.getByText('of the newest traces so far').waitFor({ state: 'detached' });
  },
);
