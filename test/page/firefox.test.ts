import type { Page } from 'puppeteer-core';
import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { Firefox, note, skipped } from './firefox.ts';
import { ShownXRay, shopOf } from './local.ts';

const scope = new Scope();
const firefox = new Firefox();
afterEach(() => firefox.check());

/** Resolves when the address is as it should be. */
async function at(page: Page, isThere: (url: URL) => boolean): Promise<void> {
  await expect.poll(() => isThere(new URL(page.url())), { timeout: 20_000 }).toBe(true);
}

test.skipIf(skipped !== '')(`Firefox: from the first run to a sample trace, its span, and back${note}`, async () => {
  const xray = await ShownXRay.start(scope);
  const page = await firefox.open(xray.url);
  await page.locator('::-p-aria(Send a sample trace)').click();
  await page.locator('.table .rows .row a').click();
  await at(page, ({ pathname }) => pathname.startsWith('/traces/1-'));
  await page.waitForSelector('[role=treeitem]');
  await page.keyboard.press('j');
  await at(page, ({ searchParams }) => searchParams.get('span') !== null);
  await page.waitForSelector('aside[aria-label="The selected span"]');
  // Not a blank picture: the timeline's canvas has been painted.
  const isPainted = await page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('.timeline-all canvas')!;
    return canvas
      .getContext('2d')!
      .getImageData(0, 0, canvas.width, canvas.height)
      .data.some((value) => value !== 0);
  });
  expect(isPainted).toBe(true);
  await page.goBack();
  await at(page, ({ pathname }) => pathname === '/');
  await page.waitForSelector('.table .rows .row.selected');
});

test.skipIf(skipped !== '')(`Firefox: the query box searches for text and for expressions${note}`, async () => {
  const { xray } = await shopOf(scope, 60);
  const page = await firefox.open(xray.url);
  await page.waitForSelector('.cm-content');
  await page.waitForSelector('.table .rows .row');
  await page.keyboard.press('/');
  await page.keyboard.type('fault');
  await page.keyboard.press('Enter');
  await at(page, ({ searchParams }) => searchParams.get('q') === 'fault');
  await page.waitForFunction(() => {
    const rows = [...document.querySelectorAll('.table .rows .row')];
    return rows.length > 0 && rows.every((row) => row.querySelector('.badge.fault') !== null);
  });
  await page.goto(`${xray.url}/`);
  await page.waitForSelector('.table .rows .row');
  await page.keyboard.press('/');
  await page.keyboard.type('ProvisionedThroughputExceeded');
  await page.keyboard.press('Enter');
  await at(page, ({ searchParams }) => searchParams.get('text') === 'ProvisionedThroughputExceeded');
  await page.waitForSelector('.table .rows .row');
});

test.skipIf(skipped !== '')(
  `Firefox: the service map is drawn, can be searched, and works with the keyboard${note}`,
  async () => {
    const { xray } = await shopOf(scope, 60);
    const page = await firefox.open(`${xray.url}/map`);
    await page.waitForSelector('[role=button][aria-label^="Client: "]');
    await page.keyboard.press('f');
    await page.keyboard.type('checkout');
    await page.keyboard.press('Enter');
    await page.waitForSelector('aside[aria-label="The selected service"] ::-p-text(checkout)');
    await page.keyboard.press('Escape');
    await page.locator('[role=button][aria-label^="checkout, "]').click();
    await page.waitForSelector('[aria-label^="checkout → "][tabindex="0"]');
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    expect(focused).toMatch(/^checkout → .*requests?/);
  },
);

test.skipIf(skipped !== '')(`Firefox: the theme is changed, and kept${note}`, async () => {
  const { xray } = await shopOf(scope, 60);
  const page = await firefox.open(`${xray.url}/settings`);
  const background = async (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.locator('input[value=dark]').click();
  await expect.poll(background).toBe('rgb(15, 18, 23)');
  await page.reload();
  expect(await background()).toBe('rgb(15, 18, 23)');
  await page.locator('input[value=light]').click();
  await expect.poll(background).toBe('rgb(255, 255, 255)');
});
