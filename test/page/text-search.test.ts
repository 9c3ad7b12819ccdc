import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { accessibilityProblems, Browser, note, skipped } from './browser.ts';
import { ShownXRay } from './local.ts';
import { checkout } from './shop.ts';
import { offered } from './parts.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

async function open(path = '/', width = 1360): Promise<{ xray: ShownXRay; page: Page; id: string }> {
  const xray = await ShownXRay.start(scope);
  const id = await xray.putShop(60);
  const page = await browser.open(xray.url + path, { width });
  await page.getByRole('table').waitFor();
  return { xray, page, id };
}

const hint = (page: Page) => page.getByRole('search').getByRole('status');

async function searchFor(page: Page, text: string): Promise<void> {
  await page.keyboard.press('/');
  await page.keyboard.press('Control+a');
  await page.keyboard.type(text, { delay: 10 });
  await page.keyboard.press('Enter');
}

test.skipIf(skipped !== '')(`plain words find traces, and the box says that it searched for text${note}`, async () => {
  const { page, id } = await open();
  for (const text of [
    'checkout',
    '/checkout',
    'user-7731',
    'tenant=acme',
    'status=500',
    'ProvisionedThroughputExceededException',
    'provisioned throughput',
    'PutItem orders',
    'order-created',
  ]) {
    await searchFor(page, text);
    await page.waitForURL((url) => url.searchParams.get('text') === text && !url.searchParams.has('q'));
    await hint(page)
      .getByText(/^Text in \d+ traces?$/)
      .waitFor();
    await page.locator(`.rows a[href*="${id}"]`).waitFor();
    const found = Number(/\d+/.exec((await hint(page).textContent())!)![0]);
    expect(found).toBeGreaterThan(0);
    // The wider search holds 61.
    expect(found).toBeLessThan(61);
  }
  await searchFor(page, 'no-such-word');
  await hint(page).getByText('Text in 0 traces').waitFor();
  await page.getByRole('heading', { name: 'No trace matches' }).waitFor();
});

test.skipIf(skipped !== '')(`similar expressions are suggested below a text, and Tab accepts one${note}`, async () => {
  const { page } = await open();
  await page.keyboard.press('/');
  await page.keyboard.type('checkout', { delay: 20 });
  await hint(page).getByText('Text: Enter searches').waitFor();
  await offered(page).filter({ hasText: 'http.url CONTAINS "checkout"' }).waitFor();
  await offered(page).filter({ hasText: 'service("checkout")' }).first().waitFor();
  await page.keyboard.press('Tab');
  await page.waitForFunction(() => document.querySelector('.cm-content')?.textContent === 'service("checkout")');
  await hint(page).getByText('X-Ray expression: Enter searches').waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.searchParams.get('q') === 'service("checkout")');
});

test.skipIf(skipped !== '')(
  `a text in the address applies to new traces, is kept in saved filters, and carries over to the map${note}`,
  async () => {
    const { xray, page } = await open('/?text=globally%20unique');
    await hint(page).getByText('Text in 0 traces').waitFor();
    expect(await page.locator('.cm-content, .query-field input:visible').first().isVisible()).toBe(true);
    const trace = checkout(Date.now() / 1000 - 1, xray.random);
    trace.documents.at(-1)!['annotations'] = { note: 'globally unique' };
    await xray.put(checkout(Date.now() / 1000 - 2, xray.random), trace);
    await hint(page).getByText('Text in 1 trace', { exact: true }).waitFor();
    await page.locator(`.rows a[href*="${trace.traceId}"]`).waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.keyboard.type('Unique');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Clear the filter' }).first().click();
    await page.waitForURL((url) => !url.searchParams.has('text'));
    await page.getByRole('link', { name: 'Unique' }).click();
    await page.waitForURL((url) => url.searchParams.get('text') === 'globally unique');
    await hint(page).getByText('Text in 1 trace', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Service map' }).click();
    await page.waitForURL((url) => url.pathname === '/map' && url.searchParams.get('text') === 'globally unique');
  },
);

test.skipIf(skipped !== '')(`words in quotes are a text even when they are a keyword${note}`, async () => {
  const { page } = await open();
  await searchFor(page, '"error"');
  await page.waitForURL((url) => url.searchParams.get('text') === 'error');
  await page.reload();
  await hint(page)
    .getByText(/^Text in \d+ traces$/)
    .waitFor();
  await page.locator('.cm-editor').waitFor();
  expect(await page.locator('.cm-content').textContent()).toBe('"error"');
});

test.skipIf(skipped !== '')(
  `at 400 px the focused box takes the whole bar, and shows how it interprets its content${note}`,
  async () => {
    const { page } = await open('/?q=service(%22checkout%22)%20AND%20annotation.tenant%20%3D%20%22acme%22', 400);
    const form = page.locator('form.query');
    const before = (await form.boundingBox())!;
    await page.keyboard.press('/');
    await page.locator('.cm-editor').waitFor();
    await page.waitForFunction(() => document.querySelector('form.query')!.getBoundingClientRect().width > 350);
    const after = (await form.boundingBox())!;
    expect(after.width).toBeGreaterThan(before.width + 80);
    await page.keyboard.press('Control+a');
    await page.keyboard.type('duration > 5ms');
    await page.keyboard.press('Enter');
    await hint(page).getByText('duration takes seconds').waitFor();
    await page.getByRole('button', { name: 'Search duration > 0.005 instead' }).click();
    await page.waitForURL((url) => url.searchParams.get('q') === 'duration > 0.005');
    expect(await accessibilityProblems(page)).toEqual([]);
  },
);
