import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { prepareClients } from '../clients/prepare.ts';
import { startApplication } from '../clients/application.ts';
import { Browser, note, skipped } from './browser.ts';
import { ShownXRay, shopOf } from './local.ts';
import { checkout } from './shop.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

test.skipIf(skipped !== '')(
  `service map: numbers of a node and of an edge, a range of its histogram, and the way to the traces${note}`,
  async () => {
    const { xray } = await shopOf(scope, 100);
    const page = await browser.open(`${xray.url}/map`);
    const node = page.locator('.node', { hasText: 'DynamoDB table' });
    await node.click();
    const side = page.getByRole('complementary');
    await side.getByText('p99').waitFor();
    expect(await side.textContent()).toMatch(/throttle/);
    const bins = (await page.locator('.bins').boundingBox())!;
    await page.mouse.move(bins.x + 5, bins.y + 40);
    await page.mouse.down();
    await page.mouse.move(bins.x + 60, bins.y + 40, { steps: 3 });
    await page.mouse.up();
    await side.getByRole('button', { name: /^Traces of / }).click();
    await page.waitForURL((url) =>
      (url.searchParams.get('q') ?? '').startsWith(
        'service(id(name: "orders", type: "AWS::DynamoDB::Table")) { responsetime >= ',
      ),
    );
    await page.locator('.table .rows .row').first().waitFor();
    await page.goBack();
    await page.keyboard.press('Escape');
    await page.locator('.edge .hit').first().click({ force: true });
    await side.getByText('As the caller saw it').waitFor();
  },
);

test.skipIf(skipped !== '')(`service map: it follows new traces without jumping${note}`, async () => {
  const { xray } = await shopOf(scope, 10);
  const page = await browser.open(`${xray.url}/map`);
  const node = page.locator('.node', { hasText: 'DynamoDB table' });
  await node.click();
  const place = await node.getAttribute('transform');
  const number = async (): Promise<string | null> =>
    page.getByRole('complementary').locator('dd').first().textContent();
  const before = await number();
  await xray.put(checkout(Date.now() / 1000 - 2, xray.random), checkout(Date.now() / 1000 - 2, xray.random));
  await page.waitForFunction((text) => document.querySelector('.side dd')?.textContent !== text, before);
  expect(await node.getAttribute('transform')).toBe(place);
});

test.skipIf(skipped !== '')(
  `? lists the keys of the screen, and g followed by a letter opens another one${note}`,
  async () => {
    const { xray } = await shopOf(scope, 5);
    const page = await browser.open(xray.url);
    await page.locator('.table .rows .row').first().waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    expect(await page.getByRole('dialog').textContent()).toContain('show new traces');
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('m');
    await page.waitForURL(/\/map$/);
    await page.keyboard.press('g');
    await page.keyboard.press('t');
    await page.waitForURL(/\/$/);
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/traces\//);
  },
);

test.skipIf(skipped !== '')(`settings: theme, time zone, relative times and the editor are kept${note}`, async () => {
  const { xray, id } = await shopOf(scope, 5);
  const page = await browser.open(`${xray.url}/settings`);
  await page.getByLabel('Dark').check();
  await page.getByLabel('Relative, such as 5 min ago').check();
  await page.getByLabel('Open files with').selectOption('zed');
  await page.getByLabel('Source folder').fill('/home/me/shop');
  await page.getByLabel('Path in the container').fill('/app');
  await page.getByLabel('Path in the container').press('Tab');
  await page.reload();
  expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(15, 18, 23)');
  await page.goto(xray.url);
  expect(await page.locator('.row .start').nth(1).textContent()).toMatch(/ago$|^now$/);
  await page.goto(`${xray.url}/traces/${id}`);
  await page.getByRole('treeitem').first().waitFor();
  const frame = page.getByRole('link', { name: 'orders/repository.py:88' });
  expect(await frame.getAttribute('href')).toBe('zed://file/home/me/shop/orders/repository.py:88');
  await page.evaluate(() => localStorage.clear());
});

test.skipIf(skipped !== '')(`removing all traces brings back the first-run page${note}`, async () => {
  const { xray } = await shopOf(scope, 5);
  const page = await browser.open(`${xray.url}/settings`);
  page.on('dialog', (dialog) => void dialog.accept());
  await page.getByRole('button', { name: 'Remove all traces' }).click();
  await page.getByText('Removed.').waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('t');
  await page.getByRole('heading', { name: 'Send segments or spans to' }).waitFor();
});

const screens: readonly { name: string; path: (id: string) => string; ready: string }[] = [
  { name: 'traces', path: () => '/', ready: '.table .rows .row' },
  { name: 'no match', path: () => '/?q=service(%22x%22)', ready: '.empty' },
  { name: 'timeline', path: (id) => `/traces/${id}`, ready: '[role=treeitem]' },
  { name: 'flame', path: (id) => `/traces/${id}?tab=flame`, ready: '.flame' },
  { name: 'self time', path: (id) => `/traces/${id}?tab=self`, ready: '.self-time td' },
  { name: 'exceptions', path: (id) => `/traces/${id}?tab=exceptions`, ready: '.exception' },
  { name: 'trace map', path: (id) => `/traces/${id}?tab=map`, ready: '.node' },
  { name: 'findings', path: (id) => `/traces/${id}?tab=findings`, ready: '.finding' },
  { name: 'raw', path: (id) => `/traces/${id}?tab=raw`, ready: '.json' },
  { name: 'service map', path: () => '/map', ready: '.node' },
  { name: 'settings', path: () => '/settings', ready: '.settings section > dl' },
  { name: 'missing trace', path: () => '/traces/1-00000000-000000000000000000000000', ready: '.empty' },
];

test.skipIf(skipped !== '')(
  `400 px wide: nothing is wider than the screen, the navigation is below${note}`,
  async () => {
    const { xray, id } = await shopOf(scope, 40);
    for (const { path, ready } of screens) {
      const page = await browser.open(xray.url + path(id), { width: 400, height: 800 });
      await page.locator(ready).first().waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(400);
      const nav = (await page.locator('#page > nav').boundingBox())!;
      expect(Math.round(nav.y + nav.height)).toBe(800);
    }
  },
);

test.skipIf(skipped !== '')(
  `bound elsewhere: the address with the token opens the page, without it nothing does${note}`,
  async () => {
    const xray = await ShownXRay.start(scope, '--bind-tcp', '0.0.0.0:0', '--token', 'sesame');
    const url = xray.url.replace('0.0.0.0', '127.0.0.1');
    expect((await fetch(url)).status).toBe(403);
    const page = await browser.open(`${url}/?token=sesame`);
    await page.getByRole('button', { name: 'Send a sample trace' }).click();
    await page.locator('.table .rows .row').first().waitFor();
    expect(page.url()).toBe(`${url}/`);
  },
);

for (const { name, command, skipped: missing } of prepareClients()) {
  test.skipIf(skipped !== '' || command === undefined)(
    `a real application (${name}): its requests appear, its exception is in the panel${note}${missing === '' ? '' : ` (skipped: ${missing})`}`,
    async () => {
      const xray = await ShownXRay.start(scope);
      const page = await browser.open(xray.url);
      await page.getByRole('button', { name: 'Send a sample trace' }).waitFor();
      const ports = `tcp:127.0.0.1:${new URL(xray.url).port} udp:127.0.0.1:${xray.daemon.udpPort}`;
      const { request: send } = await startApplication(command!, { AWS_XRAY_DAEMON_ADDRESS: ports }, scope);
      // The first request makes the SDK fetch the rules; until it has them it samples by its own.
      await send('/');
      await new Promise((next) => setTimeout(next, 1_500));
      expect(await send('/error')).toBe(500);
      await page.locator('.row .badge.fault').first().waitFor();
      await page
        .locator('.row', { has: page.locator('.badge.fault') })
        .first()
        .locator('a')
        .click();
      await page.getByRole('treeitem').first().waitFor({ state: 'attached' });
      for (let i = 0; i < 5 && (await page.locator('.exception').count()) === 0; i++) {
        await page.keyboard.press('e');
        await page.getByRole('complementary').waitFor();
      }
      await page.locator('.exception', { hasText: 'card declined' }).first().waitFor();
    },
    60_000,
  );
}
