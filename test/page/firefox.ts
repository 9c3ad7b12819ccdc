import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch, type Browser, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, expect } from 'vitest';

const FIREFOX = process.env['FIREFOX_PATH'] ?? '/usr/bin/firefox-esr';

/** Why there is no Firefox here; "" when there is one. */
export const skipped = existsSync(FIREFOX)
  ? ''
  : `no Firefox at ${FIREFOX}: apt install firefox-esr, or set FIREFOX_PATH`;
if (skipped !== '' && process.env['XRAYD_REQUIRE_BROWSER'] !== undefined) throw new Error(skipped);
/** For the names of tests that are skipped. */
export const note = skipped === '' ? '' : ` (skipped: ${skipped})`;

/** A port of loopback that takes no connection: what is not for loopback goes there. */
const NOWHERE = { host: '127.0.0.1', port: 9 };

/**
 * Nothing but the page may use the network: names are not looked up, and other addresses are asked of a proxy that is
 * not there.
 */
const PREFERENCES = {
  'network.dns.disabled': true,
  'network.proxy.type': 1,
  'network.proxy.http': NOWHERE.host,
  'network.proxy.http_port': NOWHERE.port,
  'network.proxy.ssl': NOWHERE.host,
  'network.proxy.ssl_port': NOWHERE.port,
  'network.proxy.no_proxies_on': '127.0.0.1',
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
};

/**
 * A Firefox with a fresh profile, by WebDriver BiDi. It fails tests for what a person would not see: exceptions,
 * requests to elsewhere, refused styles.
 */
export class Firefox {
  #browser: Browser | undefined;
  #profile = '';
  readonly problems: string[] = [];

  /** Call once a file. */
  constructor() {
    beforeAll(async () => {
      if (skipped !== '') return;
      this.#profile = mkdtempSync(join(tmpdir(), 'xrayd-firefox-'));
      this.#browser = await launch({
        browser: 'firefox',
        executablePath: FIREFOX,
        headless: true,
        userDataDir: this.#profile,
        extraPrefsFirefox: PREFERENCES,
        defaultViewport: { width: 1360, height: 800 },
        timeout: 60_000,
      });
    }, 90_000);
    afterAll(async () => {
      await this.#browser?.close();
      if (this.#profile !== '') rmSync(this.#profile, { recursive: true, force: true });
    }, 60_000);
  }

  async open(url: string): Promise<Page> {
    const page = await this.#browser!.newPage();
    for (const old of await this.#browser!.pages()) if (old !== page) await old.close();
    page.on('pageerror', (error) =>
      this.problems.push(`exception: ${error instanceof Error ? error.stack || error.message : String(error)}`),
    );
    page.on('console', (message) => {
      if (message.type() === 'error') this.problems.push(`console: ${message.text()}`);
    });
    page.on('request', (request) => {
      const asked = new URL(request.url());
      if (asked.protocol !== 'data:' && asked.protocol !== 'blob:' && asked.origin !== new URL(url).origin)
        this.problems.push(`a request to ${asked.origin}`);
    });
    await page.goto(url);
    return page;
  }

  /** To be called at the end of each test. */
  check(): void {
    expect(this.problems.splice(0)).toEqual([]);
  }
}
