import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { encodeTraces } from '../../src/formats/otlp/encode.ts';
import { xrayTraceId } from '../../src/trace/trace-id.ts';
import { accessLogLine } from '../fakes/access-log.ts';
import { attributes, event, resource, scope as otelScope, span, SPAN, traces } from '../fakes/otlp.ts';
import { logsJson, type LogInput } from '../fakes/otlp-signals.ts';
import { Scope } from '../fakes/scope.ts';
import { accessibilityProblems, Browser, note, skipped } from './browser.ts';
import { openShop, secondsAgo, ShownXRay } from './local.ts';
import { offered, panel, rows, searchBox } from './parts.ts';
import { checkout, ShopTrace } from './shop.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

const LAMBDA = new URL('../fixtures/lambda-links.json', import.meta.url);

/** The traces of a Lambda function that sends a message, and of the one that receives it; their IDs. */
async function putMessage(xray: ShownXRay): Promise<readonly [sender: string, receiver: string]> {
  const { Traces } = JSON.parse(readFileSync(LAMBDA, 'utf8')) as {
    Traces: readonly { Id: string; Segments: readonly { Document: string }[] }[];
  };
  const documents = Traces.flatMap(({ Segments }) => Segments.map(({ Document }) => Document));
  const body = JSON.stringify({ TraceSegmentDocuments: documents });
  await fetch(`${xray.url}/TraceSegments`, { method: 'POST', body });
  return [Traces[0]!.Id, Traces[1]!.Id];
}

/** A request that OpenTelemetry's SDK describes; AWS has most of it as metadata. */
async function putSpan(xray: ShownXRay): Promise<string> {
  const traceId = `${Math.floor(secondsAgo(5)).toString(16)}${'7'.repeat(24)}`;
  const now = BigInt(Date.now()) * 1_000_000n;
  const body = encodeTraces(
    traces(
      [
        span({
          traceId,
          startTimeUnixNano: now - 2_000_000_000n,
          endTimeUnixNano: now - 1_000_000_000n,
          name: 'GET /basket',
          attributes: attributes({ plan: 'free' }),
          events: [event('cart loaded')],
        }),
      ],
      { resource: resource({ 'service.name': 'storefront' }), scope: otelScope({ name: 'http', version: '1.2' }) },
    ),
  );
  const headers = { 'content-type': 'application/x-protobuf' };
  const answer = await fetch(`${xray.url}/v1/traces`, { method: 'POST', headers, body: new Uint8Array(body) });
  expect(answer.status).toBe(200);
  return xrayTraceId(traceId);
}

test.skipIf(skipped !== '')(
  `what AWS keeps as metadata is no finding, but is listed with what makes it searchable${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const page = await browser.open(`${xray.url}/traces/${await putSpan(xray)}?tab=findings`);
    const kept = page.locator('section', { has: page.getByRole('heading', { name: 'Kept as metadata · 4' }) });
    await kept.getByText('X-Ray does not show the events of the span; in metadata: cart loaded').waitFor();
    await kept.getByText('in metadata: http 1.2').waitFor();
    await kept.getByText('List the keys to search for').waitFor();
    await page.getByText('No findings: AWS X-Ray would keep all of this trace.').waitFor();
    expect(
      await page
        .locator('.trace-head')
        .getByText(/finding/i)
        .allTextContents(),
    ).toEqual(['Findings']);
    await kept.getByRole('link', { name: 'storefront' }).first().click();
    await panel(page).waitFor();
    expect(await panel(page).getByText('What AWS would do').count()).toBe(0);
  },
);

test.skipIf(skipped !== '')(`an OTLP document in Raw has the name of its service${note}`, async () => {
  const xray = await ShownXRay.start(scope);
  const page = await browser.open(`${xray.url}/traces/${await putSpan(xray)}?tab=raw`);
  await page.getByText('resourceSpans').waitFor();
  expect(await page.locator('.raw summary').first().innerText()).toContain('storefront');
});

test.skipIf(skipped !== '')(
  `the header leads to the other end of a message, and the initialization of a function is what a request waited for${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const [sender, receiver] = await putMessage(xray);
    const page = await browser.open(`${xray.url}/traces/${sender}`);
    await page.getByText('49 % of the time, 390 ms, was spent in Initialization').waitFor();
    await page.getByRole('link', { name: 'Sent to consumer' }).click();
    await page.waitForURL((url) => url.pathname === `/traces/${receiver}`);
    await page.getByRole('link', { name: 'Received from another trace' }).click();
    await page.waitForURL((url) => url.pathname === `/traces/${sender}`);
  },
);

for (const width of [1360, 390])
  test.skipIf(skipped !== '')(
    `${width} px: in the header Pin is before the links, and nothing sticks out${note}`,
    async () => {
      const { page, failed, xray } = await openShop({ scope, browser }, '/settings', { width });
      for (const [i, name] of ['One', 'Another'].entries()) {
        await page.getByRole('button', { name: 'Add another' }).click();
        const group = page.getByRole('group', { name: `Link ${i + 1}` });
        await group.getByLabel('Name').fill(`${name} tool with a long name`);
        await group.getByLabel('Address').fill('https://logs.example/{trace_id}');
        await group.getByLabel('Address').press('Enter');
      }
      await page.goto(`${xray.url}/traces/${failed}`);
      await page.getByRole('link', { name: /^One tool/ }).waitFor();
      const controls = await page
        .locator('.facts')
        .locator('a, button')
        .evaluateAll((all) => all.map((each) => [each.textContent, each.getBoundingClientRect().x] as const));
      const names = controls.map(([name]) => name);
      expect(names.indexOf('Pin')).toBeLessThan(names.findIndex((name) => name?.startsWith('One tool')));
      const left = await page.locator('.trace-head h1').evaluate((title) => title.getBoundingClientRect().x);
      expect(controls.filter(([, x]) => x < left)).toEqual([]);
    },
  );

test.skipIf(skipped !== '')(
  `a request that reached no target says so, once, and can be read to its end${note}`,
  async () => {
    const { page, xray } = await openShop({ scope, browser }, '/', { width: 390, height: 700 });
    const line = accessLogLine({
      trace: 'Root=1-6929d510-abcdef000000000000000001',
      target: '-',
      times: '-1 -1 -1',
      statuses: '503 -',
    });
    await page.goto(`${xray.url}/traces/${encodeURIComponent(line)}`);
    await page.getByText('Load balancer shop').click();
    await page.getByText('so no application has recorded a trace of it').waitFor();
    expect(await page.getByText('It has not arrived yet').count()).toBe(0);
    expect(await page.getByText(/Not measured/).allTextContents()).toEqual([
      'Not measured: no target received or answered the request',
    ]);
    const last = page.getByRole('link', { name: 'All traces' });
    await last.scrollIntoViewIfNeeded();
    const { y, height } = (await last.boundingBox())!;
    // Above the navigation.
    expect(y + height).toBeLessThan(700 - 44 + 1);
  },
);

test.skipIf(skipped !== '')(
  `an old trace does not make the numbers of the map fractions of a request a minute${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const old = new ShopTrace(secondsAgo(40 * 86_400), xray.random);
    old.segment('archive', secondsAgo(40 * 86_400), 1);
    await xray.put(old, ...[9, 8, 7].map((seconds) => checkout(secondsAgo(seconds), xray.random)));
    const page = await browser.open(`${xray.url}/map`);
    await page.getByText(/^Numbers are requests, 2/).waitFor();
    await page.getByRole('button', { name: /^Client: 4 requests, p50/ }).waitFor();
  },
);

test.skipIf(skipped !== '')(`all clients of a load balancer are one line in its panel${note}`, async () => {
  const { page, xray } = await openShop({ scope, browser }, '/', { width: 1360 });
  const listed = await (await fetch(`${xray.url}/api/traces`)).text();
  const found = [...listed.matchAll(/"(1-[0-9a-f]{8}-[0-9a-f]{24})"/g)].map(([, id]) => id);
  const Lines = [...new Set(found)].map((id) =>
    accessLogLine({ trace: `Root=${id}`, balancer: 'app/edge/1', statuses: '200 200' }),
  );
  await fetch(`${xray.url}/api/access-log`, { method: 'POST', body: JSON.stringify({ Lines }) });
  await page.goto(`${xray.url}/map`);
  await page.getByRole('button', { name: /^edge, ALB/ }).press('Enter');
  const callers = page.getByRole('table', { name: 'Called by' }).locator('tbody tr');
  await callers.first().waitFor();
  expect(await callers.evaluateAll((all) => all.map((row) => row.querySelector('td')?.textContent?.trim()))).toEqual([
    'Client',
  ]);
});

test.skipIf(skipped !== '')(
  `a pasted line opens its trace without a list over it, and the keys of the trace work at once${note}`,
  async () => {
    const { page, failed, xray } = await openShop({ scope, browser }, '/', { width: 390 });
    const line = accessLogLine({ trace: `Root=${failed}` });
    // Before and after the editor has replaced the plain field.
    for (const isReady of [false, true]) {
      await page.goto(`${xray.url}/`);
      if (isReady) await page.locator('.cm-content').waitFor();
      await searchBox(page).fill(line);
      await searchBox(page).press('Enter');
      await page.getByRole('heading', { name: 'POST /checkout' }).waitFor();
      await page.locator('.cm-content').waitFor();
      await page.keyboard.press('?');
      await page.getByRole('heading', { name: 'Keys' }).waitFor();
      expect(await offered(page).count()).toBe(0);
      await page.keyboard.press('Escape');
      expect(await page.locator('.cm-scroller').evaluate(({ scrollLeft }) => scrollLeft)).toBe(0);
    }
  },
);

test.skipIf(skipped !== '')(
  `words are offered as the name of a service only if there is such a service${note}`,
  async () => {
    const { page } = await openShop({ scope, browser }, '/', { width: 1360 });
    await rows(page).first().waitFor();
    await searchBox(page).click();
    await page.keyboard.type('pay', { delay: 20 });
    await offered(page).filter({ hasText: 'service("payments")' }).waitFor();
    expect(await offered(page).filter({ hasText: 'service("pay")' }).count()).toBe(0);
    await page.keyboard.type('ments', { delay: 20 });
    await offered(page).filter({ hasText: 'http.url CONTAINS "payments"' }).waitFor();
    expect(await offered(page).filter({ hasText: 'service("payments")' }).count()).toBe(1);
  },
);

test.skipIf(skipped !== '')(`the number of unsampled traces is not given as one of matches${note}`, async () => {
  const { page, xray } = await openShop({ scope, browser }, '/', { width: 1360 });
  const traceId = `${Math.floor(secondsAgo(5)).toString(16)}${'8'.repeat(24)}`;
  const unsampled = encodeTraces(traces([span({ traceId })], { resource: resource({ 'service.name': 'thumbnail' }) }));
  await xray.daemon.send(`{"format":"json","version":1}\nT1U${unsampled.toString('base64')}`);
  await page.getByRole('button', { name: '1 unsampled' }).waitFor();
  await page.goto(`${xray.url}/?text=checkout`);
  await page.getByRole('button', { name: 'Unsampled too' }).waitFor();
  expect(await page.getByText('1 unsampled').count()).toBe(0);
});

test.skipIf(skipped !== '')(`at 390 px the list of keys opens at its beginning${note}`, async () => {
  const { page } = await openShop({ scope, browser }, '/traces/FAILED', { width: 390, height: 700 });
  await page.locator('.trace-body').waitFor();
  await page.keyboard.press('?');
  const title = page.getByRole('heading', { name: 'Keys' });
  await title.waitFor();
  expect(await page.getByRole('dialog').evaluate(({ scrollTop }) => scrollTop)).toBe(0);
  await page.keyboard.press('Escape');
  await title.waitFor({ state: 'detached' });
});

test.skipIf(skipped !== '')(`a brush that reaches the top of the chart has no longest duration${note}`, async () => {
  const { page } = await openShop({ scope, browser }, '/', { width: 1360 });
  const box = (await page.locator('.scatter canvas').boundingBox())!;
  await page.mouse.move(box.x + 200, box.y + 2);
  await page.mouse.down();
  await page.mouse.move(box.x + 500, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL((url) => /^duration >= [\d.]+$/.test(url.searchParams.get('q') ?? ''));
});

test.skipIf(skipped !== '')(`screens without a match say so, and lead out${note}`, async () => {
  const { page, xray } = await openShop({ scope, browser }, '/map?text=zebra', { width: 390 });
  await page.getByRole('heading', { name: 'No service to show' }).waitFor();
  await page.getByRole('button', { name: 'Clear the filter' }).last().click();
  await page.getByRole('button', { name: /^Client:/ }).waitFor();
  await page.goto(`${xray.url}/?pinned=true`);
  await page.getByRole('heading', { name: 'No pinned trace' }).waitFor();
  await page.getByRole('link', { name: 'All traces' }).click();
  await rows(page).first().waitFor();
  const mistake = encodeURIComponent('duration > 100ms AND service("checkout" AND annotation.tenant = "acme"');
  await page.goto(`${xray.url}/?q=${mistake}`);
  const button = page.getByRole('button', { name: /^Search the text/ });
  const { x, width } = (await button.boundingBox())!;
  expect(x).toBeGreaterThanOrEqual(16);
  expect(x + width).toBeLessThanOrEqual(390 - 16);
  await page.goto(`${xray.url}/?range=unknown`);
  await rows(page).first().waitFor();
  expect(await page.getByRole('combobox', { name: 'Time range' }).inputValue()).toBe('');
});

test.skipIf(skipped !== '')(`the key to the strokes is never cut in the middle of a word${note}`, async () => {
  const { page } = await openShop({ scope, browser }, '/traces/FAILED?find=prices', { width: 1280 });
  await page.getByRole('button', { name: 'Next' }).click();
  await panel(page).waitFor();
  const cut = await page.locator('.line-key').evaluate((key) => {
    const { right, bottom } = key.getBoundingClientRect();
    return [...key.children].filter((each) => {
      const box = each.getBoundingClientRect();
      return box.top < bottom - 1 && box.right > right + 1;
    }).length;
  });
  expect(cut).toBe(0);
});

test.skipIf(skipped !== '')(`the header counts the logs, and leads to the worst of them${note}`, async () => {
  const xray = await ShownXRay.start(scope);
  const id = await putSpan(xray);
  const traceId = id.slice(2).replace('-', '');
  const put = async (logs: readonly LogInput[]): Promise<void> => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(logsJson(logs.map((log) => ({ ...log, traceId }))));
    expect((await fetch(`${xray.url}/v1/logs`, { method: 'POST', headers, body })).status).toBe(200);
  };
  const page = await browser.open(`${xray.url}/traces/${id}?tab=raw`);
  await page.getByText('resourceSpans').waitFor();
  await put([{ spanId: SPAN, severity: 9, body: 'basket loaded' }]);
  await page.getByRole('link', { name: '1 log', exact: true }).waitFor();
  await put([{ spanId: SPAN, severity: 13, body: 'waited for a connection' }]);
  await page.getByRole('link', { name: '2 logs with warnings' }).click();
  await panel(page).getByText('waited for a connection').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
});
