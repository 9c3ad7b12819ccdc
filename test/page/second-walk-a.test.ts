import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped } from './browser.ts';
import { ShownXRay, secondsAgo } from './local.ts';
import { ShopTrace, type Json } from './shop.ts';
import { rows, spans } from './parts.ts';

// What a developer whose checkout is slow hesitated at.

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

const answered = (url: string, status = 200): Json => ({ request: { method: 'POST', url }, response: { status } });

/** A checkout of 2 s, of which 38 queries take 1.52 s; after the answer a function handles its message. */
function slowCheckout(xray: ShownXRay, start = secondsAgo(20)): ShopTrace {
  const made = new ShopTrace(start, xray.random);
  const queries = Array.from({ length: 38 }, (_, i) =>
    made.sql('stock', 'SELECT qty FROM stock WHERE sku = ?', start + 0.1 + i * 0.04, 0.04),
  );
  const send = made.aws('SQS', start + 1.9, 0.05, {
    operation: 'SendMessage',
    queue_url: 'https://sqs.example/1/orders',
  });
  made.segment('checkout', start, 2, {
    http: answered('http://checkout.example/checkout'),
    subsegments: [...queries, send],
  });
  made.segment('fulfil', start + 2.5, 0.5, { parent_id: send['id'], origin: 'AWS::Lambda' });
  return made;
}

async function open(path: string | ((id: string) => string), width = 1360): Promise<{ page: Page; xray: ShownXRay }> {
  const xray = await ShownXRay.start(scope);
  const slow = slowCheckout(xray);
  await xray.put(slow);
  const page = await browser.open(`${xray.url}${typeof path === 'string' ? path : path(slow.traceId)}`, { width });
  return { page, xray };
}

test.skipIf(skipped !== '')(
  `the sentence about repeats names the time it refers to, and links to all of them${note}`,
  async () => {
    const { page } = await open((id) => `/traces/${id}`);
    await page
      .getByRole('link', { name: /^76 % of the 2\.00 s of checkout, 1\.52 s, was spent in 38 × stock SELECT qty/ })
      .click();
    await page.getByRole('heading', { name: 'stock ×38' }).waitFor();
    expect(await spans(page).filter({ hasText: 'stock' }).count()).toBe(1);
    await page.goto(page.url().replace('?', '?tab=self&'));
    await page.getByRole('link', { name: /38 × stock/ }).click();
    await page.getByRole('heading', { name: 'stock ×38' }).waitFor();
  },
);

test.skipIf(skipped !== '')(`it also appears for more than 5,000 spans, once they are painted${note}`, async () => {
  const { page, xray } = await open('/');
  const start = secondsAgo(10);
  const made = new ShopTrace(start, xray.random);
  const queries = Array.from({ length: 5_200 }, (_, i) => made.sub('query', start + i * 0.001, 0.001));
  // A document has 64 KB at most.
  const batches: Json[] = [];
  for (let i = 0; i < queries.length; i += 200) {
    const batch = made.sub('worker', start + i * 0.001, 0.2, { namespace: 'remote' });
    made.segment('worker', start + i * 0.001, 0.2, { parent_id: batch['id'], subsegments: queries.slice(i, i + 200) });
    batches.push(batch);
  }
  made.segment('importer', start, 5.2, { subsegments: batches });
  await xray.put(made);
  await page.goto(`${xray.url}/traces/${made.traceId}`);
  await page.getByRole('link', { name: /^> 99 % of the time, 5\.20 s, was spent in 5,200 × query/ }).waitFor();
});

test.skipIf(skipped !== '')(`attempts that failed are not called an N+1${note}`, async () => {
  const xray = await ShownXRay.start(scope);
  const start = secondsAgo(5);
  const made = new ShopTrace(start, xray.random);
  const put = (i: number) =>
    made.aws(
      'DynamoDB',
      start + i * 0.2,
      0.1,
      { operation: 'PutItem', table_name: 'orders' },
      i < 3 ? { error: true, throttle: true } : {},
    );
  made.segment('checkout', start, 1, { subsegments: [0, 1, 2, 3].map(put) });
  await xray.put(made);
  const page = await browser.open(`${xray.url}/traces/${made.traceId}`);
  const fold = spans(page).filter({ hasText: 'DynamoDB ×4' });
  await fold.waitFor({ state: 'attached' });
  expect(await fold.textContent()).toMatch(/, 4 alike, 400 ms in all, 3 throttles inside$/);
});

for (const [written, offered, q, text] of [
  ['checkout slow', 'duration > 1 with the text “checkout”', 'duration > 1', 'checkout'],
  ['why is my checkout so slow', 'duration > 1 with the text “checkout”', 'duration > 1', 'checkout'],
  ['slow and checkout', 'duration > 1 with the text “checkout”', 'duration > 1', 'checkout'],
  ['checkout and stock', 'Search the text “checkout stock”', '', 'checkout stock'],
] as const) {
  test.skipIf(skipped !== '')(`a search for ${written} that finds nothing offers: ${offered}${note}`, async () => {
    const { page } = await open('/');
    await rows(page).first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type(written, { delay: 10 });
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: offered }).click();
    await rows(page).first().waitFor();
    const { searchParams } = new URL(page.url());
    expect([searchParams.get('q') ?? '', searchParams.get('text')]).toEqual([q, text]);
  });
}

test.skipIf(skipped !== '')(`seconds that were meant as milliseconds are offered in seconds${note}`, async () => {
  const { page } = await open(`/?q=${encodeURIComponent('service("checkout") AND responsetime > 1500')}`);
  await page.getByRole('button', { name: 'In seconds: service("checkout") AND responsetime > 1.5' }).click();
  await rows(page).first().waitFor();
});

test.skipIf(skipped !== '')(`a click on the map draws no focus outline${note}`, async () => {
  const { page } = await open('/map');
  for (const name of [/^checkout → /, /^checkout[:,]/]) {
    const part = page.getByRole('button', { name }).first();
    await part.waitFor({ state: 'attached' });
    const middle = await part.evaluate((element) => {
      const line = element.querySelector<SVGPathElement>('path.hit');
      const { x, y } = line === null ? { x: 0, y: 0 } : line.getPointAtLength(line.getTotalLength() / 2);
      const at = new DOMPoint(x, y).matrixTransform((line ?? (element as SVGGElement)).getScreenCTM()!);
      return [at.x, at.y] as const;
    });
    await page.mouse.click(...middle);
    await page.getByRole('complementary').waitFor();
    expect(
      await part.evaluate((element) => [document.activeElement === element, getComputedStyle(element).outlineStyle]),
    ).toEqual([true, 'none']);
  }
});

test.skipIf(skipped !== '')(`a figure on the map's card stays beside its unit${note}`, async () => {
  const { page } = await open('/map');
  await page
    .getByRole('button', { name: /^checkout[:,]/ })
    .first()
    .hover();
  const figures = page.locator('.map-card').getByText(/^(p50|p95) [\d.]+ m?s$/);
  await figures.first().waitFor();
  expect(await figures.evaluateAll((parts) => parts.map((part) => part.getClientRects().length))).toEqual([1, 1]);
});

test.skipIf(skipped !== '')(`a name in the panel is on the same line as its value${note}`, async () => {
  const { page } = await open((id) => `/traces/${id}`);
  await page.getByRole('tree').focus();
  await page.keyboard.press('j');
  const panel = page.getByRole('complementary', { name: 'The selected span' });
  await panel.getByText('Method', { exact: true }).waitFor();
  const apart = await panel.locator('dl').evaluateAll((lists) =>
    lists.flatMap((list) =>
      [...list.querySelectorAll('dt')].map((name) => {
        const baseline = (element: Element): number => {
          const mark = document.createElement('span');
          mark.style.cssText = 'display:inline-block;width:0;height:0';
          element.prepend(mark);
          const { bottom } = mark.getBoundingClientRect();
          mark.remove();
          return bottom;
        };
        const value = name.nextElementSibling!;
        return [
          name.textContent,
          Math.round(Math.abs(baseline(name) - baseline(value.querySelector('button, .badge') ?? value))),
        ];
      }),
    ),
  );
  expect(apart.length).toBeGreaterThan(4);
  expect(apart.filter(([, px]) => Number(px) > 1)).toEqual([]);
});

for (const width of [1360, 400]) {
  test.skipIf(skipped !== '')(`suggestions for a text appear below the box, at ${width} px${note}`, async () => {
    const { page } = await open('/', width);
    await rows(page).first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('checkout', { delay: 10 });
    await page.getByRole('listbox').waitFor();
    const [box, list] = [
      (await page.locator('.query').boundingBox())!,
      (await page.locator('.cm-tooltip-autocomplete').boundingBox())!,
    ];
    expect(list.y).toBeGreaterThanOrEqual(box.y + box.height - 1);
    expect(list.y).toBeLessThan(box.y + box.height + 8);
  });
}
