import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped } from './browser.ts';
import { ShownXRay, shopOf } from './local.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

const SIZE = { width: 400, height: 800 } as const;

const sheet = (page: Page) => page.getByRole('complementary');
const handle = (page: Page) => page.getByRole('separator', { name: 'Height of the panel' });

async function heightOf(page: Page): Promise<number> {
  return (await sheet(page).boundingBox())!.height;
}

const openings = [
  {
    of: 'a span',
    path: (id: string) => `/traces/${id}`,
    open: async (page: Page): Promise<void> => {
      await page.getByRole('treeitem').first().waitFor({ state: 'attached' });
      await page.keyboard.press('j');
    },
    behind: '.timeline-rows',
  },
  {
    of: 'a service',
    path: () => '/map',
    open: async (page: Page): Promise<void> => page.getByRole('button', { name: /^Client: / }).click(),
    behind: '.map-canvas',
  },
];

for (const { of, path, open, behind } of openings) {
  test.skipIf(skipped !== '')(
    `400 px: the panel of ${of} is a sheet at half height; dragged, moved and closed by keys, closed by a drag${note}`,
    async () => {
      const { xray, id } = await shopOf(scope, 40);
      const page = await browser.open(xray.url + path(id), SIZE);
      await open(page);
      await sheet(page).waitFor();
      const main = (await page.locator('main').boundingBox())!;
      expect(Math.abs((await heightOf(page)) - main.height / 2)).toBeLessThan(2);
      const seen = (await page.locator(behind).boundingBox())!;
      // Two rows at least.
      expect(seen.height).toBeGreaterThanOrEqual(56);
      expect(seen.y + seen.height).toBeLessThanOrEqual((await sheet(page).boundingBox())!.y + 1);
      // By the pointer.
      const grip = (await handle(page).boundingBox())!;
      await page.mouse.move(200, grip.y + 12);
      await page.mouse.down();
      await page.mouse.move(200, 200, { steps: 4 });
      await page.mouse.up();
      await expect.poll(async () => heightOf(page)).toBeGreaterThan(main.height * 0.7);
      // By keys.
      const before = await heightOf(page);
      await handle(page).focus();
      await page.keyboard.press('ArrowDown');
      await expect.poll(async () => heightOf(page)).toBeLessThan(before - 50);
      await page.keyboard.press('Escape');
      await sheet(page).waitFor({ state: 'detached' });
      await open(page);
      const again = (await handle(page).boundingBox())!;
      await page.mouse.move(200, again.y + 12);
      await page.mouse.down();
      await page.mouse.move(200, 740, { steps: 4 });
      await page.mouse.up();
      await sheet(page).waitFor({ state: 'detached' });
    },
  );
}

test.skipIf(skipped !== '')(
  `400 px: all views of a trace, and Collapse and Expand, are visible and one click away${note}`,
  async () => {
    const { xray, id } = await shopOf(scope, 40);
    const page = await browser.open(`${xray.url}/traces/${id}`, SIZE);
    await page.getByRole('treeitem').first().waitFor({ state: 'attached' });
    const rows = async (): Promise<number> => page.getByRole('treeitem').count();
    await page.getByRole('button', { name: 'Collapse', exact: true }).click();
    await expect.poll(rows).toBeLessThan(8);
    const closed = await rows();
    await page.getByRole('button', { name: 'Expand', exact: true }).click();
    await expect.poll(rows).toBeGreaterThan(closed);
    const tabs = page.getByRole('navigation', { name: 'Views of the trace' }).getByRole('link');
    for (let i = 0; i < (await tabs.count()); i++) {
      const box = (await tabs.nth(i).boundingBox())!;
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(400);
    }
    await tabs.filter({ hasText: 'Raw' }).click();
    await page.waitForURL(/tab=raw/);
  },
);
