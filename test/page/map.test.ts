import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped, type PageOptions } from './browser.ts';
import { ShownXRay, shopOf } from './local.ts';
import { layered, request } from './shop.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

const service = (page: Page, name: RegExp) => page.getByRole('button', { name });

/** What of the map's words and circles is cut, too small or on something else. */
async function badlyShown(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const box = document.querySelector('.map-canvas')!.getBoundingClientRect();
    const problems: string[] = [];
    for (const circle of document.querySelectorAll('.node .fill')) {
      const { left, right, top, bottom } = circle.getBoundingClientRect();
      const name = circle.parentElement!.getAttribute('aria-label');
      if (left < box.left || right > box.right || top < box.top || bottom > box.bottom)
        problems.push(`outside: ${name}`);
    }
    const texts = [...document.querySelectorAll<SVGTextElement>('.node text')].map((text) => {
      const scale = text.getScreenCTM()!.a;
      return {
        text: text.textContent,
        size: Number.parseFloat(getComputedStyle(text).fontSize) * scale,
        rect: text.getBoundingClientRect(),
      };
    });
    for (const [i, { text, size, rect }] of texts.entries()) {
      if (size < 10.9) problems.push(`${size.toFixed(1)} px: ${text}`);
      if (rect.left < box.left || rect.right > box.right || rect.top < box.top || rect.bottom > box.bottom)
        problems.push(`cut: ${text}`);
      for (const other of texts.slice(i + 1)) {
        const [wide, high] = [
          Math.min(rect.right, other.rect.right) - Math.max(rect.left, other.rect.left),
          Math.min(rect.bottom, other.rect.bottom) - Math.max(rect.top, other.rect.top),
        ];
        if (wide > 1 && high > 4) problems.push(`"${text}" on "${other.text}"`);
      }
    }
    return problems;
  });
}

const sizes: readonly (PageOptions & { name: string })[] = [
  { name: '1360 × 800', width: 1360, height: 800 },
  { name: '400 × 800', width: 400, height: 800 },
  { name: '680 × 400, which is 200 % zoom', width: 680, height: 400 },
];

for (const size of sizes) {
  test.skipIf(skipped !== '')(
    `service map of 15 services: all in view and readable, with one client on the left; ${size.name}${note}`,
    async () => {
      const { xray } = await shopOf(scope, 100);
      const page = await browser.open(`${xray.url}/map`, size);
      await service(page, /^Client: /).waitFor();
      expect(await badlyShown(page)).toEqual([]);
      expect(await service(page, /^Client: /).count()).toBe(1);
      const lefts = await page
        .locator('.node .fill')
        .evaluateAll((circles) => circles.map((circle) => circle.getBoundingClientRect().left));
      expect(Math.min(...lefts)).toBe(lefts[0]);
      expect(await page.locator('.node [role=button]').first().getAttribute('aria-label')).toMatch(/^Client: /);
    },
  );
}

test.skipIf(skipped !== '')(
  `service map of 270 services: all in view, labels only where they are readable, and more labels after zooming in${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    for (let i = 0; i < 15; i++)
      await xray.put(...Array.from({ length: 100 }, () => layered(Date.now() / 1000 - 10, xray.random, 300)));
    const page = await browser.open(`${xray.url}/map`);
    await service(page, /^Client: /).waitFor();
    // The newest traces may have been drawn before all have been read.
    await expect.poll(() => page.locator('.node').count(), { timeout: 20_000 }).toBeGreaterThan(240);
    await page.getByText('of the newest traces so far').waitFor({ state: 'detached' });
    expect(await badlyShown(page)).toEqual([]);
    const numberOf = async (): Promise<number> =>
      Number(/names of (\d+) of/.exec((await page.locator('.note').textContent()) ?? '')?.[1] ?? 999);
    // One that has no word on the map is found by a part of its name, and its panel opens.
    await page.keyboard.press('f');
    await page.keyboard.type('2-86');
    await page.getByText('1 service', { exact: true }).waitFor();
    await page.keyboard.press('Enter');
    await page
      .getByRole('complementary', { name: 'The selected service' })
      .getByRole('heading', { name: 'service-2-86' })
      .waitFor();
    const circle = (await service(page, /^service-2-86\b/)
      .locator('.fill')
      .boundingBox())!;
    const box = (await page.locator('.map-canvas').boundingBox())!;
    expect(circle.x).toBeGreaterThan(box.x);
    expect(circle.x).toBeLessThan(box.x + box.width);
    const before = await numberOf();
    expect(before).toBeLessThan(240);
    for (let i = 0; i < 4; i++) await page.getByRole('button', { name: 'Zoom in' }).click();
    await expect.poll(numberOf).toBeGreaterThan(before);
    await page.getByRole('button', { name: 'Whole map' }).click();
    await expect.poll(numberOf).toBe(before);
  },
);

test.skipIf(skipped !== '')(
  `service map: a call shows its figures on hover, and can be reached and opened with the keyboard alone${note}`,
  async () => {
    const { xray } = await shopOf(scope, 100);
    const page = await browser.open(`${xray.url}/map`);
    const call = page.getByRole('button', { name: /^checkout → orders: [\d,]+ requests?, .* a minute, p50 .*fault/ });
    await call.waitFor({ state: 'attached' });
    const middle = await call.locator('.hit').evaluate((path: SVGPathElement) => {
      const point = path.getPointAtLength(path.getTotalLength() / 2).matrixTransform(path.getScreenCTM()!);
      return { x: point.x, y: point.y };
    });
    await page.mouse.move(middle.x, middle.y);
    await page.locator('.map-card', { hasText: /checkout → orders.*requests.*p50.*p95/ }).waitFor();
    await page.mouse.move(500, 20);
    await page.locator('.map-card').waitFor({ state: 'detached' });
    // From the client to the right, and on to the calls of what is there.
    await page.keyboard.press('ArrowRight');
    const focused = async (): Promise<string> =>
      page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
    for (let i = 0; i < 4 && !(await focused()).startsWith('checkout'); i++) await page.keyboard.press('ArrowDown');
    for (let i = 0; i < 4 && !(await focused()).startsWith('checkout'); i++) await page.keyboard.press('ArrowUp');
    expect(await focused()).toMatch(/^checkout, EKS container: /);
    await expect.poll(async () => call.getAttribute('tabindex')).toBe('0');
    for (let i = 0; i < 6 && !(await focused()).startsWith('checkout → orders'); i++) await page.keyboard.press('Tab');
    expect(await focused()).toMatch(/^checkout → orders: /);
    await page.locator('.map-card', { hasText: 'checkout → orders' }).waitFor();
    await page.keyboard.press('Enter');
    const side = page.getByRole('complementary', { name: 'The selected call' });
    await side.getByText('As the caller saw it').waitFor();
    await side.getByRole('button', { name: 'Traces', exact: true }).click();
    await page.waitForURL((url) => (url.searchParams.get('q') ?? '').startsWith('edge('));
    await page.locator('.table .rows .row').first().waitFor();
  },
);

test.skipIf(skipped !== '')(
  `service map: the client's panel has the sums of all entry points, its calls, and the traces behind each${note}`,
  async () => {
    const { xray } = await shopOf(scope, 100);
    const page = await browser.open(`${xray.url}/map`);
    await service(page, /^Client: /).click();
    const side = page.getByRole('complementary', { name: 'The selected service' });
    const calls = side.getByRole('table', { name: 'Calls' }).getByRole('row');
    const numbers = (await calls.locator('td:nth-child(2)').allTextContents()).map(Number);
    expect(numbers.length).toBeGreaterThan(2);
    const label = (await service(page, /^Client: /).getAttribute('aria-label'))!;
    expect(label).toMatch(new RegExp(`^Client: ${numbers.reduce((sum, each) => sum + each)} requests`));
    await side.getByRole('button', { name: 'web', exact: true }).click();
    await page.getByRole('heading', { name: 'Client → web' }).waitFor();
    await page.getByRole('button', { name: 'Traces', exact: true }).click();
    await page.waitForURL(
      (url) =>
        url.searchParams.get('q') ===
        'edge(id(name: "web", type: "client"), id(name: "web", type: "AWS::EKS::Container"))',
    );
    await page.locator('.table .rows .row').first().waitFor();
  },
);

test.skipIf(skipped !== '')(
  `service map: it explains its numbers; a rate covers the searched time, and a few seconds have no rate${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const now = Date.now() / 1000;
    await xray.put(...Array.from({ length: 150 }, (_, i) => request(now - 900 + i * 6, xray.random)));
    const page = await browser.open(`${xray.url}/map`);
    await page.getByText(/^Numbers are requests a minute, of the 1\d min/).waitFor();
    await service(page, /^Client: 150 requests, 10 a minute/).waitFor();
    await page.getByRole('combobox', { name: 'Time range' }).selectOption('1h');
    await service(page, /^Client: 150 requests, 2\.5 a minute/).waitFor();
    await page.getByText(/^Numbers are requests a minute, of the 1 h/).waitFor();
    const few = await ShownXRay.start(scope);
    await few.put(request(now - 20, xray.random), request(now - 15, xray.random));
    const other = await browser.open(`${few.url}/map`);
    await service(other, /^Client: 2 requests, p50/).waitFor();
    await other.getByText(/^Numbers are requests, /).waitFor();
  },
);

test.skipIf(skipped !== '')(`service map: links to the traces keep the search and its time range${note}`, async () => {
  const { xray } = await shopOf(scope, 100);
  const page = await browser.open(`${xray.url}/map?q=${encodeURIComponent('duration > 0.01')}&range=1h`);
  await service(page, /^checkout, EKS/).click();
  await page.getByRole('complementary').getByRole('button', { name: 'Traces', exact: true }).click();
  await page.locator('.table .rows .row').first().waitFor();
  const { searchParams } = new URL(page.url());
  expect(searchParams.get('q')).toBe('duration > 0.01 AND service(id(name: "checkout", type: "AWS::EKS::Container"))');
  expect(searchParams.get('range')).toBe('1h');
});
