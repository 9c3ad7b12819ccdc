import { parse } from 'yaml';
import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped, type PageOptions } from './browser.ts';
import { openShop, ShownXRay, type OpenedShop } from './local.ts';
import { ShopTrace } from './shop.ts';
import { offered, searchBox } from './parts.ts';

// What a person needs who has not met X-Ray before.

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

const open = (path = '/', options: PageOptions = {}): Promise<OpenedShop> =>
  openShop({ scope, browser }, path, options);

test.skipIf(skipped !== '')(`suggestions of the search box close when it loses the focus${note}`, async () => {
  const { page } = await open();
  await searchBox(page).focus();
  await offered(page).first().waitFor();
  await page.keyboard.press('Tab');
  await offered(page).first().waitFor({ state: 'detached' });
  // Before the list is there: what is still looked for does not open either.
  for (let i = 0; i < 3; i++) {
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Tab');
  }
  await page.waitForTimeout(500);
  expect(await offered(page).count()).toBe(0);
});

test.skipIf(skipped !== '')(
  `every keyword comes with an explanation, and scattered letters match none${note}`,
  async () => {
    const { page } = await open();
    await page.locator('.rows .row').first().waitFor();
    await page.keyboard.press('/');
    await offered(page).first().waitFor();
    const bare = (await offered(page).allTextContents()).filter(
      (text) => /^[a-z.]+$/.test(text) && !text.startsWith('rootcause.'),
    );
    expect(bare).toEqual([]);
    await page.keyboard.type('alice', { delay: 20 });
    await offered(page).filter({ hasText: 'http.url CONTAINS "alice"' }).waitFor();
    await page.waitForTimeout(300);
    expect(await offered(page).filter({ hasText: 'rootcause' }).count()).toBe(0);
  },
);

for (const [written, condition] of [
  ['errors', 'fault OR error'],
  ['failed requests', 'fault OR error'],
  ['slow', 'duration > 1'],
  ['throttled', 'service() { throttle }'],
  ['servce("checkout")', 'service("checkout")'],
] as const) {
  test.skipIf(skipped !== '')(`a search for ${written} that finds nothing offers ${condition}${note}`, async () => {
    const { page } = await open(`/?text=${encodeURIComponent(written)}`);
    await page.getByRole('heading', { name: 'No trace matches' }).waitFor();
    await page.getByRole('button', { name: condition, exact: true }).click();
    await page.waitForURL((url) => url.searchParams.get('q') === condition && !url.searchParams.has('text'));
    await page.locator('.table .rows .row').first().waitFor();
  });
}

test.skipIf(skipped !== '')(`the beginning of a trace ID is recognized${note}`, async () => {
  const { page, failed } = await open();
  await page.locator('.rows .row').first().waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type(failed.slice(0, 20));
  await page.keyboard.press('Enter');
  await page.getByText('This is the beginning of a trace id: 15 digits of the last 24 are missing.').waitFor();
});

test.skipIf(skipped !== '')(`a sentence that begins with a keyword does not capitalize it${note}`, async () => {
  const { page } = await open(`/?q=${encodeURIComponent('responsetime > 5s')}`);
  await page.getByText(/^responsetime takes seconds\./).waitFor();
});

test.skipIf(skipped !== '')(
  `findings and documents that are still loading are not reported as missing${note}`,
  async () => {
    const { page, xray, failed } = await open();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route('**/findings', async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(`${xray.url}/traces/${failed}?tab=findings`);
    await page.getByText('Reading the findings …').waitFor();
    expect(await page.getByText('No findings').count()).toBe(0);
    release();
    await page.getByText('Reading the findings …').waitFor({ state: 'detached' });

    let read = 0;
    let releaseRaw = (): void => {};
    const heldRaw = new Promise<void>((resolve) => (releaseRaw = resolve));
    await page.route(`**/api/traces/${failed}*`, async (route) => {
      // The first is that of the trace itself.
      if (read++ > 0) await heldRaw;
      await route.continue();
    });
    await page.goto(`${xray.url}/traces/${failed}?tab=raw`);
    await page.getByText('Reading the documents …').waitFor();
    expect(await page.getByText('0 documents').count()).toBe(0);
    releaseRaw();
    await page.getByText(/^\d+ documents as sent/).waitFor();
  },
);

test.skipIf(skipped !== '')(
  `traces in progress are called running in the list and its legend, and a silent trace is marked${note}`,
  async () => {
    const { page, xray } = await open();
    const trace = new ShopTrace(Date.now() / 1000 - 2, xray.random);
    trace.segment('worker', Date.now() / 1000 - 2, undefined);
    await xray.put(trace);
    await page.getByRole('row').filter({ hasText: 'worker' }).getByText('running', { exact: true }).waitFor();
    await page.getByText('1 running').waitFor();
    for (const width of [1360, 400]) {
      await page.setViewportSize({ width, height: 800 });
      const cell = page.getByRole('row').filter({ hasText: 'worker' }).locator('.cell.status');
      expect(await cell.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)).toBe(true);
    }
    await page.clock.setSystemTime(Date.now() + 600_000);
    await page.goto(`${xray.url}/traces/${trace.traceId}`);
    await page.getByText(/^\d[\d.]* m?s until its last segment, never closed$/).waitFor();
  },
);

test.skipIf(skipped !== '')(
  `the connect page explains what a segment is, with code and a complete configuration${note}`,
  async () => {
    const { page } = await open('/connect');
    await page.getByText(/^A segment is what an X-Ray SDK records of one request/).waitFor();
    const codeOf = (title: string) =>
      page
        .locator('section', { has: page.getByRole('heading', { name: title }) })
        .locator('pre')
        .textContent();
    expect(await codeOf('In Python: Flask')).toContain('XRayMiddleware(app, xray_recorder)');
    expect(await codeOf('In Node.js: Express')).toContain("app.use(AWSXRay.express.openSegment('my-app'));");
    const { receivers, exporters, service } = parse((await codeOf('OpenTelemetry, through the Collector'))!) as {
      receivers: object;
      exporters: object;
      service: { pipelines: { traces: { receivers: string[]; exporters: string[] } } };
    };
    // The Collector refuses a pipeline with what is not configured.
    expect(Object.keys(receivers)).toEqual(service.pipelines.traces.receivers);
    expect(Object.keys(exporters)).toEqual(service.pipelines.traces.exporters);
  },
);

test.skipIf(skipped !== '')(`the timeline has a legend of its strokes${note}`, async () => {
  const { page } = await open('/traces/FAILED');
  const key = page.getByRole('search', { name: 'In this trace' });
  await key.getByText('as called').waitFor();
  await key.getByText('as served').waitFor();
  await key.getByText('critical path').waitFor();
});

test.skipIf(skipped !== '')(`names of the view Self time are readable beside the panel${note}`, async () => {
  const { page } = await open('/traces/FAILED?tab=self');
  const names = page.locator('.self-time tbody').getByRole('button');
  await names.first().click();
  await page.locator('.side').waitFor();
  const widths = await names.evaluateAll((all) =>
    all.map((name) => {
      const { right } = name.parentElement!.getBoundingClientRect();
      return { room: name.parentElement!.clientWidth, isOver: name.getBoundingClientRect().right > right };
    }),
  );
  // A name without room ends in an ellipsis, not at the edge of its cell.
  expect(widths.filter(({ room, isOver }) => room < 180 || isOver)).toEqual([]);
});

test.skipIf(skipped !== '')(`the map has a legend of its colours and times${note}`, async () => {
  const { page } = await open('/map');
  const said = page.locator('.map-view .note');
  await said.getByText('fault, 5xx').waitFor();
  expect(await said.textContent()).toContain('a time under a name is the median');
});

test.skipIf(skipped !== '')(`at 400 px the navigation fits on one line, even with a pinned trace${note}`, async () => {
  const { page } = await open('/traces/FAILED', { width: 400 });
  await page.getByRole('button', { name: 'Pin', exact: true }).click();
  const links = page.getByRole('navigation', { name: 'Screens' }).getByRole('link');
  await links.filter({ hasText: 'Pinned' }).waitFor();
  const boxes = await links.evaluateAll((all) =>
    all.map((link) => {
      const { height, right } = link.getBoundingClientRect();
      return { height, right };
    }),
  );
  expect(new Set(boxes.map(({ height }) => Math.round(height))).size).toBe(1);
  expect(Math.max(...boxes.map(({ right }) => right))).toBeLessThanOrEqual(400);
});

test.skipIf(skipped !== '')(
  `each chart says what it shows, and what is counted as an error is counted by kind${note}`,
  async () => {
    const { page, xray, failed } = await open();
    await page.getByText('each point is a trace: its duration, at the time it started').waitFor();
    await page.getByText('traces by duration').waitFor();
    await page.goto(`${xray.url}/traces/${failed}`);
    const errors = page.getByRole('button', { name: /^\d+ errors$/ });
    await errors.waitFor();
    expect(await errors.getAttribute('title')).toMatch(
      /^Spans that failed: \d+ faults?, .*\d+ throttles?.*\. Click to show the cause$/,
    );
  },
);

test.skipIf(skipped !== '')(
  `a part that moves under the pointer when the panel opens is not treated as pointed at${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const start = Date.now() / 1000 - 5;
    const trace = new ShopTrace(start, xray.random);
    const call = (name: string, members: object) =>
      trace.sub(name, start + 0.1, 0.5, { namespace: 'remote', ...members });
    const [payments, orders] = [call('payments', {}), call('orders', {})];
    trace.segment('gateway', start, 1, { origin: 'AWS::ECS::Container', subsegments: [payments, orders] });
    const table = call('DynamoDB', { namespace: 'aws', aws: { operation: 'PutItem', table_name: 'Bills' } });
    const database = call('orders@db', { sql: { sanitized_query: 'SELECT 1' } });
    trace.segment('payments', start + 0.1, 0.5, {
      parent_id: payments['id'],
      origin: 'AWS::EC2::Instance',
      subsegments: [table],
    });
    trace.segment('orders', start + 0.1, 0.5, {
      parent_id: orders['id'],
      origin: 'AWS::EC2::Instance',
      subsegments: [database],
    });
    await xray.put(trace);
    const page = await browser.open(`${xray.url}/map`);
    const nodes = page.locator('[data-node]');
    await nodes.nth(5).waitFor();
    await page.waitForTimeout(500);
    const others: string[] = [];
    for (const name of ['gateway', 'payments', 'orders']) {
      await page.getByRole('button', { name: new RegExp(`^${name}, `) }).click();
      await page.locator('.side').waitFor();
      await page.waitForTimeout(500);
      others.push(...(await page.locator('.map-card b').allTextContents()).filter((title) => !title.startsWith(name)));
      await page.keyboard.press('Escape');
      await page.locator('.side').waitFor({ state: 'detached' });
    }
    expect(others).toEqual([]);
  },
);

test.skipIf(skipped !== '')(`the keys of a screen are listed together, before the global ones${note}`, async () => {
  const { page } = await open('/map');
  await page.getByRole('button', { name: /^Client: / }).waitFor();
  await page.keyboard.press('?');
  const titles = await page.getByRole('dialog').getByRole('heading', { level: 2 }).allTextContents();
  expect(titles.at(-1)).toBe('Everywhere');
});
