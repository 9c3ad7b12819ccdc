import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped } from './browser.ts';
import { ShownXRay } from './local.ts';
import { checkout } from './shop.ts';
import { list, rows } from './parts.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

const scrollTop = (page: Page): Promise<number> => list(page).evaluate((table) => Math.round(table.scrollTop));
const heading = (page: Page) => page.locator('main h1').first();

/** Opens the fifth of the rows that are seen, and says which trace it is and where its row stands on the screen. */
async function openOne(page: Page): Promise<{ id: string; y: number; top: number }> {
  const box = (await list(page).boundingBox())!;
  const { id, y } = await page.evaluate(
    ({ x, from }) => {
      const row = document.elementFromPoint(x, from)!.closest('.row')!;
      return {
        id: row.querySelector('a')!.pathname.split('/').at(-1)!,
        y: Math.round(row.getBoundingClientRect().top),
      };
    },
    { x: box.x + 200, from: box.y + 5 * 28 + 14 },
  );
  const top = await scrollTop(page);
  await page.mouse.click(box.x + 160, box.y + 5 * 28 + 14);
  await page.waitForURL(new RegExp(`/traces/${id}`));
  await page.getByText(id).first().waitFor();
  return { id, y, top };
}

/** The row is selected, has the focus, and stands where it stood. */
async function expectBack(page: Page, { id, y, top }: { id: string; y: number; top: number }): Promise<void> {
  const row = page.locator('.row.selected', { has: page.locator(`a[href*="${id}"]`) });
  await row.waitFor();
  await page.waitForFunction(
    (path) => (document.activeElement as HTMLAnchorElement | null)?.pathname === path,
    `/traces/${id}`,
  );
  expect(Math.round((await row.boundingBox())!.y)).toBe(y);
  expect(await scrollTop(page)).toBe(top);
}

const scrolled = async (page: Page, to: number): Promise<void> => {
  await rows(page).nth(5).waitFor();
  await page.waitForFunction((height) => document.querySelector('.table')!.scrollHeight > height, to + 800);
  await list(page).evaluate((table, y) => (table.scrollTop = y), to);
  await page.waitForFunction(
    (index) => document.querySelector(`[aria-rowindex="${index}"]`) !== null,
    Math.floor(to / 28) + 8,
  );
};

test.skipIf(skipped !== '')(
  `Back, Esc and "Traces" come back to the row that was left, with scroll and order${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    await xray.putShop(700);
    const page = await browser.open(`${xray.url}/?sort=-duration`);
    await scrolled(page, 12_010);
    const ways: readonly (() => Promise<unknown>)[] = [
      () => page.goBack(),
      () => page.keyboard.press('Escape'),
      () =>
        page
          .getByRole('navigation', { name: 'Screens' })
          .getByRole('link', { name: /^Traces/ })
          .click(),
      async () => {
        await page.getByRole('link', { name: 'Raw' }).click();
        await page.keyboard.press('g');
        await page.keyboard.press('t');
      },
    ];
    for (const back of ways) {
      const left = await openOne(page);
      await back();
      await expectBack(page, left);
      const { searchParams } = new URL(page.url());
      expect(Object.fromEntries(searchParams)).toEqual({ sort: '-duration', sel: left.id });
      await list(page).evaluate((table) => (table.scrollTop -= 1_000));
      await page.waitForTimeout(50);
    }
  },
);

test.skipIf(skipped !== '')(`a reload keeps the position in the list, even beyond the first page${note}`, async () => {
  const xray = await ShownXRay.start(scope);
  await xray.putShop(900);
  const page = await browser.open(xray.url);
  await scrolled(page, 15_003);
  const left = await openOne(page);
  await page.reload();
  await page.getByText(left.id).first().waitFor();
  await page.keyboard.press('Escape');
  await expectBack(page, left);
  await page.reload();
  await expectBack(page, left);
});

test.skipIf(skipped !== '')(
  `traces that arrive while another is open are held back, and move nothing${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    await xray.putShop(30);
    const page = await browser.open(xray.url);
    await rows(page).nth(8).waitFor();
    const left = await openOne(page);
    const now = Date.now() / 1000;
    await xray.put(checkout(now - 0.5, xray.random), checkout(now - 0.3, xray.random));
    await page.waitForTimeout(500);
    await page.goBack();
    await expectBack(page, left);
    await page.getByRole('button', { name: '2 new' }).waitFor();
    await page.getByRole('button', { name: 'Paused' }).click();
    await page.getByRole('button', { name: 'Live' }).waitFor();
    await page.getByRole('button', { name: '2 new' }).waitFor({ state: 'detached' });
    expect(await page.locator('.row.selected').count()).toBe(0);
    await page.getByText('33 traces').first().waitFor();
  },
);

test.skipIf(skipped !== '')(
  `the list keeps updating while another screen is open, and a new search or order starts at the top${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    await xray.putShop(300);
    const page = await browser.open(xray.url);
    await scrolled(page, 3_000);
    await page.getByRole('button', { name: 'Duration' }).click();
    await page.waitForURL(/sort=-duration/);
    await page.waitForFunction(() => document.querySelector('.table')!.scrollTop === 0);
    await page.goBack();
    await page.waitForFunction(() => Math.round(document.querySelector('.table')!.scrollTop) === 3_000);
    await page.keyboard.press('g');
    await page.keyboard.press('m');
    await page.waitForURL(/\/map/);
    await xray.put(checkout(Date.now() / 1000 - 0.5, xray.random));
    await page.getByRole('link', { name: 'Traces 302' }).waitFor();
  },
);

test.skipIf(skipped !== '')(`from a trace opened by a link, Esc leads to its row in the list${note}`, async () => {
  const xray = await ShownXRay.start(scope);
  const id = await xray.putShop(40);
  const page = await browser.open(`${xray.url}/traces/${id}`);
  await heading(page).waitFor();
  await page.getByText(id).first().waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.row.selected', { has: page.locator(`a[href*="${id}"]`) }).waitFor();
  await page.keyboard.press('j');
  const second = await rows(page).nth(1).locator('a').getAttribute('href');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname === second);
});

test.skipIf(skipped !== '')(
  `the list shows that it is paused by a selected row, its order or its scroll position${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    await xray.putShop(100);
    const page = await browser.open(xray.url);
    await rows(page).nth(5).waitFor();
    await page.getByRole('button', { name: 'Live' }).waitFor();
    await page.keyboard.press('j');
    await page.getByRole('button', { name: 'Paused' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Live' }).waitFor();
    await list(page).evaluate((table) => (table.scrollTop = 900));
    await page.getByRole('button', { name: 'Paused' }).click();
    await page.getByRole('button', { name: 'Live' }).waitFor();
    expect(await scrollTop(page)).toBe(0);
    await page.getByRole('button', { name: 'Spans' }).click();
    await page.getByRole('button', { name: 'Paused' }).click();
    await page.getByRole('button', { name: 'Live' }).waitFor();
    expect(new URL(page.url()).search).toBe('');
  },
);

test.skipIf(skipped !== '')(`the browser tab’s title describes the screen${note}`, async () => {
  const xray = await ShownXRay.start(scope);
  const id = await xray.putShop(20);
  const page = await browser.open(`${xray.url}/?q=fault`);
  const titled = (title: string) => page.waitForFunction((wanted) => document.title === wanted, title);
  await page.waitForFunction(
    () => document.title === `${document.querySelectorAll('.rows .row').length} traces: fault`,
  );
  await page.locator(`a[href*="${id}"]`).click();
  await titled('500 POST /checkout · 1.28 s');
  await page.keyboard.press('g');
  await page.keyboard.press('m');
  await titled('Map: fault');
  await page.goto(`${xray.url}/map`);
  await titled('Map');
  await page.goto(`${xray.url}/settings`);
  await titled('Settings');
  await page.goto(`${xray.url}/?range=1h`);
  await titled('21 traces: last hour');
});
