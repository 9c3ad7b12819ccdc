import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { encodeTraces } from '../../src/formats/otlp/encode.ts';
import { xrayTraceId } from '../../src/trace/trace-id.ts';
import { accessLogLine } from '../fakes/access-log.ts';
import { attributes, event, resource, scope as otelScope, span, traces } from '../fakes/otlp.ts';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped } from './browser.ts';
import { openShop, secondsAgo, ShownXRay } from './local.ts';
import { panel } from './parts.ts';
import { checkout, ShopTrace } from './shop.ts';

const scope = new Scope();
const browser = new Browser();
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

test.skipIf(skipped !== '')(`a request that no target answered says once that it was not measured${note}`, async () => {
  const { page, xray } = await openShop({ scope, browser }, '/', { width: 1360 });
  const line = accessLogLine({
    trace: 'Root=1-6929d510-abcdef000000000000000001',
    target: '-',
    times: '-1 -1 -1',
    statuses: '503 -',
  });
  await page.goto(`${xray.url}/traces/${encodeURIComponent(line)}`);
  await page.getByText('Load balancer shop').click();
  expect(await page.getByText(/Not measured/).allTextContents()).toEqual([
    'Not measured: no target received or answered the request',
  ]);
});

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
