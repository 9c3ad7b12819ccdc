import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { accessLogLine } from '../fakes/access-log.ts';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped, accessibilityProblems } from './browser.ts';
import { ShownXRay, openShop } from './local.ts';
import { searchBox } from './parts.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

const MARK = 'from the access log, not a span';

async function paste(page: Page, line: string): Promise<void> {
  await searchBox(page).fill(line);
  await searchBox(page).press('Enter');
  // What the box offers goes with the focus.
  await page.getByText(MARK).waitFor();
  await page
    .getByRole('link', { name: 'Timeline' })
    .or(page.getByRole('link', { name: 'All traces' }))
    .focus();
}

test.skipIf(skipped !== '')(
  `a pasted access log line shows the load balancer’s view beside its trace${note}`,
  async () => {
    const { page, failed } = await openShop({ scope, browser }, '/', { width: 1360 });
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url() + (request.postData() ?? '')));
    const userAgent = '<img src=x onerror=alert(1)>';
    const line = accessLogLine({
      trace: `Root=${failed}`,
      statuses: '502 500',
      errorReason: 'AWSALBTGCookieInvalid',
      userAgent,
    });
    await paste(page, line);
    await page.getByRole('heading', { name: 'POST /checkout' }).waitFor();
    await page.getByText('Load balancer shop').click();
    const view = page.getByRole('group').filter({ hasText: MARK });
    const text = (await view.innerText()).replaceAll(/\s+/g, ' ');
    for (const shown of [
      'Request POST https://shop.example:443/checkout',
      'To the client 502',
      'From the target 500',
      'Error reason AWSALBTGCookieInvalid',
      'Request time 1.00 ms',
      'Target time 1.28 s',
      'Response time 1.00 ms',
      'Target 10.0.0.1:80',
      `User agent ${userAgent}`,
      'Bytes 34 received, 366 sent',
      'TLS TLSv1.2, ECDHE-RSA-AES128-GCM-SHA256',
      'Rule Priority 3',
    ])
      expect(text).toContain(shown);
    expect(await view.locator('img').count()).toBe(0);
    // The line stays in the tab, also when the page is loaded again, and is not sent.
    await page.reload();
    await page.getByText(MARK).waitFor();
    expect(requests.filter((request) => /203\.0\.113\.7|onerror/.test(decodeURIComponent(request)))).toEqual([]);
    await page.goto(page.url().replace(failed, '1-00000000-000000000000000000000001'));
    await page.getByRole('heading', { name: 'Trace not found' }).waitFor();
    expect(await page.getByText(MARK).count()).toBe(0);
  },
);

test.skipIf(skipped !== '')(
  `a request that reached no target has no trace, but the load balancer’s view${note}`,
  async () => {
    const { page } = await openShop({ scope, browser }, '/', { width: 400 });
    const trace = 'Root=1-6929d510-abcdef000000000000000001';
    await paste(page, accessLogLine({ trace, target: '-', times: '-1 -1 -1', statuses: '503 -' }));
    await page.getByRole('heading', { name: 'Trace not found' }).waitFor();
    await page.getByText('Load balancer shop').click();
    await page.getByText('No target was reached').waitFor();
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(400);
  },
);

for (const theme of ['light', 'dark'] as const)
  for (const width of [1360, 400])
    test.skipIf(skipped !== '')(`the load balancer’s view is accessible, ${theme}, ${width} px${note}`, async () => {
      const { page, failed, xray } = await openShop({ scope, browser }, '/', { width, theme });
      const line = accessLogLine({ trace: `Root=${failed}` });
      await page.goto(`${xray.url}/traces/${encodeURIComponent(line)}`);
      await page.getByText('Load balancer shop').click();
      expect(await accessibilityProblems(page)).toEqual([]);
    });
