import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { accessibilityProblems, Browser, note, skipped } from './browser.ts';
import { ShownXRay, openShop } from './local.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

test.skipIf(skipped !== '')(`a template of the settings is a link of every trace${note}`, async () => {
  const { page, xray, failed } = await openShop({ scope, browser }, '/settings', { width: 1360 });
  await page.getByRole('button', { name: 'Add Loki' }).click();
  await page.getByRole('button', { name: 'Add another' }).click();
  const second = page.getByRole('group', { name: 'Link 2' });
  await second.getByLabel('Name').fill('Kibana');
  await second.getByLabel('Address').fill('javascript:alert({trace_id})');
  await second.getByLabel('Address').press('Enter');
  await second.getByText('The address must begin with http:// or https://.').waitFor();
  await page.goto(`${xray.url}/traces/${failed}`);
  await page.getByRole('link', { name: 'Loki ↗' }).waitFor();
  expect(await page.getByRole('link', { name: 'Kibana ↗' }).count()).toBe(0);
  await page.goto(`${xray.url}/settings`);
  await second.getByLabel('Address').fill('https://kibana.example/?q={trace_id_hex}&s={service}');
  await second.getByLabel('Address').press('Enter');
  await page.goto(`${xray.url}/traces/${failed}`);
  const link = page.getByRole('link', { name: 'Kibana ↗' });
  const hex = failed.slice(2).replace('-', '');
  // The page selects the cause of a failed trace.
  expect(await link.getAttribute('href')).toBe(`https://kibana.example/?q=${hex}&s=orders`);
  expect(await link.getAttribute('rel')).toContain('noopener');
  await page.goto(`${xray.url}/settings`);
  await page.getByRole('button', { name: 'Remove the link Kibana' }).click();
  await page.goto(`${xray.url}/traces/${failed}`);
  await page.getByRole('link', { name: 'Loki ↗' }).waitFor();
  expect(await link.count()).toBe(0);
});

for (const [theme, width] of [
  ['light', 1360],
  ['dark', 400],
] as const)
  test.skipIf(skipped !== '')(`link settings are accessible, ${theme}, ${width} px${note}`, async () => {
    const { page, xray, failed } = await openShop({ scope, browser }, '/settings', { width, theme });
    await page.getByRole('button', { name: 'Add Loki' }).click();
    await page.getByText('Placeholders', { exact: true }).click();
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await page.goto(`${xray.url}/traces/${failed}`);
    await page.getByRole('link', { name: 'Loki ↗' }).waitFor();
  });
