import axe from 'axe-core';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';

const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
/** Nothing but the page may use the network. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Why there is no browser here; "" when there is one. */
export const skipped = existsSync(CHROMIUM)
  ? ''
  : `no Chromium at ${CHROMIUM}: apt install chromium, or set CHROMIUM_PATH`;
if (skipped !== '' && process.env['XRAYD_REQUIRE_BROWSER'] !== undefined) throw new Error(skipped);
/** For the names of tests that are skipped. */
export const note = skipped === '' ? '' : ` (skipped: ${skipped})`;

/** XRAYD_SLOWDOWN=4 runs the pages four times slower: a test that does not wait for what it depends on fails then. */
const SLOWDOWN = Number(process.env['XRAYD_SLOWDOWN'] ?? '1');

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly theme?: 'light' | 'dark';
}

/** Starts a Chromium with a fresh profile. */
export async function launch({ width = 1360, height = 800, theme = 'light' }: PageOptions = {}): Promise<{
  context: BrowserContext;
  version: string;
  close: () => Promise<void>;
}> {
  const profile = mkdtempSync(join(tmpdir(), 'xrayd-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    args: FLAGS,
    viewport: { width, height },
    colorScheme: theme,
    timezoneId: 'UTC',
  });
  const close = async (): Promise<void> => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { context, version: context.browser()?.version() ?? '', close };
}

/**
 * Opens pages for the tests of a file, and fails them for what a person would not see: exceptions, requests to
 * elsewhere, refused styles.
 */
export class Browser {
  #context: BrowserContext | undefined;
  #isFirstOfTest = true;
  readonly problems: string[] = [];

  /** Call once a file. */
  constructor() {
    beforeEach(() => void (this.#isFirstOfTest = true));
    let close = async (): Promise<void> => {};
    beforeAll(async () => {
      if (skipped !== '') return;
      const started = await launch();
      this.#context = started.context;
      close = started.close;
    });
    afterAll(() => close());
  }

  async open(url: string, { width = 1360, height = 800, theme = 'light' }: PageOptions = {}): Promise<Page> {
    for (const old of this.#context!.pages()) await old.close();
    const page = await this.#context!.newPage();
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: theme });
    if (SLOWDOWN > 1) await this.#slowDown(page);
    if (this.#isFirstOfTest) await this.#forget(page, new URL(url).origin);
    this.#isFirstOfTest = false;
    page.on('pageerror', (error) =>
      this.problems.push(`exception: ${error.stack || `${error.name} ${error.message}`}`),
    );
    page.on('console', (message) => {
      // A refused request is in the answer that the page shows.
      if (
        message.type() === 'error' &&
        !/Failed to load resource|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE/.test(message.text())
      ) {
        this.problems.push(`console: ${message.text()}`);
      }
    });
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol !== 'data:' && protocol !== 'blob:' && origin !== new URL(url).origin)
        this.problems.push(`a request to ${origin}`);
    });
    await page.goto(url);
    return page;
  }

  /** As long as the session is attached, which ends with the page. */
  async #slowDown(page: Page): Promise<void> {
    const session = await this.#context!.newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWDOWN });
  }

  /** What the page of an earlier test stored, whose X-Ray may have been the same. */
  async #forget(page: Page, origin: string): Promise<void> {
    const session = await this.#context!.newCDPSession(page);
    await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'local_storage,cookies' });
    await session.detach();
  }

  /** To be called at the end of each test. */
  check(): void {
    expect(this.problems.splice(0)).toEqual([]);
  }
}

/** What depends on colours alone. */
const COLOURS = ['color-contrast', 'link-in-text-block'];

/**
 * What axe finds wrong, in words: all of its rules that are on, and that of the size of targets (WCAG 2.2 AA), which is
 * not by default; or only those of colours.
 */
export async function accessibilityProblems(page: Page, { areColours = false } = {}): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  const rules = areColours ? { runOnly: COLOURS } : { rules: { 'target-size': { enabled: true } } };
  const found = await page.evaluate(async (options) => {
    const { axe: checker } = window as unknown as { axe: typeof axe };
    return (await checker.run(options)).violations;
  }, rules);
  return found.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, any }) => `${id}: ${help}: ${html.slice(0, 200)} ${any[0]?.message ?? ''}`),
  );
}
