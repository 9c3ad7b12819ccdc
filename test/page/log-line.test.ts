import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped } from './browser.ts';
import { ShownXRay, openShop } from './local.ts';
import { searchBox } from './parts.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

const OTHER = '0123456789abcdef0123456789abcdef';
const hexOf = (id: string): string => id.slice(2).replace('-', '');

const LINES: readonly (readonly [string, (id: string) => string])[] = [
  ['REPORT line of Lambda', (id) => `REPORT RequestId: ${OTHER} Duration: 3.2 ms XRAY TraceId: ${id} Sampled: true`],
  ['JSON record', (id) => `{"level":"info","request_id":"${OTHER}","trace_id":"${hexOf(id)}"}`],
  ['logfmt line', (id) => `level=info msg="paid 5% of /a?b=c" trace_id=${hexOf(id)}`],
  ['base64 ID', (id) => Buffer.from(hexOf(id), 'hex').toString('base64')],
];

test.skipIf(skipped !== '')(`a pasted log line opens the trace that it names${note}`, async () => {
  const { page, failed, xray } = await openShop({ scope, browser }, '/', { width: 1360 });
  for (const [, lineOf] of LINES) {
    await page.goto(`${xray.url}/`);
    await searchBox(page).fill(lineOf(failed));
    await searchBox(page).press('Enter');
    await page.waitForURL((url) => url.pathname === `/traces/${failed}`);
    await page.getByRole('heading', { name: /checkout/ }).waitFor();
  }
});

test.skipIf(skipped !== '')(`an address with a log line shows the trace that the line names${note}`, async () => {
  const { page, failed, xray } = await openShop({ scope, browser }, '/', { width: 1360 });
  for (const [what, lineOf] of LINES) {
    const line = lineOf(failed);
    await page.goto(`${xray.url}/traces/${encodeURIComponent(line)}`);
    await page.getByRole('heading', { name: /checkout/ }).waitFor();
    const answer = await fetch(`${xray.url}/api/traces/${encodeURIComponent(line)}`);
    expect([what, answer.status, ((await answer.json()) as { id: string }).id]).toEqual([what, 200, failed]);
  }
  await page.goto(`${xray.url}/traces/${Buffer.from(hexOf(failed), 'hex').toString('base64')}`);
  await page.getByRole('heading', { name: /checkout/ }).waitFor();
});

test.skipIf(skipped !== '')(`16 digits without a trace can be searched as text${note}`, async () => {
  const { page, xray } = await openShop({ scope, browser }, '/', { width: 1360 });
  await page.goto(`${xray.url}/`);
  await searchBox(page).fill('53995c3f42cd8ad8');
  await searchBox(page).press('Enter');
  await page.getByRole('heading', { name: 'Trace not found' }).waitFor();
  await page.getByRole('link', { name: 'search for 53995c3f42cd8ad8' }).click();
  await page.waitForURL((url) => url.searchParams.get('text') === '53995c3f42cd8ad8');
});
