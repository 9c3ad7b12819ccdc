import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped } from './browser.ts';
import { ShownXRay, shopOf } from './local.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

for (const width of [1360, 400]) {
  test.skipIf(skipped !== '')(
    `the instructions for connecting an application are one click away, even when there are traces; ${width} px${note}`,
    async () => {
      const { xray } = await shopOf(scope, 20);
      const page = await browser.open(`${xray.url}/settings`, { width });
      await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Connect' }).click();
      await page.waitForURL(/\/connect$/);
      await page
        .getByRole('heading', { name: /^Connect an application: send segments or spans to 127\.0\.0\.1:\d+$/ })
        .waitFor();
      expect(await page.title()).toBe('Connect an application');
      // No line is cut: what is copied is read first.
      const cut = await page
        .locator('.code pre')
        .evaluateAll((all) => all.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).length);
      expect(cut).toBe(0);
      expect(await page.locator('.code pre').count()).toBeGreaterThan(7);
      await page.reload();
      await page.getByRole('button', { name: 'Send a sample trace' }).click();
      await page.waitForURL(/\/traces\/1-/);
      await page.getByRole('treeitem').first().waitFor({ state: 'attached' });
    },
  );
}

test.skipIf(skipped !== '')(
  `variables are written for the shell, for PowerShell or for Compose, and the choice is kept${note}`,
  async () => {
    const { xray } = await shopOf(scope, 20);
    const page = await browser.open(`${xray.url}/connect`);
    const { port } = new URL(xray.url);
    const address = `tcp:127.0.0.1:${port} udp:127.0.0.1:${xray.daemon.udpPort}`;
    const textOf = (title: string) =>
      page.locator('section', { has: page.getByRole('heading', { name: title }) }).locator('pre');
    await page.getByText(`export AWS_XRAY_DAEMON_ADDRESS='${address}'`, { exact: true }).waitFor();
    expect(await textOf('ADOT').textContent()).toBe(
      `export OTEL_TRACES_SAMPLER=xray\nexport OTEL_TRACES_SAMPLER_ARG=endpoint=http://127.0.0.1:${port}`,
    );
    await page.getByRole('radio', { name: 'PowerShell' }).check();
    expect(await textOf('X-Ray SDK for').textContent()).toBe(`$env:AWS_XRAY_DAEMON_ADDRESS = '${address}'`);
    await page.getByRole('radio', { name: 'Compose' }).check();
    expect(await textOf('X-Ray SDK for').textContent()).toBe(
      `environment:\n  AWS_XRAY_DAEMON_ADDRESS: "${address.replaceAll('127.0.0.1', 'host.docker.internal')}"`,
    );
    expect(await textOf('Docker Compose').textContent()).toContain('AWS_XRAY_DAEMON_ADDRESS: xrayd:2000');
    await page.reload();
    expect(await page.getByRole('radio', { name: 'Compose' }).isChecked()).toBe(true);
    await page.evaluate(() => localStorage.clear());
  },
);

test.skipIf(skipped !== '')(
  `the sample trace is one tree of an X-Ray segment and of OpenTelemetry spans below it${note}`,
  async () => {
    const { xray } = await shopOf(scope, 20);
    const page = await browser.open(`${xray.url}/connect`);
    await page.getByRole('button', { name: 'Send a sample trace' }).click();
    await page.waitForURL(/\/traces\/1-/);
    const row = page.getByRole('treeitem');
    await row.filter({ hasText: /DynamoDB/ }).waitFor({ state: 'attached' });
    const levelOf = async (name: RegExp): Promise<number> =>
      Number(await row.filter({ hasText: name }).first().getAttribute('aria-level'));
    expect(await levelOf(/^web/)).toBe(1);
    expect(await levelOf(/DynamoDB/)).toBeGreaterThan(2);
    const [, id] = /\/traces\/([^/?]+)/.exec(page.url())!;
    const { documents } = (await (await fetch(`${xray.url}/api/traces/${id}`)).json()) as {
      documents: { format: string }[];
    };
    expect(documents.map(({ format }) => format).sort()).toEqual(['otlp', 'xray']);
  },
);

test.skipIf(skipped !== '')(
  `variables of OpenTelemetry are there for the endpoint, and for traces with X-Ray SDKs${note}`,
  async () => {
    const { xray } = await shopOf(scope, 20);
    const page = await browser.open(`${xray.url}/connect`);
    for (const line of [
      `export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:${new URL(xray.url).port}`,
      'export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
      'export OTEL_PROPAGATORS=tracecontext,baggage,xray',
    ])
      await page.locator('pre', { hasText: line }).waitFor();
  },
);

test.skipIf(skipped !== '')(`OpenTelemetry: the endpoint that the page names takes spans${note}`, async () => {
  const { xray } = await shopOf(scope, 20);
  const page = await browser.open(`${xray.url}/connect`);
  const section = page.locator('section', { has: page.getByRole('heading', { name: 'OpenTelemetry SDK' }) });
  const endpoint = /OTEL_EXPORTER_OTLP_ENDPOINT=(\S+)/.exec((await section.locator('pre').textContent())!)![1]!;
  const answer = await fetch(`${endpoint}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"resourceSpans":[]}',
  });
  expect([answer.status, await answer.text()]).toEqual([200, '{}']);
});

for (const from of ['/settings', '/connect', '/map', '/']) {
  test.skipIf(skipped !== '')(`/ goes to the query box from ${from}, and Enter searches${note}`, async () => {
    const { xray } = await shopOf(scope, 20);
    const page = await browser.open(xray.url + from);
    await page.getByRole('link', { name: 'Settings' }).waitFor();
    await page.locator('main h1').first().waitFor({ state: 'attached' });
    await page.keyboard.press('/');
    await expect
      .poll(async () => page.evaluate(() => document.activeElement?.closest('.query')?.className ?? ''))
      .toContain('query');
    await page.keyboard.type('fault');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('q') === 'fault');
  });
}

test.skipIf(skipped !== '')(`help calls the views of a trace by their names${note}`, async () => {
  const { xray, id } = await shopOf(scope, 20);
  const page = await browser.open(`${xray.url}/traces/${id}`);
  await page.getByRole('treeitem').first().waitFor({ state: 'attached' });
  await page.keyboard.press('?');
  const text = (await page.getByRole('dialog', { name: 'Keys' }).textContent())!;
  for (const [i, view] of ['Timeline', 'Flame', 'Self time', 'Exceptions', 'Map', 'Findings', 'Raw'].entries())
    expect(text).toContain(`${i + 1}${view}`);
  expect(text).not.toMatch(/view \d/);
});

for (const width of [1360, 400]) {
  test.skipIf(skipped !== '')(
    `settings are aligned in one column, and radio buttons with their labels; ${width} px${note}`,
    async () => {
      const { xray } = await shopOf(scope, 20);
      const page = await browser.open(`${xray.url}/settings`, { width });
      await page.locator('.settings section > dl').waitFor();
      const lefts = await page
        .locator('.settings .options, .settings select, .settings input[type=text], .settings dd')
        .evaluateAll((all) =>
          all.filter((each) => each.checkVisibility()).map((each) => Math.round(each.getBoundingClientRect().left)),
        );
      expect(lefts.length).toBeGreaterThan(8);
      expect(new Set(lefts).size).toBe(1);
      const off = await page.locator('input[type=radio]').evaluateAll((all) =>
        all.map((radio) => {
          const text = document.createRange();
          text.selectNodeContents(radio.parentElement!.lastChild!);
          const [a, b] = [radio.getBoundingClientRect(), text.getBoundingClientRect()];
          return Math.abs((a.top + a.bottom) / 2 - (b.top + b.bottom) / 2);
        }),
      );
      expect(Math.max(...off)).toBeLessThan(1.5);
    },
  );
}

test.skipIf(skipped !== '')(
  `the time of a lost connection has the page's format: 24 hours, in the chosen time zone${note}`,
  async () => {
    const { xray } = await shopOf(scope, 20);
    const page = await browser.open(`${xray.url}/settings`);
    await page.getByLabel('UTC', { exact: true }).check();
    await page.getByText('Listening on').waitFor();
    await xray.daemon.stop('SIGKILL');
    await page.getByText(/^Disconnected since \d\d:\d\d:\d\d, retrying$/).waitFor();
    await page.evaluate(() => localStorage.clear());
  },
);
