import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped } from './browser.ts';
import { ShownXRay } from './local.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

async function open(path = '/'): Promise<{ xray: ShownXRay; page: Page; id: string }> {
  const xray = await ShownXRay.start(scope);
  const id = await xray.putShop(60);
  const page = await browser.open(xray.url + path);
  await page.locator('.cm-editor').waitFor();
  await page.locator('.table .rows .row, .empty').first().waitFor();
  return { xray, page, id };
}

const options = (page: Page) => page.locator('.cm-tooltip-autocomplete li');

test.skipIf(skipped !== '')(
  `/ goes to the query; keywords, keys, operators and seen values are offered${note}`,
  async () => {
    const { page } = await open();
    await page.keyboard.press('/');
    await page.keyboard.type('ann', { delay: 20 });
    await options(page).filter({ hasText: 'annotation' }).first().waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.type('te', { delay: 20 });
    await options(page).filter({ hasText: 'tenant' }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.type(' ', { delay: 20 });
    await options(page).filter({ hasText: 'BEGINSWITH' }).waitFor();
    await page.keyboard.type('= ', { delay: 20 });
    await options(page).filter({ hasText: 'globex' }).waitFor();
    await page.keyboard.type('"glo', { delay: 20 });
    await page.locator('.cm-completionMatchedText', { hasText: 'glo' }).waitFor();
    await page.keyboard.press('Tab');
    await page.waitForFunction(
      () => document.querySelector('.cm-content')?.textContent === 'annotation.tenant = "globex"',
    );
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('q') === 'annotation.tenant = "globex"');
    expect(await page.locator('.cm-line .fx-string').textContent()).toBe('"globex"');
  },
);

test.skipIf(skipped !== '')(
  `services are suggested by name, and so is what the braces may contain${note}`,
  async () => {
    const { page } = await open();
    await page.keyboard.press('/');
    await page.keyboard.type('service("led', { delay: 20 });
    await options(page).filter({ hasText: 'ledger' }).waitFor();
    await page.keyboard.press('Tab');
    await page.waitForFunction(() => document.querySelector('.cm-content')?.textContent === 'service("ledger")');
    await page.keyboard.type(' { fau', { delay: 20 });
    await options(page).filter({ hasText: 'fault' }).first().waitFor();
  },
);

test.skipIf(skipped !== '')(`a mistake is marked at its position, but not while typing${note}`, async () => {
  const { page } = await open();
  await page.keyboard.press('/');
  await page.keyboard.type('service("web") AND AND', { delay: 10 });
  // What is being written is no mistake yet. The first closes the list of words, the second leaves the box.
  expect(await page.locator('.query.wrong').count()).toBe(0);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.locator('.cm-lintRange-error').waitFor();
  await page.getByText('between two conditions stands one AND').waitFor();
});

test.skipIf(skipped !== '')(`errors that only the local X-Ray can detect are shown too${note}`, async () => {
  const { page } = await open('/?q=group.name%20%3D%20%22nobody%22');
  await page.getByText(/No trace matches|could not be read/).waitFor();
});

for (const [what, text] of [
  ['an X-Ray id', (id: string) => id],
  ['32 hex digits', (id: string) => id.slice(2).replace('-', '')],
  ['a header', (id: string) => `X-Amzn-Trace-Id: Root=${id};Parent=53995c3f42cd8ad8;Sampled=1`],
  [
    'a line of an ALB’s log',
    (id: string) =>
      `https 2026-11-26T12:00:00.000000Z app/shop/50dc6c495c0c9188 203.0.113.7:2817 10.0.0.1:80 0.001 1.283 0.000 500 500 34 366 "POST https://shop.example:443/checkout HTTP/2.0" "curl/8.5.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/shop/73e2d6bc24d8a067 "Root=${id}" "shop.example" "-" 0 2026-11-26T12:00:00.000000Z "forward" "-" "-" "10.0.0.1:80" "500" "-" "-"`,
  ],
] as const) {
  test.skipIf(skipped !== '')(`${what} in the query box opens the trace${note}`, async () => {
    const { page, id } = await open();
    await page.locator('.cm-content').click();
    await page.keyboard.insertText(text(id));
    await page.keyboard.press('Escape');
    await page.getByText('Enter opens the trace').waitFor();
    await page.locator('.cm-content').press('Enter');
    await page.waitForURL(new RegExp(`/traces/${id}`));
    await page.getByRole('heading', { name: 'POST /checkout' }).waitFor();
  });
}

test.skipIf(skipped !== '')(`filters can be saved under a name, and deleted${note}`, async () => {
  const { page } = await open('/?q=fault');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.keyboard.type('Faults');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Faults' }).waitFor();
  await page.getByRole('button', { name: 'Clear the filter' }).first().click();
  await page.getByRole('link', { name: 'Faults' }).click();
  await page.waitForURL((url) => url.searchParams.get('q') === 'fault');
  await page.reload();
  await page.getByRole('button', { name: 'Remove the saved filter Faults' }).click();
  expect(await page.getByRole('link', { name: 'Faults' }).count()).toBe(0);
});
