import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped } from './browser.ts';
import { ShownXRay, secondsAgo } from './local.ts';
import { checkout, randomOf, ShopTrace, type Json } from './shop.ts';
import { rows, spans } from './parts.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

const screens = (page: Page) => page.getByRole('navigation', { name: 'Screens' });
const views = (page: Page) => page.getByRole('navigation', { name: 'Views of the trace' });

/**
 * A publisher sends a message at `start`, and a function receives it `late` seconds after, for `seconds`; its clock is
 * off by `off`.
 */
function message(
  start: number,
  { late, seconds, off = 0 }: { late: number; seconds: number; off?: number },
): ShopTrace {
  const made = new ShopTrace(start, randomOf(5));
  const answered: Json = { http: { response: { status: 200 } } };
  const send = made.aws(
    'SQS',
    start + 0.005,
    0.015,
    { operation: 'SendMessage', queue_url: 'https://sqs.example/1/orders' },
    answered,
  );
  made.segment('publisher', start, 0.03, { subsegments: [send] });
  made.segment('fulfil', start + 0.005 + late + off, seconds, {
    parent_id: send['id'],
    origin: 'AWS::Lambda',
    ...answered,
  });
  return made;
}

test.skipIf(skipped !== '')(`after a restart, a sorted list has no traces from before${note}`, async () => {
  const before = await ShownXRay.start(scope);
  await before.put(checkout(secondsAgo(5), before.random), checkout(secondsAgo(4), before.random));
  const page = await browser.open(`${before.url}/?sort=-duration`);
  await rows(page).nth(1).waitFor();
  const tcp = new URL(before.url).host;
  await before.daemon.stop();
  await page.getByText('Disconnected since').waitFor();
  const after = await ShownXRay.start(scope, '--bind-tcp', tcp);
  await after.put(message(secondsAgo(2), { late: 0.4, seconds: 0.3 }));
  await rows(page).filter({ hasText: '/checkout' }).first().waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Paused' }).click();
  await rows(page).filter({ hasText: 'publisher' }).waitFor();
  expect(await rows(page).count()).toBe(1);
});

test.skipIf(skipped !== '')(
  `while xrayd is down, the page does not claim that it is listening, and a trace explains why it cannot be read${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    await xray.put(checkout(secondsAgo(5), xray.random));
    const page = await browser.open(xray.url);
    await rows(page).first().waitFor();
    await page.getByText('Listening on').waitFor();
    // The code of a trace's screen comes a moment after the first rows.
    await page.waitForFunction(() =>
      performance.getEntriesByType('resource').some(({ name }) => name.includes('/trace-screen')),
    );
    await xray.daemon.stop();
    await page.getByText('Disconnected since').waitFor();
    expect(await page.getByText('Listening on').count()).toBe(0);
    await rows(page).first().getByRole('link').click();
    await page.getByText(`xrayd does not answer at ${new URL(xray.url).host}. The page keeps trying.`).waitFor();
  },
);

for (const off of [0, -2.5]) {
  test.skipIf(skipped !== '')(
    `a message that is received later, by a clock that is ${off} s off: the receiver has a row with its own length${note}`,
    async () => {
      const xray = await ShownXRay.start(scope);
      const sent = message(secondsAgo(5), { late: 0.4, seconds: 0.25, off });
      await xray.put(sent);
      const page = await browser.open(`${xray.url}/traces/${sent.traceId}`);
      await spans(page).first().waitFor();
      const texts = await spans(page).allTextContents();
      expect(texts).toHaveLength(3);
      expect(texts[1]).toMatch(/^SQS.*15\.0 ms/);
      expect(texts[2]).toMatch(/^fulfil.*250 ms/);
      expect(await page.getByText(/^Clock .* off/).count()).toBe(off === 0 ? 0 : 1);
    },
  );
}

test.skipIf(skipped !== '')(
  `a trace in progress has the same duration and the same name for its state on its screen and in the list${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const open = new ShopTrace(secondsAgo(1), xray.random);
    open.segment('nightly-report', secondsAgo(1), undefined, {
      http: { request: { method: 'POST', url: 'http://reports.example/run' } },
    });
    await xray.put(open, ...Array.from({ length: 5 }, (_, i) => checkout(secondsAgo(20 + i), xray.random)));
    const page = await browser.open(xray.url);
    await page.clock.setSystemTime(Date.now() + 600_000);
    await page.goto(xray.url);
    const row = rows(page).filter({ hasText: '/run' });
    await row.getByText(/^10 min/).waitFor();
    expect(await row.locator('.badge').textContent()).toBe('running');
    await page.getByText('1 running').waitFor();
    await row.getByRole('link').click();
    const head = page.locator('.trace-head');
    await head.getByText(/^10 min .* so far$/).waitFor();
    await head.getByText(/ until its last segment, never closed$/).waitFor();
    expect(await head.locator('.badge').textContent()).toBe('running');
    expect(await page.title()).toBe('running POST /run');
    expect(await spans(page).first().textContent()).toContain('Never closed');
  },
);

test.skipIf(skipped !== '')(`the error count equals the number of stops of the e key${note}`, async () => {
  const xray = await ShownXRay.start(scope);
  const id = await xray.putShop(1);
  const page = await browser.open(`${xray.url}/traces/${id}`);
  const errors = page.getByRole('button', { name: /errors$/ });
  await errors.waitFor();
  const stops = new Set<string | null>();
  for (let i = 0; i < 20; i++) {
    await page.keyboard.press('e');
    stops.add(await page.evaluate(() => new URLSearchParams(location.search).get('span')));
  }
  expect(await errors.textContent()).toBe(`${stops.size} errors`);
});

test.skipIf(skipped !== '')(`a trace without errors offers no key for the next error${note}`, async () => {
  const xray = await ShownXRay.start(scope);
  const fine = checkout(secondsAgo(3), xray.random, { isFailing: false });
  await xray.put(fine);
  const page = await browser.open(`${xray.url}/traces/${fine.traceId}`);
  await page.getByText('keys', { exact: true }).or(page.getByText(/keys$/)).first().waitFor();
  expect(await page.getByText('next error').count()).toBe(0);
});

for (const width of [1360, 400]) {
  test.skipIf(skipped !== '')(
    `self time: names have enough space, and truncated ones end in an ellipsis, at ${width} px${note}`,
    async () => {
      const xray = await ShownXRay.start(scope);
      const id = await xray.putShop(1);
      const page = await browser.open(`${xray.url}/traces/${id}?tab=self`, { width });
      const names = page.locator('.self-time tbody').getByRole('button');
      await names.first().waitFor();
      const found = await names.evaluateAll((buttons) =>
        buttons.map((button) => ({
          isCut: button.scrollWidth > button.clientWidth,
          overflow: getComputedStyle(button).textOverflow,
          isInside: button.getBoundingClientRect().right <= button.closest('td')!.getBoundingClientRect().right,
          room: button.closest('td')!.clientWidth / button.closest('table')!.clientWidth,
        })),
      );
      for (const { isInside, overflow, room } of found)
        expect([isInside, overflow, Number(room.toFixed(1)) >= 0.4]).toEqual([true, 'ellipsis', true]);
      if (width === 1360) expect(found.filter(({ isCut }) => isCut)).toEqual([]);
    },
  );
}

test.skipIf(skipped !== '')(
  `selecting a link does not move anything in the navigation or the tabs of a trace${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    const id = await xray.putShop(1);
    const page = await browser.open(xray.url);
    const places = async (within: ReturnType<typeof screens>): Promise<number[]> => {
      const boxes = await Promise.all((await within.getByRole('link').all()).map((link) => link.boundingBox()));
      return boxes.flatMap((box) => [box!.x, box!.y, box!.width, box!.height].map(Math.round));
    };
    await rows(page).first().waitFor();
    const before = await places(screens(page));
    for (const screen of ['Service map', 'Connect an application', 'Settings']) {
      await screens(page).getByRole('link', { name: screen }).click();
      await screens(page).locator('a[aria-current]', { hasText: screen }).waitFor();
      expect(await places(screens(page)), screen).toEqual(before);
    }
    await page.goto(`${xray.url}/traces/${id}`);
    // Late counts have their room before they are read (nothing-moves.test.ts).
    await views(page).getByRole('link', { name: 'Findings · 1' }).waitFor();
    const tabs = await places(views(page));
    for (const tab of ['Flame', 'Self time', 'Findings', 'Raw']) {
      await views(page).getByRole('link', { name: tab }).click();
      await views(page).locator('a[aria-current]', { hasText: tab }).waitFor();
      expect(await places(views(page)), tab).toEqual(tabs);
    }
  },
);
