import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped } from './browser.ts';
import { ShownXRay } from './local.ts';
import { checkout, request, ShopTrace } from './shop.ts';
import { rows } from './parts.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

const rowOf = (page: Page, id: string) => page.locator('.table .rows .row', { has: page.locator(`a[href*="${id}"]`) });
const nowSeconds = (): number => Date.now() / 1000;

/** One request of one service that takes `seconds`, or has not ended. */
function plain(xray: ShownXRay, start: number, seconds: number | undefined, members: object = {}): ShopTrace {
  const trace = new ShopTrace(start, xray.random);
  const http = {
    request: { method: 'GET', url: 'https://shop.example/plain' },
    ...(seconds === undefined ? {} : { response: { status: 200 } }),
  };
  trace.segment('web', start, seconds, { http, ...(seconds === undefined ? { in_progress: true } : {}), ...members });
  return trace;
}

const secondsIn = (text: string): number => Number(/([\d.]+) s/.exec(text)?.[1]);

test.skipIf(skipped !== '')(
  `the duration of a hanging request keeps counting, even after errors in it, and the list is sorted by it${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const now = nowSeconds();
    const [hanging, failing] = [plain(xray, now - 20, undefined), plain(xray, now - 12, undefined, { fault: true })];
    await xray.put(hanging, failing, plain(xray, now - 30, 5), plain(xray, now - 40, 15));
    const page = await browser.open(`${xray.url}/?sort=-duration`);
    await rows(page).nth(3).waitFor();
    const lengthOf = async (id: string): Promise<number> =>
      secondsIn((await rowOf(page, id).locator('.number').textContent()) ?? '');
    for (const [trace, least] of [
      [hanging, 20],
      [failing, 12],
    ] as const) {
      const before = await lengthOf(trace.traceId);
      expect(before).toBeGreaterThanOrEqual(least);
      expect(before).toBeLessThan(least + 30);
      await page.waitForFunction(
        ({ id, from }) =>
          Number.parseFloat(document.querySelector(`.row:has(a[href*="${id}"]) .number`)!.textContent) >= from + 0.3,
        { id: trace.traceId, from: before },
      );
    }
    expect(await rows(page).first().locator('a').getAttribute('href')).toContain(hanging.traceId);
    expect(secondsIn((await rows(page).last().locator('.number').textContent())!)).toBe(5);
  },
);

test.skipIf(skipped !== '')(`the bars of a list have one scale, which stays while it is scrolled${note}`, async () => {
  const xray = await ShownXRay.start(scope);
  const now = nowSeconds();
  const fast = Array.from({ length: 200 }, (_, i) => plain(xray, now - 100 - i, 1));
  const slow = plain(xray, now - 500, 2);
  await xray.put(...fast, slow);
  const page = await browser.open(xray.url);
  await page.getByText('201 traces').first().waitFor();
  const widths = (): Promise<number[]> =>
    page.evaluate(() =>
      [...document.querySelectorAll('.rows .length')].map((bar) => Math.round(bar.getBoundingClientRect().width)),
    );
  expect(new Set(await widths())).toEqual(new Set([42]));
  await page.locator('.table').evaluate((table) => (table.scrollTop = table.scrollHeight));
  await rowOf(page, slow.traceId).waitFor();
  expect(new Set(await widths())).toEqual(new Set([42, 84]));
  expect(await page.getByRole('columnheader', { name: 'Duration' }).getAttribute('title')).toBe(
    'A bar of full length is 2.00 s, the longest of 201 traces',
  );
});

test.skipIf(skipped !== '')(
  `the chart covers the last hour with traces, counts those it omits, and shows all on a click${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    await xray.putShop(40);
    const now = nowSeconds();
    await xray.put(
      request(now - 2 * 86_400, xray.random),
      request(now - 5 * 86_400, xray.random),
      request(now + 86_400, xray.random),
    );
    const page = await browser.open(xray.url);
    await page.getByRole('button', { name: '2 older, 1 in the future' }).click();
    await page.waitForURL(/chart=all/);
    await page.getByRole('button', { name: 'Chart: the last hour with traces' }).click();
    await page.getByRole('button', { name: '2 older, 1 in the future' }).waitFor();
  },
);

/** Moves the pointer down the right edge of the chart, where the newest trace is, until something is said. */
async function hoverNewest(page: Page): Promise<string> {
  const box = (await page.locator('.scatter canvas').boundingBox())!;
  const card = page.locator('.hover-card');
  for (let y = 8; y < box.height - 10; y += 4) {
    await page.mouse.move(box.x + box.width - 14, box.y + y);
    await page.waitForTimeout(30);
    if ((await card.count()) > 0) return (await card.textContent())!;
  }
  return '';
}

test.skipIf(skipped !== '')(`a point of the chart says what it is, and the colours are explained${note}`, async () => {
  const xray = await ShownXRay.start(scope);
  await xray.putShop(60);
  const page = await browser.open(xray.url);
  await page.getByText('61 traces').first().waitFor();
  await page.waitForTimeout(500);
  expect(await hoverNewest(page)).toMatch(/500 POST \/checkout.*1\.28 s, started \d\d:\d\d:\d\d\.\d{3}.*checkout → /);
  await page.mouse.move(700, 600);
  await page.locator('.hover-card').waitFor({ state: 'detached' });
  await page.getByText(/^\d+ ok$/).waitFor();
  await page.getByText(/^\d+ fault, 5xx$/).waitFor();
  const histogram = (await page.locator('.histogram canvas').boundingBox())!;
  await page.mouse.move(histogram.x + 16, histogram.y + 60);
  expect(await page.locator('.hover-card').textContent()).toMatch(/^\d+ traces[\d.]+ [mµ]?s – [\d.]+ [mµ]?s\d+ ok/);
});

test.skipIf(skipped !== '')(`few traces have no chart${note}`, async () => {
  const xray = await ShownXRay.start(scope);
  const now = nowSeconds();
  await xray.put(...[1, 2, 3, 4].map((i) => plain(xray, now - i, 0.4)));
  const page = await browser.open(xray.url);
  await page.getByText('4 traces').first().waitFor();
  expect(await page.locator('canvas').count()).toBe(0);
  await xray.put(plain(xray, now - 5, 0.4));
  await page.locator('.scatter canvas').waitFor();
});

test.skipIf(skipped !== '')(`pinned traces are marked, counted and listed${note}`, async () => {
  const xray = await ShownXRay.start(scope);
  const id = await xray.putShop(30);
  const page = await browser.open(`${xray.url}/traces/${id}`);
  const navigation = page.getByRole('navigation', { name: 'Screens' });
  await page.getByRole('button', { name: 'Pin', exact: true }).click();
  await navigation.getByRole('link', { name: 'Pinned 1' }).click();
  await page.waitForFunction(() => document.title === '1 pinned trace');
  expect(await rows(page).count()).toBe(1);
  // What comes and is not pinned stays out.
  await xray.put(request(nowSeconds() - 1, xray.random));
  await page.waitForTimeout(400);
  expect(await rows(page).count()).toBe(1);
  await navigation.getByRole('link', { name: 'Traces' }).click();
  await page.getByText('32 traces').first().waitFor();
  await rowOf(page, id).getByText('pinned').waitFor();
  expect(await page.getByText('pinned', { exact: true }).count()).toBe(1);
  // By another page, or a program.
  await fetch(`${xray.url}/api/traces/${id}/pin`, { method: 'POST', body: '{"Pinned":false}' });
  await navigation.getByRole('link', { name: /^Pinned/ }).waitFor({ state: 'detached' });
});

test.skipIf(skipped !== '')(`a date fits in "Started", and its full time is shown on hover${note}`, async () => {
  const xray = await ShownXRay.start(scope);
  const start = nowSeconds() - 3 * 86_400;
  const old = plain(xray, start, 0.1);
  await xray.put(old, plain(xray, nowSeconds() - 1, 0.1));
  const page = await browser.open(xray.url);
  const cell = rowOf(page, old.traceId).getByRole('cell').first();
  expect(await cell.textContent()).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/);
  expect(await cell.evaluate((each) => each.scrollWidth - each.clientWidth)).toBe(0);
  const { x, y, width, height } = (await cell.boundingBox())!;
  const title = await page.evaluate(
    ([left, top]) => document.elementFromPoint(left!, top!)!.closest('[title]')?.getAttribute('title'),
    [x + width / 2, y + height / 2],
  );
  expect(title).toContain(`Started ${new Date(Math.floor(start * 1000)).toISOString().slice(0, 19)}`);
});

test.skipIf(skipped !== '')(`services that do not fit in a row are listed on hover and on focus${note}`, async () => {
  const xray = await ShownXRay.start(scope);
  await xray.put(checkout(nowSeconds() - 2, xray.random));
  const page = await browser.open(xray.url);
  const more = page.getByLabel(/^6 more services: catalog, .*payments$/);
  await more.hover();
  const card = page.locator('.hover-card');
  await card.waitFor();
  expect(await card.locator('li').allTextContents()).toEqual(
    expect.arrayContaining(['checkout', 'redis', 'inventory', 'payments']),
  );
  await page.mouse.move(5, 5);
  await card.waitFor({ state: 'detached' });
  await more.focus();
  await card.waitFor();
});

test.skipIf(skipped !== '')(
  `a lost connection is shown in the same time format as everything else${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    await xray.put(plain(xray, nowSeconds() - 2, 0.1));
    const page = await browser.open(xray.url);
    await rows(page).first().waitFor();
    await xray.daemon.stop('SIGTERM');
    await page.getByText(/^Disconnected since \d\d:\d\d:\d\d, retrying$/).waitFor();
  },
);
