import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { accessibilityProblems, Browser, note, skipped, type PageOptions } from './browser.ts';
import { openShop, ShownXRay, type OpenedShop } from './local.ts';
import { ShopTrace } from './shop.ts';

// What made a person stop who walked through the screens with traces of their own.

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

const open = (path = '/', options: PageOptions = {}): Promise<OpenedShop> =>
  openShop({ scope, browser }, path, options);

for (const [state, answer, text] of [
  ['while it is read', undefined, 'Reading the map …'],
  ['when it cannot be read', { status: 400, body: '{"Message":"Not today"}' }, 'Not today'],
] as const) {
  test.skipIf(skipped !== '')(`the service map has its heading ${state}${note}`, async () => {
    const { page } = await open('/settings');
    // Without an answer the route stays open until the page is closed.
    await page.route('**/api/graph**', async (route) =>
      answer === undefined ? undefined : await route.fulfill(answer),
    );
    await page.getByRole('link', { name: 'Service map' }).click();
    await page.getByRole('main').getByText(text).waitFor();
    expect(await page.getByRole('heading', { level: 1 }).allTextContents()).toEqual(['Service map']);
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });
}

test.skipIf(skipped !== '')(`the service map of a search with a mistake has its heading${note}`, async () => {
  const { page } = await open(`/map?q=${encodeURIComponent('service(checkout)')}`);
  await page.getByRole('heading', { name: 'Not searched: the expression has a mistake' }).waitFor();
  expect(await page.getByRole('heading', { level: 1 }).allTextContents()).toEqual(['Service map']);
  expect(await accessibilityProblems(page)).toEqual([]);
});

test.skipIf(skipped !== '')(
  `an empty map links to the connect page, and lists no keys of a missing panel${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const page = await browser.open(`${xray.url}/map`);
    await page.getByRole('heading', { name: 'No services yet' }).waitFor();
    await page.keyboard.press('?');
    const keys = page.getByRole('dialog');
    await keys.getByText('Everywhere').waitFor();
    expect(await keys.getByText('close the panel').count()).toBe(0);
    await page.keyboard.press('Escape');
    await page.getByRole('main').getByRole('link', { name: 'Connect an application' }).click();
    await page.waitForURL('**/connect');
  },
);

test.skipIf(skipped !== '')(`a click on a call draws no outline over the services beside it${note}`, async () => {
  const { page } = await open('/map');
  const call = page.getByRole('button', { name: /^checkout → orders:/ });
  await call.click();
  await page.getByRole('complementary').getByText('As the caller saw it').waitFor();
  expect(await call.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe('none');
});

for (const [written, condition] of [
  ['status:404', 'http.status = 404'],
  ['http.status = "404"', 'http.status = 404'],
] as const) {
  test.skipIf(skipped !== '')(
    `a search for ${written} that finds nothing offers ${condition}, which finds the traces${note}`,
    async () => {
      const { page, xray } = await open();
      const start = Date.now() / 1000 - 20;
      const missing = new ShopTrace(start, xray.random);
      missing.segment('walk', start, 0.1, {
        http: { request: { method: 'GET', url: 'http://walk/x' }, response: { status: 404 } },
        error: true,
      });
      await xray.put(missing);
      await page.goto(`${xray.url}/?${written.includes('"') ? 'q' : 'text'}=${encodeURIComponent(written)}`);
      await page.getByRole('heading', { name: 'No trace matches' }).waitFor();
      await page.getByRole('main').getByRole('button', { name: condition, exact: true }).click();
      await page.getByRole('row').filter({ hasText: '404' }).first().waitFor();
    },
  );
}

test.skipIf(skipped !== '')(
  `a trace that is running is called so above it and in the tab too, with the status of its response beside the span${note}`,
  async () => {
    const { page, xray } = await open();
    const start = Date.now() / 1000;
    const trace = new ShopTrace(start, xray.random);
    const http = { request: { method: 'GET', url: 'http://stream/events' }, response: { status: 200 } };
    trace.segment('stream', start, undefined, { in_progress: true, http });
    await xray.put(trace);
    await page.goto(`${xray.url}/traces/${trace.traceId}`);
    await page.getByRole('heading', { level: 1, name: 'running GET /events' }).waitFor();
    expect(await page.title()).toMatch(/^running GET \/events/);
  },
);

test.skipIf(skipped !== '')(`the button for a mistake is centred, like the heading above it${note}`, async () => {
  const { page } = await open(`/?q=${encodeURIComponent('service(checkout)')}`, { width: 400 });
  const sentence = (await page.getByRole('heading', { name: 'Not searched' }).boundingBox())!;
  const button = (await page.getByRole('main').getByRole('button', { name: 'Clear the filter' }).boundingBox())!;
  expect(Math.abs(sentence.x + sentence.width / 2 - (button.x + button.width / 2))).toBeLessThan(3);
});

test.skipIf(skipped !== '')(`the number of spans found is on one line beside an open panel${note}`, async () => {
  const { page } = await open('/traces/FAILED');
  await page.getByRole('treeitem').first().waitFor({ state: 'attached' });
  await page.keyboard.press('e');
  await page.getByRole('complementary').waitFor();
  await page.keyboard.press('f');
  await page.keyboard.insertText('orders');
  const found = page.getByText(/^\S+ of \d+$/);
  await found.waitFor();
  expect((await found.boundingBox())!.height).toBeLessThan(24);
});

test.skipIf(skipped !== '')(
  `a long statement is fully readable in the panel without horizontal scrolling${note}`,
  async () => {
    const { page, xray } = await open();
    const start = Date.now() / 1000 - 20;
    const trace = new ShopTrace(start, xray.random);
    const query =
      'SELECT id, name, price, stock FROM articles WHERE region = ? AND is_sold = ? ORDER BY price LIMIT 20';
    trace.segment('articles', start, 0.1, { sql: { database_type: 'PostgreSQL', sanitized_query: query } });
    await xray.put(trace);
    await page.goto(`${xray.url}/traces/${trace.traceId}`);
    await page.getByRole('treeitem').first().waitFor({ state: 'attached' });
    await page.keyboard.press('j');
    const statement = page.getByRole('complementary').locator('pre').filter({ hasText: 'SELECT' }).first();
    await statement.waitFor();
    expect(await statement.evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0);
  },
);
