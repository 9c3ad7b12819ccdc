import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { encodeTraces } from '../../src/formats/otlp/encode.ts';
import { KIND, type Span } from '../../src/formats/otlp/messages.ts';
import { xrayTraceId } from '../../src/trace/trace-id.ts';
import { event, resource, span, traces } from '../fakes/otlp.ts';
import { logsJson, type LogInput } from '../fakes/otlp-signals.ts';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped, type PageOptions } from './browser.ts';
import { ShownXRay } from './local.ts';
import { list, panel, rows, spans } from './parts.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

const now = BigInt(Date.now()) * 1_000_000n;
const second = Math.floor(Date.now() / 1000).toString(16);
const idOf = (digit: string): string => `${second}${digit.repeat(24)}`;
const ROOT = 'aaaaaaaaaaaaaaa1';
const CHILD = 'aaaaaaaaaaaaaaa2';

/** A request of the shop, and a query in it. */
function checkout(traceId: string): Span[] {
  const at = { traceId, startTimeUnixNano: now - 2_000_000_000n, endTimeUnixNano: now - 1_000_000_000n };
  return [
    span({ ...at, spanId: ROOT, name: 'POST /checkout', events: [event('cart loaded')] }),
    span({ ...at, spanId: CHILD, parentSpanId: ROOT, name: 'SELECT stock', kind: KIND.internal }),
  ];
}

const requestOf = (of: readonly Span[]): Buffer =>
  encodeTraces(traces(of, { resource: resource({ 'service.name': 'shop' }) }));

async function put(xray: ShownXRay, path: string, body: Buffer, type: string): Promise<void> {
  const headers = { 'content-type': type };
  const answer = await fetch(xray.url + path, { method: 'POST', headers, body: new Uint8Array(body) });
  expect(answer.status).toBe(200);
}

const putSpans = (xray: ShownXRay, of: readonly Span[]): Promise<void> =>
  put(xray, '/v1/traces', requestOf(of), 'application/x-protobuf');
const putLogs = (xray: ShownXRay, logs: readonly LogInput[]): Promise<void> =>
  put(xray, '/v1/logs', Buffer.from(JSON.stringify(logsJson(logs))), 'application/json');

async function opened(options: PageOptions, path: (id: string) => string): Promise<{ page: Page; xray: ShownXRay }> {
  const xray = await ShownXRay.start(scope);
  const traceId = idOf('1');
  await putSpans(xray, checkout(traceId));
  await putLogs(xray, [
    { traceId, spanId: ROOT, timeUnixNano: now - 1_900_000_000n, severity: 9, body: 'cart of 3 items' },
    {
      traceId,
      spanId: CHILD,
      timeUnixNano: now - 1_500_000_000n,
      severity: 17,
      level: 'error',
      body: 'stock is locked',
      attributes: { 'db.lock': 'orders' },
    },
    { traceId, spanId: 'bbbbbbbbbbbbbbbb', timeUnixNano: now - 1_400_000_000n, body: 'of a span elsewhere' },
  ]);
  return { xray, page: await browser.open(xray.url + path(xrayTraceId(traceId)), options) };
}

test.skipIf(skipped !== '')(
  `an unsampled trace is not listed until it is asked for, and is marked${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    await putSpans(xray, checkout(idOf('2')));
    const unsampled = requestOf(checkout(idOf('3')));
    await xray.daemon.send(`{"format":"json","version":1}\nT1U${unsampled.toString('base64')}`);
    const page = await browser.open(xray.url);
    const button = list(page).or(page.locator('main')).getByRole('button', { name: '1 unsampled' });
    await button.waitFor();
    await expect.poll(async () => rows(page).count()).toBe(1);
    await button.press('Enter');
    await expect.poll(async () => rows(page).count()).toBe(2);
    expect(await button.getAttribute('aria-pressed')).toBe('true');
    expect(new URL(page.url()).searchParams.get('unsampled')).toBe('true');
    await expect.poll(async () => rows(page).filter({ hasText: 'unsampled' }).count()).toBe(1);
    await report(page, 'unsampled');
    await rows(page).filter({ hasText: 'unsampled' }).getByRole('link').click();
    await page.getByRole('banner').or(page.locator('.trace-head')).getByText('unsampled', { exact: true }).waitFor();
    await page.goBack();
    await expect.poll(async () => rows(page).count()).toBe(2);
    await button.click();
    await expect.poll(async () => rows(page).count()).toBe(1);
  },
);

for (const theme of ['light', 'dark'] as const) {
  for (const width of [1360, 400]) {
    test.skipIf(skipped !== '')(
      `${width} px, ${theme}: Raw shows the documents as received or as X-Ray gets them, by keys too${note}`,
      async () => {
        const { page } = await opened({ width, theme }, (id) => `/traces/${id}?tab=raw`);
        const choice = page.getByRole('radiogroup', { name: 'Documents' });
        const asReceived = choice.getByRole('radio', { name: 'As received' });
        await asReceived.waitFor();
        expect(await asReceived.isChecked()).toBe(true);
        await page.getByText('resourceSpans').first().waitFor();
        await asReceived.focus();
        await page.keyboard.press('ArrowRight');
        await page.getByRole('heading', { name: '2 documents as X-Ray gets them' }).waitFor();
        expect(await choice.getByRole('radio', { name: 'As X-Ray gets them' }).isChecked()).toBe(true);
        expect(await page.getByText('resourceSpans').count()).toBe(0);
        await page.getByText(`shop ${ROOT}`).waitFor();
        expect(new URL(page.url()).searchParams.get('form')).toBe('segments');
        await page.getByRole('button', { name: 'Copy as JSON: documents' }).waitFor();
        await report(page, `raw-${width}-${theme}`);
        await page.goBack();
        await page.getByText('resourceSpans').first().waitFor();
      },
    );

    test.skipIf(skipped !== '')(
      `${width} px, ${theme}: logs are shown under their span, and those without a span at the start of the trace${note}`,
      async () => {
        const { page, xray } = await opened({ width, theme }, (id) => `/traces/${id}?span=${CHILD}`);
        const logs = panel(page).getByRole('list', { name: 'Logs', exact: true });
        await logs.getByRole('listitem').filter({ hasText: 'stock is locked' }).waitFor();
        expect(await logs.getByRole('listitem').count()).toBe(1);
        expect(await logs.textContent()).toMatch(/\+500 ms\s*error\s*stock is locked/);
        await logs.getByText('attributes').click();
        await logs.getByText('db.lock').waitFor();
        await report(page, `logs-${width}-${theme}`);
        // One more arrives while the trace is open, without a change of its spans.
        await putLogs(xray, [{ traceId: idOf('1'), spanId: CHILD, body: 'late' }]);
        await logs.getByRole('listitem').filter({ hasText: 'late' }).waitFor();
        await spans(page).first().press('k');
        const others = panel(page).getByRole('list', { name: 'Logs of the trace, without a span' });
        await others.getByRole('listitem').filter({ hasText: 'of a span elsewhere' }).waitFor();
        expect(await panel(page).getByText('cart of 3 items').count()).toBe(1);
      },
    );
  }
}

/** The page as a person sees it, if `XRAYD_PICTURES` names a folder. */
async function report(page: Page, name: string): Promise<void> {
  const folder = process.env['XRAYD_PICTURES'];
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png` });
}
