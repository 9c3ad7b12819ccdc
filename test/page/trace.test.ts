import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped } from './browser.ts';
import { ShownXRay, openTrace, type OpenedTrace } from './local.ts';
import { checkout, large, ShopTrace } from './shop.ts';
import { panel, spans } from './parts.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

async function open(make: (xray: ShownXRay, now: number) => ShopTrace, query = ''): Promise<OpenedTrace> {
  const opened = await openTrace({ scope, browser }, make, { query });
  await spans(opened.page).first().waitFor();
  return opened;
}

const openCheckout = (query = '') => open((xray, now) => checkout(now, xray.random), query);

test.skipIf(skipped !== '')(
  `header and timeline: a summary of the trace, a call and its callee in one row, and repeats folded with a count${note}`,
  async () => {
    const { page } = await openCheckout();
    await page.getByRole('heading', { name: '500 POST /checkout' }).waitFor();
    expect(await page.locator('.facts').textContent()).toMatch(/1\.28 s8 services61 spans4 errors/);
    const texts = await spans(page).allTextContents();
    expect(texts[0]).toBe('checkout, POST /checkout, fault, 1.28 s, 500');
    expect(texts).toContain('catalog ×24, GET /api/prices/4400, 81.6 ms, N+1: 24 alike, 81.6 ms in all');
    expect(texts.filter((text) => text.startsWith('orders'))).toEqual([
      'orders, POST /orders, fault, 1.10 s, 1.09 s as served, 500',
    ]);
    expect(texts).toContain('DynamoDB, PutItem orders, throttled, 486 ms, 429, 3 retries');
  },
);

test.skipIf(skipped !== '')(
  `a click selects a span, the panel shows all its details, and the address restores the selection${note}`,
  async () => {
    const { page } = await openCheckout();
    const canvas = (await page.locator('.timeline-all canvas').boundingBox())!;
    const index = (await spans(page).allTextContents()).findIndex((text) => text.startsWith('DynamoDB'));
    await page.getByRole('button', { name: 'Close the panel' }).click();
    await panel(page).waitFor({ state: 'detached' });
    await page.mouse.click(canvas.x + 200, canvas.y + index * 26 + 13);
    await panel(page).getByRole('heading', { name: 'DynamoDB' }).waitFor();
    const text = (await panel(page).textContent())!;
    expect(text).toContain('38 % of the trace, on the critical path');
    expect(text).toContain('ProvisionedThroughputExceededException');
    expect(text).toContain('table_name');
    expect(await panel(page).getByRole('link', { name: 'orders/repository.py:88' }).getAttribute('href')).toBe(
      'vscode://file/app/orders/repository.py:88',
    );
    await page.reload();
    await panel(page).getByRole('heading', { name: 'DynamoDB' }).waitFor();
    await page.keyboard.press('Escape');
    await panel(page).waitFor({ state: 'detached' });
  },
);

test.skipIf(skipped !== '')(
  `request, SQL, annotations, metadata, resources and findings are in the panel, and searched from it${note}`,
  async () => {
    const { page, trace } = await openCheckout();
    const idOf = (name: string): string =>
      String(trace.documents.find((document) => document['name'] === name)?.['id']);
    await page.goto(`${page.url().split('?')[0]}?span=${idOf('checkout')}`);
    await panel(page).getByText('203.0.113.7').waitFor();
    const text = (await panel(page).textContent())!;
    for (const part of [
      'https://shop.example/checkout',
      '5,214 bytes',
      'cart_value',
      '184.5',
      'newCheckout',
      'AWS::EKS::Container',
      '2026.11.3',
      'user-7731',
    ])
      expect(text).toContain(part);
    await page.keyboard.press('f');
    await page.keyboard.type('for update');
    await page.keyboard.press('Enter');
    await panel(page).locator('pre', { hasText: 'FOR UPDATE' }).waitFor();
    await page.goto(`${page.url().split('?')[0]}?span=${idOf('orders')}`);
    await panel(page).getByText('Annotation "cart value"').waitFor();
    await panel(page).getByRole('button', { name: 'acme' }).click();
    // To the list of such traces, and Back again.
    await page.waitForURL((url) => url.pathname === '/' && url.searchParams.get('q') === 'annotation.tenant = "acme"');
    await page.locator('.table .rows .row').first().waitFor();
    await page.goBack();
    await panel(page).waitFor();
  },
);

test.skipIf(skipped !== '')(
  `keys: next span, next error, open and close, find, all the way without a mouse${note}`,
  async () => {
    const { page } = await openCheckout();
    const selected = async (name: string): Promise<unknown> =>
      page.waitForFunction((wanted) => document.querySelector('.side h2')?.textContent === wanted, name);
    await selected('DynamoDB');
    await page.getByRole('button', { name: 'Close the panel' }).click();
    await panel(page).waitFor({ state: 'detached' });
    await page.keyboard.press('j');
    await selected('checkout');
    for (const name of ['orders', 'DynamoDB', 'compensate', 'checkout']) {
      await page.keyboard.press('e');
      await selected(name);
    }
    await page.keyboard.press('E');
    await selected('compensate');
    await page.keyboard.press('E');
    await page.keyboard.press('E');
    await selected('orders');
    const before = await spans(page).count();
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction((count) => document.querySelectorAll('[role=treeitem]').length === count - 5, before);
    for (let i = 0; i < 4; i++) await page.keyboard.press('[');
    await page.waitForFunction(() => document.querySelectorAll('[role=treeitem]').length < 8);
    await page.keyboard.press('f');
    await page.keyboard.type('prices/4423');
    await page.getByText('– of 1').waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('1 of 1').waitFor();
    await spans(page).filter({ hasText: '/api/prices/4423' }).first().waitFor({ state: 'attached' });
  },
);

test.skipIf(skipped !== '')(
  `zoom: keys, a drag over the bars, the minimap, and back to the whole trace${note}`,
  async () => {
    const { page } = await openCheckout();
    const whole = page.getByRole('button', { name: 'Whole trace' });
    await page.keyboard.press('+');
    await whole.waitFor();
    await page.keyboard.press('0');
    await whole.waitFor({ state: 'detached' });
    const canvas = (await page.locator('.timeline-all canvas').boundingBox())!;
    await page.mouse.move(canvas.x + 600, canvas.y + 80);
    await page.mouse.down();
    await page.mouse.move(canvas.x + 800, canvas.y + 90, { steps: 4 });
    await page.mouse.up();
    await whole.click();
    const minimap = (await page.locator('.minimap canvas').boundingBox())!;
    await page.mouse.move(minimap.x + 200, minimap.y + 20);
    await page.mouse.down();
    await page.mouse.move(minimap.x + 400, minimap.y + 20, { steps: 4 });
    await page.mouse.up();
    await whole.waitFor();
    const [left] = await page.locator('.minimap .outside').all();
    expect(await left!.evaluate((element) => Math.round(element.getBoundingClientRect().width))).toBe(200);
  },
);

test.skipIf(skipped !== '')(`a reload or a shared link shows the same range, span and matches${note}`, async () => {
  const { page } = await openCheckout();
  await page.keyboard.press('+');
  await page.keyboard.press('f');
  await page.keyboard.type('prices/4423');
  await page.keyboard.press('Enter');
  await page.getByText('1 of 1').waitFor();
  await page.waitForURL(
    (url) =>
      /^[\d.]+-[\d.]+$/.test(url.searchParams.get('zoom') ?? '') && url.searchParams.get('find') === 'prices/4423',
  );
  const edges = async (): Promise<number[]> =>
    Promise.all(
      (await page.locator('.minimap .outside').all()).map((each) =>
        each.evaluate((element) => element.getBoundingClientRect().width),
      ),
    );
  const before = [page.url(), await page.locator('.side h2').textContent(), ...(await edges())];
  await page.reload();
  await page.getByText('1 of 1').waitFor();
  await page.getByRole('button', { name: 'Whole trace' }).waitFor();
  expect([page.url(), await page.locator('.side h2').textContent(), ...(await edges())]).toEqual(before);
  await page.getByRole('link', { name: 'Flame' }).click();
  await page.getByRole('link', { name: 'Timeline' }).click();
  await page.getByText('1 of 1').waitFor();
  await page.getByRole('button', { name: 'Whole trace' }).click();
  await page.waitForURL((url) => !url.searchParams.has('zoom'));
});

test.skipIf(skipped !== '')(
  `spans in progress grow, and late segments merge without moving the visible rows${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const now = Date.now() / 1000;
    const trace = large(now - 10, xray.random, 1_000);
    const late = trace.documents.splice(4, 1);
    const root = trace.documents.at(-1)!;
    const { end_time: end, ...open } = root;
    trace.documents[trace.documents.length - 1] = { ...open, in_progress: true };
    await xray.put(trace);
    const page = await browser.open(`${xray.url}/traces/${trace.traceId}`);
    await page.getByText('so far').waitFor();
    const first = await page.locator('.facts b').first().textContent();
    await page.waitForFunction((text) => document.querySelector('.facts b')?.textContent !== text, first);
    expect(await spans(page).first().textContent()).toContain('Still open after');
    await page.locator('.timeline-rows').evaluate((box) => (box.scrollTop = 26 * 700));
    await page.waitForTimeout(300);
    // Canvas and tree may differ for a moment; the tree says which rows are at the top.
    const topSpan = async (): Promise<string> =>
      page.locator('.timeline-rows').evaluate((box) => {
        const items = [...box.querySelectorAll<HTMLElement>('[role=treeitem]')];
        return items.find((item) => Number.parseFloat(item.style.top) >= box.scrollTop)?.id ?? '';
      });
    const before = await topSpan();
    const lateTrace = new ShopTrace(now, xray.random);
    lateTrace.documents.push(...late, { ...open, end_time: end });
    await xray.put(lateTrace);
    await page.getByText('so far').waitFor({ state: 'detached' });
    await page.waitForTimeout(400);
    expect(await topSpan()).toBe(before);
  },
);

test.skipIf(skipped !== '')(`orphans, clock differences and idle gaps are marked${note}`, async () => {
  const { page } = await open((xray, now) => {
    const trace = new ShopTrace(now - 900, xray.random);
    const call = trace.sub('worker', now - 900 + 0.1, 0.5, { namespace: 'remote' });
    trace.segment('web', now - 900, 1, { subsegments: [call] });
    trace.segment('worker', now - 900 + 0.05, 0.4, { parent_id: call['id'] });
    trace.segment('lost', now, 1, { parent_id: 'ffffffffffffffff' });
    return trace;
  });
  const texts = await spans(page).allTextContents();
  expect(texts).toContain('worker, 500 ms, 400 ms as served, Clock 50.0 ms off, adjusted');
  expect(texts).toContain('lost, 1.00 s, Parent never arrived');
  await page.getByRole('button', { name: 'Idle folded, 14 min 59 s' }).click();
  await page.getByRole('button', { name: 'Idle shown, 14 min 59 s' }).waitFor();
});

test.skipIf(skipped !== '')(
  `flame graph, self time, map, findings and raw documents of the same data${note}`,
  async () => {
    const { page } = await openCheckout();
    await page.getByRole('link', { name: 'Flame' }).click();
    const flame = (await page.locator('.flame canvas').boundingBox())!;
    await page.mouse.click(flame.x + 100, flame.y + 2 * 24 + 10);
    await panel(page).getByRole('heading', { name: 'DynamoDB' }).waitFor();
    await page.keyboard.press('3');
    expect(await page.locator('.self-time tbody tr').first().textContent()).toMatch(/DynamoDB in orders11.*486 ms/);
    await page.getByRole('button', { name: 'Calls' }).click();
    expect(await page.locator('.self-time tbody tr').first().textContent()).toContain('catalog');
    await page.keyboard.press('4');
    await page.getByText('ProvisionedThroughputExceededException').first().waitFor();
    await page.keyboard.press('5');
    await page.locator('.node').nth(6).waitFor();
    await page.locator('.node', { hasText: 'payments' }).click();
    await panel(page).getByRole('heading', { name: 'payments' }).waitFor();
    await page.keyboard.press('7');
    await page.getByText('27 documents as sent').waitFor();
  },
);

test.skipIf(skipped !== '')(
  `a missing trace is reported, and appears when it arrives; a pinned one is marked${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const trace = checkout(Date.now() / 1000 - 2, xray.random);
    const page = await browser.open(`${xray.url}/traces/${trace.traceId}`);
    await page.getByRole('heading', { name: 'Trace not found' }).waitFor();
    await xray.put(trace);
    await page.getByRole('heading', { name: 'POST /checkout' }).waitFor();
    await page.getByRole('button', { name: 'Pin' }).click();
    await page.getByRole('button', { name: 'Pinned' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Pinned' }).waitFor();
  },
);

test.skipIf(skipped !== '')(
  `10,000 spans are all counted, but only one screenful is in the document${note}`,
  async () => {
    const { page } = await open((xray, now) => large(now - 10, xray.random, 10_000));
    expect(await page.locator('.facts').textContent()).toContain('10,000 spans');
    await page.getByRole('button', { name: 'Expand' }).click();
    await page.locator('.timeline-rows').evaluate((box) => (box.scrollTop = box.scrollHeight));
    // 99 segments are in one row with the calls that they serve.
    await page.locator('[role=treeitem][aria-posinset="9901"]').waitFor();
    expect(await spans(page).count()).toBeLessThan(60);
  },
);
