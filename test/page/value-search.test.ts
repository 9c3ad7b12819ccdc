import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped } from './browser.ts';
import { ShownXRay } from './local.ts';
import { checkout, randomOf, ShopTrace } from './shop.ts';
import { panel } from './parts.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

/** All levels of it. */
async function openMetadata(page: Page): Promise<void> {
  const closed = panel(page).locator('section', { hasText: 'Metadata' }).locator('details:not([open]) > summary');
  // The contents of a section that was opened appear a little later.
  for (let quiet = 0; quiet < 3; quiet = (await closed.count()) > 0 ? 0 : quiet + 1) {
    if ((await closed.count()) > 0) await closed.first().click();
    await page.waitForTimeout(30);
  }
}

/** Values of the kinds that the shop has none of. */
function oddTrace(start: number): ShopTrace {
  const trace = new ShopTrace(start, randomOf(3));
  const call = trace.call('search', start + 0.1, 0.5, {
    method: 'POST',
    path: '/%D0%B7%D0%B0%D0%BA%D0%B0%D0%B7/7?next=%2Fcart&q=a%20b',
    status: 404,
    annotations: { 'sla:class': 'gold', ratio: 0.1, retry: true, note: 'two words, "quoted"' },
    user: 'jane@example.com',
    resource_arn: 'arn:aws:ecs:us-east-1:123456789012:container/1f0c',
  });
  trace.segment('gateway', start, 1, {
    http: {
      request: { method: 'GET', url: 'https://shop.example/s?q=%C3%A9t%C3%A9', client_ip: '203.0.113.9' },
      response: { status: 200 },
    },
    metadata: {
      app: { build: 'c0ffee', nested: { list: ['first value', 'second'] }, empty: '', count: 7 },
      long: { text: 'word '.repeat(400) },
    },
    cause: { exceptions: [{ id: trace.hex(16), type: 'shop.errors.OutOfStock', message: 'no «SKU» 4412 — left' }] },
    fault: true,
    subsegments: [
      call,
      trace.sql('ledger', `SELECT ${'a_rather_long_column, '.repeat(30)} FROM t WHERE x = 'it''s'`, start + 0.6, 0.1),
      trace.aws('SQS', start + 0.7, 0.1, {
        operation: 'SendMessage',
        queue_url: 'https://sqs.us-east-1.amazonaws.com/123456789012/jobs',
      }),
      trace.sub('local work', start + 0.8, 0.1, {
        http: { request: { method: 'GET', url: 'http://unseen.example/x' } },
        annotations: { 'a b': 'c' },
      }),
    ],
  });
  return trace;
}

async function open(): Promise<{ xray: ShownXRay; ids: string[]; page: Page }> {
  const xray = await ShownXRay.start(scope);
  const now = Date.now() / 1000;
  await xray.putShop(20, now - 60);
  const traces = [checkout(now - 20, xray.random), oddTrace(now - 10)];
  await xray.put(...traces);
  const page = await browser.open(xray.url);
  return { xray, ids: traces.map(({ traceId }) => traceId), page };
}

/** Of segments and subsegments, one of those that are alike. */
async function spansOf(xray: ShownXRay, id: string): Promise<{ id: string; name: string }[]> {
  const { documents } = (await (await fetch(`${xray.url}/api/traces/${id}`)).json()) as {
    documents: { document: Json }[];
  };
  interface Json {
    id: string;
    name: string;
    parent_id?: string;
    subsegments?: Json[];
  }
  const found = new Map<string, { id: string; name: string }>();
  const visit = (json: Json, kind: string): void => {
    const key = `${kind} ${json.name}`;
    if (!found.has(key)) found.set(key, { id: json.id, name: key });
    for (const child of json.subsegments ?? []) visit(child, `${kind}/${json.name}`);
  };
  for (const { document } of documents) visit(document, document.parent_id === undefined ? 'root' : 'callee');
  return [...found.values()];
}

test.skipIf(skipped !== '')(
  `every value in the panel links to a search that finds its own trace${note}`,
  async () => {
    const { xray, ids, page } = await open();
    const leading: string[] = [];
    for (const id of ids) {
      for (const span of await spansOf(xray, id)) {
        await page.goto(`${xray.url}/traces/${id}?span=${span.id}`);
        await panel(page).waitFor();
        await openMetadata(page);
        const values = panel(page).locator('button.value');
        const count = await values.count();
        for (let i = 0; i < count; i++) {
          const title = (await values.nth(i).getAttribute('title'))!.split('\n')[0]!;
          if (leading.includes(`${id} ${title}`)) continue;
          leading.push(`${id} ${title}`);
          await values.nth(i).click();
          await page.waitForURL(
            (url) => url.pathname === '/' && (url.searchParams.has('q') || url.searchParams.has('text')),
          );
          await page.locator('.table .rows .row, .empty h2').first().waitFor();
          const found = await page.locator(`.rows a[href*="${id}"]`).count();
          expect({ span: span.name, title, found }).toEqual({ span: span.name, title, found: 1 });
          await page.goBack();
          await panel(page).waitFor();
          await openMetadata(page);
        }
      }
    }
    const titles = leading.map((line) => line.replace(/^\S+ /, ''));
    expect(titles).toEqual(
      expect.arrayContaining([
        'Search service("payments") { http.url = "http://payments.shop.example/authorize" }',
        'Search http.url = "https://shop.example/checkout"',
        'Search user = "user-7731"',
        'Search service(id(name: "orders", type: "AWS::DynamoDB::Table"))',
        'Search annotation[cart value] = 184.5',
        'Search the text PutItem',
        'Search the text ProvisionedThroughputExceededException',
        'Search the text SELECT sku, quantity FROM stock WHERE sku = ANY($1) FOR UPDATE',
        'Search the text c-1042',
        'Search the text http://unseen.example/x',
      ]),
    );
  },
  600_000,
);

test.skipIf(skipped !== '')(
  `a value narrows the search, Alt-click excludes it, and a search that cannot find its trace is replaced${note}`,
  async () => {
    const { xray, ids, page } = await open();
    const spans = await spansOf(xray, ids[0]!);
    const root = spans.find(({ name }) => name === 'root checkout')!.id;
    await page.goto(`${xray.url}/traces/${ids[0]}?span=${root}&q=fault&text=acme`);
    await panel(page).getByRole('button', { name: 'user-7731', exact: true }).click();
    await page.waitForURL(
      (url) => url.searchParams.get('q') === 'fault AND user = "user-7731"' && url.searchParams.get('text') === 'acme',
    );
    await page.getByRole('button', { name: 'Search without the text acme' }).click();
    await page.waitForURL((url) => !url.searchParams.has('text'));
    await page.goto(`${xray.url}/traces/${ids[0]}?span=${root}&q=fault`);
    await panel(page)
      .getByRole('button', { name: 'acme', exact: true })
      .click({ modifiers: ['Alt'] });
    await page.waitForURL((url) => url.searchParams.get('q') === 'fault AND !(annotation.tenant = "acme")');
    await page.goto(`${xray.url}/traces/${ids[0]}?span=${root}&q=${encodeURIComponent('service("nobody")')}`);
    await panel(page).getByRole('button', { name: 'user-7731', exact: true }).click();
    await page.waitForURL((url) => url.searchParams.get('q') === 'user = "user-7731"');
  },
);

test.skipIf(skipped !== '')(
  `a value of a trace outside the time range clears the range; a value of one inside keeps it${note}`,
  async () => {
    const { xray, ids, page } = await open();
    const root = (await spansOf(xray, ids[0]!)).find(({ name }) => name === 'root checkout')!.id;
    const now = Date.now() / 1000;
    const listed = page.locator(`.rows a[href*="${ids[0]}"]`);
    for (const range of ['from=1000&to=2000', `from=${now + 100}&to=${now + 200}`]) {
      await page.goto(`${xray.url}/traces/${ids[0]}?span=${root}&q=fault&${range}`);
      await panel(page).getByRole('button', { name: 'user-7731', exact: true }).click();
      await listed.waitFor();
      expect(new URL(page.url()).searchParams.has('to')).toBe(false);
    }
    await page.goto(`${xray.url}/traces/${ids[0]}?span=${root}&range=15m`);
    await panel(page).getByRole('button', { name: 'user-7731', exact: true }).click();
    await listed.waitFor();
    expect(new URL(page.url()).searchParams.get('range')).toBe('15m');
  },
);
