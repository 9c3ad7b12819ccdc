import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped, type PageOptions } from './browser.ts';
import { openTrace, ShownXRay } from './local.ts';
import { checkout, large, ShopTrace, type Json } from './shop.ts';
import { panel, spans } from './parts.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

const ROW = 26;
const repeats = (page: Page) => page.getByRole('complementary', { name: 'The selected repeats' });
const view = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Views of the trace' }).getByRole('link', { name });

async function open(
  make: (xray: ShownXRay, now: number) => ShopTrace,
  { query = '', ...options }: PageOptions & { query?: string } = {},
) {
  const opened = await openTrace({ scope, browser }, make, { query, ...options });
  await opened.page.locator('.trace-body').waitFor();
  return opened;
}

const failed = (xray: ShownXRay, now: number): ShopTrace => checkout(now, xray.random);

async function clickRow(page: Page, text: string, x = 200): Promise<void> {
  await spans(page).filter({ hasText: text }).first().waitFor({ state: 'attached' });
  const index = (await spans(page).allTextContents()).findIndex((each) => each.includes(text));
  const canvas = (await page.locator('.timeline-all canvas').boundingBox())!;
  await page.mouse.click(canvas.x + x, canvas.y + index * ROW + ROW / 2);
}

test.skipIf(skipped !== '')(
  `a failed trace says why in a line that leads to the span; it opens there, and Esc goes back to the list${note}`,
  async () => {
    const { page, trace } = await open(failed);
    const because = page.getByRole('link', {
      name: 'because DynamoDB PutItem orders was throttled: ProvisionedThroughputExceeded, repository.py:88',
    });
    await because.waitFor();
    await panel(page).getByRole('heading', { name: 'DynamoDB' }).waitFor();
    expect(new URL(page.url()).search).toBe('');
    await clickRow(page, 'verify session');
    await panel(page).getByRole('heading', { name: 'verify session' }).waitFor();
    await because.click();
    await panel(page).getByRole('heading', { name: 'DynamoDB' }).waitFor();
    await view(page, 'Raw').click();
    await because.click();
    await panel(page).getByRole('heading', { name: 'DynamoDB' }).waitFor();
    await page.goto(`${page.url().split('?')[0]}`);
    await panel(page).getByRole('heading', { name: 'DynamoDB' }).waitFor();
    await page.keyboard.press('Escape');
    await page.waitForURL((url) => url.pathname === '/');
    await page.getByText(trace.traceId).waitFor({ state: 'detached' });
  },
);

test.skipIf(skipped !== '')(`without a selection, e starts at the cause${note}`, async () => {
  const { page } = await open(failed);
  await page.getByRole('button', { name: 'Close the panel' }).click();
  await panel(page).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Collapse' }).click();
  await page.keyboard.press('e');
  await panel(page).getByRole('heading', { name: 'DynamoDB' }).waitFor();
  await spans(page).filter({ hasText: 'PutItem orders' }).waitFor({ state: 'attached' });
  await page.keyboard.press('e');
  await panel(page).getByRole('heading', { name: 'compensate' }).waitFor();
});

test.skipIf(skipped !== '')(`a successful trace shows no cause, and opens without a selection${note}`, async () => {
  const { page } = await open((xray, now) => checkout(now, xray.random, { isFailing: false }));
  await spans(page).first().waitFor({ state: 'attached' });
  expect(await page.getByText('because').count()).toBe(0);
  expect(await panel(page).count()).toBe(0);
});

test.skipIf(skipped !== '')(
  `Map, Findings and Raw take the full width; the timeline restores the selected span${note}`,
  async () => {
    const { page } = await open(failed);
    await clickRow(page, 'inventory');
    await panel(page).getByRole('heading', { name: 'inventory' }).waitFor();
    const full = (await page.locator('.trace-head').boundingBox())!.width;
    for (const [name, part] of [
      ['Map', '.map-view'],
      ['Findings', '.findings'],
      ['Raw', '.raw'],
    ] as const) {
      await view(page, name).click();
      await page.locator(part).waitFor();
      expect([name, (await page.locator(part).boundingBox())!.width]).toEqual([name, full]);
      expect(await panel(page).count()).toBe(0);
    }
    await view(page, 'Timeline').click();
    await panel(page).getByRole('heading', { name: 'inventory' }).waitFor();
    await view(page, 'Map').click();
    await page.goBack();
    await panel(page).getByRole('heading', { name: 'inventory' }).waitFor();
  },
);

test.skipIf(skipped !== '')(
  `a stack starts with the application's frames, with links only if the folder is known${note}`,
  async () => {
    const frames = [
      { path: 'threading.py', line: 1_002, label: '_bootstrap' },
      { path: 'app.py', line: 917, label: 'full_dispatch_request' },
      { path: 'app.py', line: 35, label: 'checkout' },
    ];
    const { page } = await open((xray, now) => {
      const trace = new ShopTrace(now, xray.random);
      const cause = {
        working_directory: '/app',
        exceptions: [{ id: '0123456789abcdef', type: 'ValueError', message: 'no cart', stack: frames }],
      };
      trace.segment('web', now, 1, { fault: true, cause, aws: { xray: { sdk: 'X-Ray for Python' } } });
      return trace;
    });
    await page.getByRole('link', { name: 'because web failed: ValueError, app.py:35' }).waitFor();
    const shown = panel(page).locator('.frame:visible');
    expect(await shown.allTextContents()).toEqual(['app.py:35 checkout']);
    expect(await panel(page).locator('.exception a').count()).toBe(0);
    await panel(page).getByText('2 library frames: show the whole stack').click();
    expect(await shown.allTextContents()).toEqual([
      'app.py:35 checkout',
      'app.py:35 checkout',
      'app.py:917 full_dispatch_request',
      'threading.py:1002 _bootstrap',
    ]);
  },
);

test.skipIf(skipped !== '')(
  `collapsed rows describe the failures inside; errors among many spans are visible in the minimap${note}`,
  async () => {
    const { page, trace } = await open((xray, now) => large(now - 10, xray.random, 10_000));
    const faults = trace.texts.join('').split('"fault":true').length - 1;
    await spans(page)
      .filter({ hasText: /\d faults? inside/ })
      .first()
      .waitFor({ state: 'attached' });
    await page.getByRole('button', { name: 'Collapse' }).click();
    await page.keyboard.press('j');
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction(() => document.querySelectorAll('[role=treeitem]').length === 1);
    expect(await spans(page).textContent()).toBe(`importer, POST /import, 10.0 s, ${faults} faults inside`);
    // Red on the canvas: of each at least 2 px in either direction.
    const red = await page.locator('.minimap canvas').evaluate((element) => {
      const canvas = element as HTMLCanvasElement;
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) if (data[i]! > 200 && data[i + 1]! < 110 && data[i + 3] === 255) count++;
      return count;
    });
    expect(red).toBeGreaterThan(faults * 3);
  },
);

test.skipIf(skipped !== '')(
  `a click on repeats selects them together; their sum stays when they are expanded${note}`,
  async () => {
    const { page } = await open(failed);
    const label = 'catalog ×24, GET /api/prices/4400, 81.6 ms, N+1: 24 alike, 81.6 ms in all';
    await clickRow(page, label);
    await repeats(page).getByRole('heading', { name: 'catalog ×24' }).waitFor();
    const text = (await repeats(page).textContent())!;
    for (const part of [
      'Count24',
      'Sum81.6 ms',
      'OrderSequential',
      'p503.40 ms',
      'Longest3.40 ms',
      'GET /api/prices/#',
      'GET /api/prices/4423',
    ])
      expect(text).toContain(part);
    expect(await spans(page).filter({ hasText: 'catalog' }).count()).toBe(1);
    await page.reload();
    await repeats(page).getByRole('heading', { name: 'catalog ×24' }).waitFor();
    // The triangle.
    await clickRow(page, label, 8 + 2 * 14 + 6);
    await page.waitForFunction(
      () =>
        [...document.querySelectorAll('[role=treeitem]')].filter((item) => item.textContent?.startsWith('catalog'))
          .length > 5,
    );
    expect(await spans(page).allTextContents()).toContain(label);
    expect(await spans(page).filter({ hasText: label }).getAttribute('aria-expanded')).toBe('true');
    await repeats(page).getByRole('button', { name: 'GET /api/prices/4402' }).click();
    await panel(page).getByRole('heading', { name: 'catalog' }).waitFor();
  },
);

test.skipIf(skipped !== '')(
  `a call and its callee share a row and link to each other; i shows services that do not report${note}`,
  async () => {
    const { page } = await open(failed);
    await spans(page).first().waitFor({ state: 'attached' });
    expect(await spans(page).count()).toBe(12);
    await clickRow(page, 'orders, POST /orders');
    await panel(page).getByText('As called').waitFor();
    expect(await panel(page).textContent()).toContain('Call in checkout 1.10 s, 4.00 ms in the network and in queues');
    await panel(page).getByRole('button', { name: 'Call in checkout' }).click();
    await panel(page).getByText('As served').waitFor();
    expect(await spans(page).filter({ hasText: 'orders, POST' }).getAttribute('aria-selected')).toBe('true');
    await page.keyboard.press('i');
    await spans(page).filter({ hasText: 'orders, AWS::DynamoDB::Table' }).waitFor({ state: 'attached' });
    expect(await spans(page).count()).toBe(16);
    expect(new URL(page.url()).searchParams.get('inferred')).toBe('1');
    await page.keyboard.press('i');
    await page.waitForFunction(() => document.querySelectorAll('[role=treeitem]').length === 12);
  },
);

test.skipIf(skipped !== '')(
  `findings are counted in the header and have a view that links to their spans; the Default rule is not a finding${note}`,
  async () => {
    const { page } = await open((xray, now) => {
      const trace = new ShopTrace(now, xray.random);
      trace.segment('web', now, 1, { annotations: { 'a key': 1 }, subsegments: [trace.sub('back', now + 0.5, -0.2)] });
      return trace;
    });
    await page.getByRole('link', { name: '2 findings' }).click();
    await page.getByText('It ends 200 ms before it starts').waitFor();
    expect(await page.locator('.findings').textContent()).not.toContain('Default');
    await page.locator('.findings').getByRole('link', { name: 'back' }).click();
    await panel(page).getByText('but it ends 200 ms before it starts').waitFor();
    expect(await spans(page).allTextContents()).toContain('back, 0 ms, Ends 200 ms before it starts');
    await clickRow(page, 'web,');
    await panel(page).getByText('AWS would trace 1 request per second, and 5 % of the others: rule Default').waitFor();
  },
);

test.skipIf(skipped !== '')(`a trace without findings has no count, and says that it is fine${note}`, async () => {
  const { page } = await open((xray, now) => {
    const trace = new ShopTrace(now, xray.random);
    trace.segment('web', now, 0.25);
    return trace;
  });
  await view(page, 'Findings').click();
  await page.getByText('No findings: AWS X-Ray would accept this trace unchanged.').waitFor();
  expect(await page.getByText(/\d findings?/).count()).toBe(0);
});

test.skipIf(skipped !== '')(
  `a trace of more than a megabyte is downloaded, and what is in the file is what was sent${note}`,
  async () => {
    const { page, trace } = await open((xray, now) => large(now - 10, xray.random, 10_000), { query: '?tab=raw' });
    await page.getByText('100 documents as sent').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(`${trace.traceId}.json`);
    const text = await readFile(await download.path(), 'utf8');
    expect(text.length).toBeGreaterThan(1_000_000);
    const ids = (documents: readonly Json[]): Set<unknown> => new Set(documents.map(({ id }) => id));
    expect(ids(JSON.parse(text) as Json[])).toEqual(ids(trace.documents));
  },
);

test.skipIf(skipped !== '')(`the error count has the colour of the worst outcome${note}`, async () => {
  const colourOf = async (status: number): Promise<string> => {
    const { page } = await open((xray, now) => {
      const trace = new ShopTrace(now, xray.random);
      const call = trace.call('orders', now + 0.1, 0.5, { status });
      trace.segment('web', now, 1, { subsegments: [call] });
      return trace;
    });
    return page
      .locator('.facts button', { hasText: /^1 error$/ })
      .locator('b')
      .evaluate((element) => getComputedStyle(element).color);
  };
  expect([await colourOf(404), await colourOf(429), await colourOf(500)]).toEqual([
    'rgb(143, 87, 0)',
    'rgb(114, 54, 189)',
    'rgb(184, 37, 42)',
  ]);
});
