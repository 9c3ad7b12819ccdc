import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped } from './browser.ts';
import { ShownXRay, secondsAgo } from './local.ts';
import { ShopTrace } from './shop.ts';
import { panel, rows } from './parts.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

/** web, whose call of a bank takes `seconds`; five queries of a database beside it. */
function purchase(xray: ShownXRay, start: number, seconds: number): ShopTrace {
  const made = new ShopTrace(start, xray.random);
  const http = { request: { method: 'POST', url: 'https://bank.example/v2/charges' }, response: { status: 200 } };
  const entry = { request: { method: 'POST', url: 'http://shop.example/purchase' }, response: { status: 200 } };
  const queries = Array.from({ length: 5 }, (_, i) =>
    made.sql('prices', 'SELECT price FROM prices WHERE sku = ?', start + 0.01 + i * 0.02, 0.02),
  );
  const bank = made.sub('bank.example', start + 0.11, seconds, { namespace: 'remote', http });
  made.segment('web', start, seconds + 0.12, { http: entry, subsegments: [...queries, bank] });
  return made;
}

async function open(
  lengths: readonly number[],
  address: (ids: readonly string[]) => string,
): Promise<{ page: Page; xray: ShownXRay }> {
  const xray = await ShownXRay.start(scope);
  const traces = lengths.map((seconds, i) => purchase(xray, secondsAgo(10 + i), seconds));
  await xray.put(...traces);
  return { page: await browser.open(`${xray.url}${address(traces.map(({ traceId }) => traceId))}`), xray };
}

test.skipIf(skipped !== '')(
  `a trace that did not fail shows where most of its time went, as a link${note}`,
  async () => {
    const { page } = await open([0.88], ([id]) => `/traces/${id}`);
    await page
      .getByRole('link', { name: '88 % of the time, 880 ms, was spent in bank.example POST /v2/charges' })
      .click();
    await panel(page).getByRole('heading', { name: 'bank.example' }).waitFor();
  },
);

test.skipIf(skipped !== '')(`it counts repeats, and says nothing if the time is spread out${note}`, async () => {
  const { page, xray } = await open([0.02], ([id]) => `/traces/${id}`);
  await page.getByRole('link', { name: /^71 % of the time, 100 ms, was spent in 5 × prices SELECT price/ }).waitFor();
  const spread = new ShopTrace(secondsAgo(5), xray.random);
  const start = secondsAgo(5);
  spread.segment('spread', start, 1, {
    subsegments: Array.from({ length: 5 }, (_, i) => spread.sub(`step ${i}`, start + i * 0.2, 0.2)),
  });
  await xray.put(spread);
  await page.goto(`${xray.url}/traces/${spread.traceId}`);
  await page.getByRole('treeitem').nth(5).waitFor({ state: 'attached' });
  expect(await page.getByText('of the time').count()).toBe(0);
});

test.skipIf(skipped !== '')(
  `the call of a service that does not report links to all traces with that service${note}`,
  async () => {
    const { page } = await open([0.9, 0.2], ([id]) => `/traces/${id}`);
    await page.getByRole('link', { name: /of the time/ }).click();
    await panel(page)
      .getByRole('button', { name: /^bank\.example/ })
      .click();
    await page.getByText('2 traces').first().waitFor();
    expect(new URL(page.url()).searchParams.get('q')).toBe('service("bank.example")');
  },
);

test.skipIf(skipped !== '')(`a brush to the end of the histogram includes the longest trace${note}`, async () => {
  const lengths = [0.05, 0.06, 0.07, 0.08, 0.09, 1.81, 1.77, 1.79, 1.767, 2.777];
  const { page } = await open(lengths, () => '/');
  await rows(page).nth(9).waitFor();
  const chart = (await page.getByRole('img', { name: 'How many traces took how long' }).boundingBox())!;
  const middle = chart.x + chart.width * 0.6;
  await page.mouse.move(middle, chart.y + 60);
  await page.mouse.down();
  await page.mouse.move(chart.x + chart.width - 14, chart.y + 60, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/duration/);
  await page.getByText('5 traces').first().waitFor();
  expect(await rows(page).filter({ hasText: '2.90 s' }).count()).toBe(1);
});

test.skipIf(skipped !== '')(`a service whose name is typed is offered once${note}`, async () => {
  const { page } = await open([0.1], () => '/');
  await rows(page).first().waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('web', { delay: 40 });
  const offered = page.getByRole('option').filter({ hasText: 'service("web")' });
  await offered.first().waitFor();
  await page.getByRole('option').filter({ hasText: 'http.url CONTAINS' }).waitFor();
  expect(await offered.count()).toBe(1);
});

test.skipIf(skipped !== '')(
  `from the map, the slow requests of a service are one click away, and faults are not offered if there are none${note}`,
  async () => {
    const { page } = await open([0.1, 0.1, 0.1, 1.9], () => '/map');
    await page.getByRole('button', { name: /^web: / }).click();
    const side = page.getByRole('complementary', { name: 'The selected service' });
    await side.getByRole('button', { name: 'Traces' }).waitFor();
    expect(await side.getByRole('button', { name: 'With faults' }).count()).toBe(0);
    await side.getByText('4 · 100 %').waitFor();
    await side.getByRole('button', { name: '2.02 s' }).first().click();
    await page.getByText('1 trace', { exact: true }).waitFor();
    expect(new URL(page.url()).searchParams.get('q')).toMatch(/^service\("web"\) \{ responsetime >= 2\.019\d* \}$/);
  },
);

test.skipIf(skipped !== '')(`the download comes with instructions for opening it elsewhere${note}`, async () => {
  const { page } = await open([0.1], ([id]) => `/traces/${id}?tab=raw`);
  await page.getByText(/^xrayd import 1-[0-9a-f-]+\.json opens the download in another local X-Ray$/).waitFor();
});
