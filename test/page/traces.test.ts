import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { eventually } from '../fakes/eventually.ts';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped } from './browser.ts';
import { ShownXRay } from './local.ts';
import { checkout, request } from './shop.ts';
import { rows } from './parts.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

const filterOf = (page: Page): string => new URL(page.url()).searchParams.get('q') ?? '';

test.skipIf(skipped !== '')(
  `first run: what to set, and a sample trace that turns the page into the list${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const page = await browser.open(xray.url);
    await page.getByRole('heading', { name: 'Send segments or spans to' }).waitFor();
    expect(await page.locator('pre').allTextContents()).toEqual(
      expect.arrayContaining([
        expect.stringMatching(new RegExp(`AWS_XRAY_DAEMON_ADDRESS=.*127\\.0\\.0\\.1:${xray.daemon.udpPort}\\b`)),
      ]),
    );
    await page.getByRole('button', { name: 'Send a sample trace' }).click();
    await rows(page).first().waitFor();
    expect(await rows(page).allTextContents()).toEqual([expect.stringContaining('POST /checkout')]);
  },
);

test.skipIf(skipped !== '')(
  `new traces appear automatically, newest first, and a live one is updated in place${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const page = await browser.open(xray.url);
    await page.getByRole('button', { name: 'Send a sample trace' }).waitFor();
    const now = Date.now() / 1000;
    const first = request(now - 2, xray.random);
    await xray.send(first);
    await rows(page).first().waitFor();
    const second = checkout(now - 1, xray.random);
    const [root] = second.documents.splice(
      second.documents.findIndex(({ name }) => name === 'checkout'),
      1,
    );
    const { end_time: _, subsegments: _none, fault: _fault, ...open } = root!;
    await xray.daemon.send(
      `{"format":"json","version":1}\n${JSON.stringify({ ...open, http: { request: { method: 'POST', url: 'https://shop.example/checkout' } }, in_progress: true })}`,
    );
    await rows(page).nth(1).waitFor();
    expect(await rows(page).first().locator('.badge').textContent()).toBe('running');
    second.documents.push(root!);
    await xray.send(second);
    await page.locator('.row:first-child .badge.fault').waitFor();
    expect(await rows(page).first().textContent()).toMatch(/POST \/checkout.*500.*1\.28 s/);
  },
);

test.skipIf(skipped !== '')(
  `new traces wait while something is selected, or the list is paused, and are counted${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    await xray.putShop(20);
    const page = await browser.open(xray.url);
    await rows(page).nth(5).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    expect(await page.locator('.row.selected').textContent()).toBe(await rows(page).nth(1).textContent());
    const before = await rows(page).first().textContent();
    await xray.put(checkout(Date.now() / 1000 - 1, xray.random), checkout(Date.now() / 1000 - 0.5, xray.random));
    await page.getByRole('button', { name: '2 new' }).waitFor();
    expect(await rows(page).first().textContent()).toBe(before);
    await page.getByRole('button', { name: '2 new' }).click();
    await page.waitForFunction((text) => document.querySelector('.table .rows .row')?.textContent !== text, before);
    await page.keyboard.press('Escape');
    await page.keyboard.press('p');
    await page.getByRole('button', { name: 'Paused' }).waitFor();
    await xray.put(checkout(Date.now() / 1000 - 0.2, xray.random));
    await page.getByRole('button', { name: '1 new' }).waitFor();
    await page.keyboard.press('p');
    await page.getByRole('button', { name: '1 new' }).waitFor({ state: 'detached' });
  },
);

test.skipIf(skipped !== '')(`columns sort the list, the address records it, and Back undoes it${note}`, async () => {
  const xray = await ShownXRay.start(scope);
  await xray.putShop(60);
  const page = await browser.open(xray.url);
  await rows(page).nth(5).waitFor();
  await page.getByRole('button', { name: 'Duration' }).click();
  await page.waitForURL(/sort=-duration/);
  const lengths = async (): Promise<string[]> => page.locator('.rows .number').allTextContents();
  expect((await lengths()).slice(0, 2)).toEqual(['1.28 s', '1.28 s']);
  await page.getByRole('button', { name: 'Duration' }).click();
  await page.waitForURL(/sort=duration/);
  expect((await lengths())[0]).toMatch(/ ms$/);
  await page.goBack();
  await page.goBack();
  await page.waitForURL((url) => !url.search.includes('sort'));
  expect(await page.getByRole('columnheader', { name: 'Started' }).getAttribute('aria-sort')).toBe('descending');
});

test.skipIf(skipped !== '')(
  `rows are links: a click opens the trace, Back returns to the same position${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const id = await xray.putShop(200);
    const page = await browser.open(xray.url);
    await rows(page).nth(5).waitFor();
    expect(await rows(page).first().locator('a').getAttribute('href')).toBe(`/traces/${id}`);
    await page.locator('.table').evaluate((table) => (table.scrollTop = 1_400));
    await rows(page).nth(15).waitFor();
    await page.locator('.table').evaluate((table) => (table.scrollTop = 0));
    await rows(page)
      .first()
      .click({ position: { x: 60, y: 10 } });
    await page.getByRole('heading', { name: 'POST /checkout' }).waitFor();
    await page.goBack();
    await rows(page).first().waitFor();
  },
);

test.skipIf(skipped !== '')(`a click on a value searches for it, and Alt-click excludes it${note}`, async () => {
  const xray = await ShownXRay.start(scope);
  await xray.putShop(100);
  const page = await browser.open(xray.url);
  await rows(page).nth(5).waitFor();
  await page.locator('.row .status .value', { hasText: '500' }).first().click();
  await page.waitForFunction(() =>
    [...document.querySelectorAll('.rows .badge')].every((badge) => badge.textContent === '500'),
  );
  expect(filterOf(page)).toBe('http.status = 500');
  await page
    .locator('.row .services .value', { hasText: 'checkout' })
    .first()
    .click({ modifiers: ['Alt'] });
  await page.waitForURL(/checkout/);
  expect(filterOf(page)).toBe('http.status = 500 AND !(service("checkout"))');
  await page.goBack();
  await page.waitForURL((url) => url.searchParams.get('q') === 'http.status = 500');
  await page.getByRole('button', { name: 'Clear the filter' }).first().click();
  await page.waitForURL((url) => url.search === '');
});

test.skipIf(skipped !== '')(
  `a brush over the chart narrows time and duration, a click on a point opens its trace${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    await xray.putShop(300);
    const page = await browser.open(xray.url);
    await page.getByText('301', { exact: true }).waitFor();
    const box = (await page.locator('.scatter canvas').boundingBox())!;
    await page.waitForTimeout(500);
    // Below the upper edge of the chart.
    await page.mouse.move(box.x + 300, box.y + 24);
    await page.mouse.down();
    await page.mouse.move(box.x + 500, box.y + 60, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/from=\d/);
    expect(filterOf(page)).toMatch(/^duration >= [\d.]+ AND duration <= [\d.]+$/);
    await page.waitForFunction(() => {
      const lengths = [...document.querySelectorAll('.rows .number')].map((each) => each.textContent ?? '');
      return lengths.length > 0 && lengths.length < 100;
    });
    const before = filterOf(page);
    const histogram = (await page.locator('.histogram canvas').boundingBox())!;
    await page.mouse.click(histogram.x + 20, histogram.y + 60);
    await page.waitForFunction((old) => new URLSearchParams(location.search).get('q') !== old, before);
  },
);

test.skipIf(skipped !== '')(
  `no match: shows the search and how to widen it, and a later match appears automatically${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    await xray.putShop(5);
    const page = await browser.open(`${xray.url}/?q=${encodeURIComponent('annotation.tenant = "initech"')}&range=15m`);
    await page.getByRole('heading', { name: 'No trace matches' }).waitFor();
    await page.getByRole('button', { name: 'Search all time' }).waitFor();
    const trace = request(Date.now() / 1000, xray.random);
    trace.documents.at(-1)!['annotations'] = { tenant: 'initech' };
    await xray.put(trace);
    await rows(page).first().waitFor();
    expect(await rows(page).count()).toBe(1);
  },
);

test.skipIf(skipped !== '')(
  `when the local X-Ray stops and restarts, the page reports it and reads the list again${note}`,
  async () => {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const address = `127.0.0.1:${port}`;
    const first = await ShownXRay.start(scope, '--bind', address, '--bind-tcp', address);
    await first.putShop(5);
    const page = await browser.open(first.url);
    await rows(page).nth(3).waitFor();
    await first.daemon.stop('SIGTERM');
    await page.getByText(/Disconnected since/).waitFor();
    const second = await ShownXRay.start(scope, '--bind', address, '--bind-tcp', address);
    await second.put(checkout(Date.now() / 1000, second.random));
    await page.getByText(/Disconnected since/).waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.querySelectorAll('.table .rows .row').length === 1);
  },
);

test.skipIf(skipped !== '')(
  `a tab that is not looked at lets its connection go, and is up to date when it is looked at again${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const now = Date.now() / 1000;
    await xray.put(request(now - 20, xray.random));
    const page = await browser.open(xray.url);
    await rows(page).first().waitFor();
    const look = (state: 'hidden' | 'visible'): Promise<void> =>
      page.evaluate((to) => {
        Object.defineProperty(document, 'visibilityState', { value: to, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, state);
    await look('hidden');
    await page
      .waitForEvent('requestfinished', { predicate: (one) => one.url().includes('/events'), timeout: 10_000 })
      .catch(() => {});
    await xray.put(request(now - 10, xray.random));
    await new Promise((next) => setTimeout(next, 1_000));
    expect(await rows(page).count()).toBe(1);
    await look('visible');
    await page.waitForFunction(() => document.querySelectorAll('.table .rows .row').length === 2);
  },
);

test.skipIf(skipped !== '')(
  `many traces: all of them in the list, only those that are seen in the document${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    await xray.putShop(3_000);
    const page = await browser.open(xray.url);
    await page.getByText('3,001', { exact: true }).waitFor();
    expect(await rows(page).count()).toBeLessThan(80);
    // The rest comes while one reads.
    await eventually(async () => {
      await page.locator('.table').evaluate((table) => (table.scrollTop = table.scrollHeight));
      return page.locator('[aria-rowindex="3002"]').isVisible();
    });
  },
);
