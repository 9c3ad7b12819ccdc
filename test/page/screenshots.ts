/**
 * npm run screenshots: the pictures of README and docs, taken anew into docs/images. Look at them before you commit
 * them.
 */
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { DaemonProcess } from '../fakes/daemon-process.ts';
import { launch, skipped, type PageOptions } from './browser.ts';
import { ShownXRay } from './local.ts';
import { openCheckout } from './shop.ts';

interface Picture extends PageOptions {
  readonly name: string;
  readonly path: string;
  readonly ready: string;
  readonly act?: (page: Page) => Promise<void>;
}

const FOLDER = 'docs/images';
if (skipped !== '') throw new Error(skipped);
mkdirSync(FOLDER, { recursive: true });
// The bundle, with the port that people know.
const command = [process.execPath, 'dist/xrayd.cjs'];
const address = ['--bind', '127.0.0.1:2000', '--bind-tcp', '127.0.0.1:2000'];
const daemon = await new DaemonProcess({ command, args: ['local', ...address] }).ready();
try {
  const { context, close } = await launch();
  const take = async ({
    name,
    path,
    ready,
    act,
    width = 1360,
    height = 800,
    theme = 'light',
  }: Picture): Promise<void> => {
    const page = await context.newPage();
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: theme });
    await page.goto(daemon.tcpUrl + path);
    await page.locator(ready).first().waitFor();
    await page.locator('.cm-editor, .connect').first().waitFor();
    await act?.(page);
    // Pictures on canvas are drawn a little later.
    await sleep(900);
    await page.screenshot({ path: `${FOLDER}/${name}.png` });
    await page.close();
    console.log(`${FOLDER}/${name}.png`);
  };
  await take({ name: 'first-run', path: '/', ready: '.connect pre' });
  const xray = ShownXRay.of(daemon);
  const id = await xray.putShop(420);
  await xray.put(openCheckout(Date.now() / 1000 - 0.6, xray.random));
  const fault = async (page: Page): Promise<void> => {
    await page.locator('.exception').waitFor();
  };
  const query = encodeURIComponent('service("checkout") AND duration > 0.1');
  for (const theme of ['light', 'dark'] as const) {
    const end = theme === 'dark' ? '-dark' : '';
    await take({ name: `traces${end}`, path: '/', ready: '.table .rows .row', theme });
    await take({ name: `trace${end}`, path: `/traces/${id}`, ready: '[role=treeitem]', act: fault, theme });
    await take({ name: `map${end}`, path: '/map', ready: '.node', theme });
  }
  await take({ name: 'query', path: `/?q=${query}`, ready: '.table .rows .row', height: 420, act: complete });
  await take({ name: 'flame', path: `/traces/${id}?tab=flame`, ready: '.flame', height: 420 });
  await take({ name: 'self-time', path: `/traces/${id}?tab=self`, ready: '.self-time td', height: 520 });
  await take({
    name: 'map-service',
    path: '/map',
    ready: '.node',
    act: (page) => page.locator('.node', { hasText: 'DynamoDB table' }).click(),
  });
  await take({ name: 'narrow', path: `/traces/${id}`, ready: '[role=treeitem]', width: 400 });
  await close();
} finally {
  await daemon.stop();
}

async function complete(page: Page): Promise<void> {
  await page.locator('.cm-content').click();
  await page.keyboard.press('End');
  await page.keyboard.type(' AND annotation.', { delay: 20 });
  await page.locator('.cm-tooltip-autocomplete').waitFor();
}
