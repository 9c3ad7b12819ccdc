import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { accessibilityProblems, Browser, note, skipped } from './browser.ts';
import { ShownXRay } from './local.ts';

const scope = new Scope();
const browser = new Browser();
afterEach(() => browser.check());

interface Screen {
  readonly name: string;
  readonly path: (id: string) => string;
  readonly ready: string;
  readonly act?: (page: Page) => Promise<void>;
  /** In a store without traces. */
  readonly isFirstRun?: true;
}

const q = (expression: string): string => `/?q=${encodeURIComponent(expression)}`;
const view = (tab: string) => (id: string) => `/traces/${id}?tab=${tab}`;

/** Every screen, and every state that has other things on it. */
const SCREENS: readonly Screen[] = [
  { name: 'first run', path: () => '/', ready: '.connect pre', isFirstRun: true },
  { name: 'empty map', path: () => '/map', ready: '.empty', isFirstRun: true },
  { name: 'list', path: () => '/', ready: '.table .rows .row' },
  {
    name: 'list with a selected row',
    path: () => '/',
    ready: '.table .rows .row',
    act: async (page) => {
      await page.keyboard.press('j');
      await page.locator('.row.selected').waitFor();
    },
  },
  { name: 'list, sorted', path: () => '/?sort=-duration', ready: '.table .rows .row' },
  { name: 'list, search with a mistake', path: () => q('service("x" AND'), ready: 'main h2' },
  { name: 'list, no match', path: () => q('service("x")'), ready: '.empty' },
  { name: 'timeline', path: (id) => `/traces/${id}`, ready: '[role=treeitem]' },
  {
    name: 'timeline, panel of a failed span',
    path: (id) => `/traces/${id}`,
    ready: '[role=treeitem]',
    act: async (page) => {
      await page.keyboard.press('e');
      await page.getByRole('complementary').waitFor();
    },
  },
  {
    name: 'timeline, something found',
    path: (id) => `/traces/${id}`,
    ready: '[role=treeitem]',
    act: async (page) => {
      await page.keyboard.press('f');
      await page.keyboard.type('orders');
      await page
        .getByText(/of \d+$/)
        .first()
        .waitFor();
    },
  },
  { name: 'flame', path: view('flame'), ready: '.flame canvas' },
  { name: 'self time', path: view('self'), ready: '.self-time td' },
  { name: 'exceptions', path: view('exceptions'), ready: '.exception' },
  { name: 'map of a trace', path: view('map'), ready: '.node' },
  { name: 'findings', path: view('findings'), ready: '.finding' },
  { name: 'raw', path: view('raw'), ready: '.raw pre, .raw .json' },
  { name: 'missing trace', path: () => '/traces/1-00000000-000000000000000000000000', ready: '.empty' },
  { name: 'service map', path: () => '/map', ready: '.node' },
  {
    name: 'service map, panel of a service',
    path: () => '/map',
    ready: '.node',
    act: async (page) => {
      await page.getByRole('button', { name: /^checkout, EKS/ }).click();
      await page.getByRole('complementary').getByText('p99').waitFor();
    },
  },
  {
    name: 'service map, panel of a call',
    path: () => '/map',
    ready: '.node',
    act: async (page) => {
      await page.getByRole('button', { name: /^checkout → orders/ }).focus();
      await page.keyboard.press('Enter');
      await page.getByText('As the caller saw it').waitFor();
    },
  },
  {
    name: 'service map, a service found',
    path: () => '/map',
    ready: '.node',
    act: async (page) => {
      await page.keyboard.press('f');
      await page.keyboard.type('check');
      await page.getByText('1 service', { exact: true }).waitFor();
    },
  },
  { name: 'settings', path: () => '/settings', ready: '.settings section > dl' },
  { name: 'connect', path: () => '/connect', ready: '.connect pre' },
  {
    name: 'help',
    path: () => '/',
    ready: '.table .rows .row',
    act: async (page) => {
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    },
  },
];

/** Enlarging by 200 % halves what there is in CSS px while the page is open, and changes no colour. */
for (const width of [1360, 400]) {
  test.skipIf(skipped !== '')(
    `axe finds nothing on any screen, in both themes and at 200 %, and nothing is wider than the screen; ${width} px${note}`,
    async () => {
      const shop = await ShownXRay.start(scope);
      const id = await shop.putShop(40);
      const empty = await ShownXRay.start(scope);
      const problems: string[] = [];
      for (const { name, path, ready, act, isFirstRun } of SCREENS) {
        const page = await browser.open((isFirstRun === true ? empty : shop).url + path(id), { width, height: 800 });
        await page.locator(ready).first().waitFor({ state: 'attached' });
        await page.locator('.cm-editor, .connect').first().waitFor();
        await act?.(page);
        const record = async (where: string, found: Promise<string[]>, pixels: number): Promise<void> => {
          for (const problem of await found) problems.push(`${name}, ${where}: ${problem}`);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          if (wide > pixels) problems.push(`${name}, ${where}: ${wide} px wide`);
        };
        await record('light', accessibilityProblems(page), width);
        await page.emulateMedia({ colorScheme: 'dark' });
        await record('dark', accessibilityProblems(page, { areColours: true }), width);
        await page.emulateMedia({ colorScheme: 'light' });
        await page.setViewportSize({ width: width / 2, height: 400 });
        await drawn(page);
        await record('200 %', accessibilityProblems(page), width / 2);
      }
      expect(problems).toEqual([]);
    },
    400_000,
  );
}

/** Resolves when the page has been laid out and drawn at its new size. */
async function drawn(page: Page): Promise<void> {
  await page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(undefined)))),
  );
}
