import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped } from './browser.ts';
import { ShownXRay } from './local.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

test.skipIf(skipped !== '')(
  `the first rows do not wait for other screens, which are there without a click and open by their addresses${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const failed = await xray.putShop(60);
    const page = await browser.open(`${xray.url}/api/status`);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    let letThrough = (): void => {};
    const isThrough = new Promise<void>((resolve) => (letThrough = resolve));
    await page.route(/assets\/(trace|map|settings)-screen/, async (route) => {
      await isThrough;
      await route.continue();
    });
    await page.goto(xray.url);
    await page.locator('.table .rows .row').first().waitFor();
    const later = page.waitForResponse(/assets\/trace-screen/);
    letThrough();
    await later;
    expect(asked.filter((url) => url.endsWith('.js')).length).toBeGreaterThan(1);
    for (const [path, title] of [
      [`/traces/${failed}`, /checkout/],
      ['/map', /Service map/],
      ['/connect', /Connect an application/],
      ['/settings', /Settings/],
    ] as const) {
      await page.goto(xray.url + path);
      await page.locator('main h1', { hasText: title }).waitFor({ state: 'attached' });
    }
  },
);

test.skipIf(skipped !== '')(`the first rows are painted before more of the list is requested${note}`, async () => {
  const xray = await ShownXRay.start(scope);
  await xray.putShop(400);
  const page = await browser.open(`${xray.url}/api/status`);
  await page.addInitScript(() => {
    const asBefore = window.fetch.bind(window);
    let painted = 0;
    new MutationObserver((_, rows) => {
      if (document.querySelector('.table .rows .row') === null) return;
      rows.disconnect();
      requestAnimationFrame(() => setTimeout(() => painted++));
    }).observe(document, { childList: true, subtree: true });
    window.fetch = async (...request) => {
      if (typeof request[0] === 'string' && request[0].includes('after='))
        document.documentElement.dataset['paintedBefore'] = String(painted);
      return asBefore(...request);
    };
  });
  await page.goto(xray.url);
  await page.locator('html[data-painted-before]').waitFor({ state: 'attached' });
  expect(await page.locator('html').getAttribute('data-painted-before')).toBe('1');
});

test.skipIf(skipped !== '')(`the first rows are requested once, before the page's code runs${note}`, async () => {
  const xray = await ShownXRay.start(scope);
  await xray.putShop(60);
  const page = await browser.open(`${xray.url}/api/status`);
  const warnings: string[] = [];
  page.on('console', (message) => void (message.type() === 'warning' && warnings.push(message.text())));
  let asked: string[] = [];
  page.on('request', (request) => void (request.url().includes('/api/traces?') && asked.push(request.url())));
  for (const path of ['', '/?sort=-duration']) {
    asked = [];
    let letThrough = (): void => {};
    const isThrough = new Promise<void>((resolve) => (letThrough = resolve));
    await page.route(/assets\/index-.*js/, async (route) => {
      await isThrough;
      await route.continue();
    });
    const answer = page.waitForResponse(/api\/traces\?/);
    const opened = page.goto(xray.url + path);
    await answer;
    letThrough();
    await opened;
    await page.locator('.table .rows .row').first().waitFor();
    expect(asked).toEqual([`${xray.url}/api/traces?filter=&limit=200`]);
    await page.unroute(/assets\/index-.*js/);
  }
  asked = [];
  await page.goto(`${xray.url}/?q=fault`);
  await page.locator('.table .rows .row').first().waitFor();
  expect(asked).toEqual([`${xray.url}/api/traces?filter=fault&limit=200`]);
  expect(warnings).toEqual([]);
});

test.skipIf(skipped !== '')(
  `a screen whose code cannot be loaded says so, and offers to reload the page${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    await xray.putShop(60);
    const page = await browser.open(`${xray.url}/api/status`);
    await page.route(/assets\/settings-screen/, async (route) => route.abort('connectionrefused'));
    await page.goto(xray.url);
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('heading', { name: 'This part of the page could not be loaded' }).waitFor();
    await page.unroute(/assets\/settings-screen/);
    await page.getByRole('button', { name: 'Load the page again' }).click();
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
  },
);

test.skipIf(skipped !== '')(
  `other screens know the number of traces, and read the rest of the list once it is opened${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const failed = await xray.putShop(400);
    const page = await browser.open(`${xray.url}/api/status`);
    let further = 0;
    page.on('request', (request) => void (/\/api\/traces\?.*after=/.test(request.url()) && further++));
    for (const path of ['/map', `/traces/${failed}`]) {
      further = 0;
      await page.goto(xray.url + path);
      await page.getByRole('link', { name: 'Traces 401' }).waitFor();
      await page.waitForTimeout(500);
      expect(further).toBe(0);
      await page.keyboard.press('g');
      const read = page.waitForResponse((answer) => /\/api\/traces\?.*after=/.test(answer.url()));
      await page.keyboard.press('t');
      await read;
      await page.locator('[role=table][aria-rowcount="402"]').waitFor();
      // What was there before is not reported as new.
      expect(await page.getByRole('button', { name: /new trace/ }).count()).toBe(0);
      expect(further).toBe(1);
    }
  },
);
