import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped } from './browser.ts';
import { ShownXRay } from './local.ts';
import { offered, searchBox } from './parts.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

async function open(path = '/', width = 1360): Promise<Page> {
  const xray = await ShownXRay.start(scope);
  await xray.putShop(60);
  const page = await browser.open(xray.url + path, { width });
  await page.locator('.table .rows .row, .empty').first().waitFor();
  return page;
}

const hint = (page: Page) => page.locator('form').getByRole('status');

function param(page: Page, name: string): string | null {
  return new URL(page.url()).searchParams.get(name);
}

for (const delay of [0, 15, 60, 150]) {
  test.skipIf(skipped !== '')(`Enter searches for the content of the box, at ${delay} ms a key${note}`, async () => {
    const page = await open();
    for (const expression of ['service("checkout")', 'error', 'http.status = 500', 'service("checkout") { fault }']) {
      await page.getByRole('link', { name: 'Traces' }).click();
      await page.keyboard.press('/');
      await page.keyboard.press('Control+a');
      await page.keyboard.type(expression, { delay });
      await page.keyboard.press('Enter');
      await page.waitForURL((url) => url.searchParams.get('q') === expression);
      await hint(page).getByText('X-Ray expression', { exact: true }).waitFor();
      expect(await offered(page).count()).toBe(0);
      await page.getByRole('button', { name: 'Clear the filter' }).first().click();
    }
  });
}

test.skipIf(skipped !== '')(`no suggestions open after a complete condition${note}`, async () => {
  const page = await open();
  await page.keyboard.press('/');
  for (const expression of [
    'service("checkout")',
    'service("checkout") { fault }',
    'annotation.tenant = "acme"',
    'http.status = 500 ',
    'error ',
  ]) {
    await page.keyboard.press('Control+a');
    await page.keyboard.type(expression, { delay: 30 });
    // What was offered for its beginning goes, on a busy machine a little later; nothing comes after it.
    await offered(page).first().waitFor({ state: 'detached' });
    await page.waitForTimeout(400);
    expect({ expression, offered: await offered(page).allTextContents() }).toEqual({ expression, offered: [] });
  }
  await page.keyboard.type('A', { delay: 30 });
  await offered(page).filter({ hasText: 'AND' }).waitFor();
});

test.skipIf(skipped !== '')(
  `Tab accepts a completion, as does Enter after an arrow key; typing clears the choice${note}`,
  async () => {
    const page = await open();
    await page.keyboard.press('/');
    await page.keyboard.type('ann');
    await offered(page).first().waitFor();
    await page.keyboard.press('Tab');
    await page.waitForFunction(() => document.querySelector('.cm-content')?.textContent === 'annotation.');
    await page.keyboard.press('Control+a');
    await page.keyboard.type('faul', { delay: 30 });
    await offered(page).first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('listbox').getByRole('option', { selected: true }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('.cm-content')?.textContent === 'fault');
    expect(param(page, 'q')).toBeNull();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('e', { delay: 30 });
    await offered(page).first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.type('rror');
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('q') === 'error');
  },
);

test.skipIf(skipped !== '')(`text typed before the editor is loaded keeps its order${note}`, async () => {
  const page = await open();
  await page.route('**/*.js', async (route) => {
    await new Promise((done) => setTimeout(done, 300));
    await route.continue();
  });
  await page.reload();
  await searchBox(page).focus();
  await page.keyboard.type('service("checkout") AND fault', { delay: 30 });
  await page.locator('.cm-editor').waitFor();
  await page.keyboard.type(' AND error');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.searchParams.get('q') === 'service("checkout") AND fault AND error');
});

test.skipIf(skipped !== '')(
  `an expression with a mistake in the address shows no traces, and says that it was not searched${note}`,
  async () => {
    const page = await open(`/?q=${encodeURIComponent('annotation.tenant = acme')}`);
    await page.getByRole('heading', { name: 'Not searched: the expression has a mistake' }).waitFor();
    expect(await page.locator('.table .rows .row').count()).toBe(0);
    expect(await page.getByRole('link', { name: 'Traces' }).first().textContent()).toBe('Traces ');
    await page.getByText('A text needs quotes.').waitFor();
    await page
      .getByTitle(/^Error Location: line 1/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'annotation.tenant = "acme"', exact: true }).click();
    await page.waitForURL((url) => url.searchParams.get('q') === 'annotation.tenant = "acme"');
    await page.locator('.table .rows .row').first().waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: 'Not searched: the expression has a mistake' }).waitFor();
    await page.getByRole('link', { name: 'Service map' }).click();
    await page.getByRole('heading', { name: 'Not searched: the expression has a mistake' }).waitFor();
  },
);

test.skipIf(skipped !== '')(
  `a mistake is explained in plain words, with X-Ray’s message on hover, and a click applies the remedy${note}`,
  async () => {
    const page = await open();
    await page.keyboard.press('/');
    await page.keyboard.type('duration > 1ms', { delay: 20 });
    await page.keyboard.press('Enter');
    await hint(page).getByText('duration takes seconds').waitFor();
    expect(await hint(page).getAttribute('title')).toBe(
      "Error Location: line 1, position 12 : Invalid input symbol: 'ms'",
    );
    await page.getByRole('heading', { name: 'Not searched: the expression has a mistake' }).waitFor();
    expect(param(page, 'q')).toBe('duration > 1ms');
    await page.getByRole('button', { name: 'Search duration > 0.001 instead' }).click();
    await page.waitForURL((url) => url.searchParams.get('q') === 'duration > 0.001');
    await page.locator('.table .rows .row').first().waitFor();
  },
);
