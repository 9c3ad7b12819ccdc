import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped } from './browser.ts';
import { ShownXRay } from './local.ts';
import { randomOf, ShopTrace } from './shop.ts';
import { panel } from './parts.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

const OVERRIDE = '\u202E';
const ARN = 'arn:aws:sns:us-east-1:123456789012:order-created';

/** With U+202E wherever a program may put it: X-Ray refuses it in names. */
async function open(): Promise<{ page: Page; id: string; root: string; url: string }> {
  const xray = await ShownXRay.start(scope);
  const now = Date.now() / 1000;
  const trace = new ShopTrace(now - 10, randomOf(5));
  const odd = (text: string): string => `${text}${OVERRIDE}gnp.exe`;
  trace.segment('web', now - 10, 1, {
    http: {
      request: {
        method: 'GET',
        url: `https://shop.example/%D0%B7%D0%B0%D0%BA%D0%B0%D0%B7/7?next=1&file=${odd('f')}`,
        user_agent: odd('agent'),
      },
      response: { status: 500 },
    },
    fault: true,
    user: odd('user'),
    annotations: { file: odd('annotation') },
    metadata: { default: { [odd('key')]: odd('metadata') } },
    cause: {
      exceptions: [
        {
          id: trace.hex(16),
          type: odd('type'),
          message: odd('message'),
          stack: [{ path: odd('path'), line: 1, label: odd('label') }],
        },
      ],
    },
    subsegments: [
      trace.sub('sub', now - 9.5, 0.1),
      trace.sql('db', odd('SELECT'), now - 9, 0.1),
      trace.aws('SNS', now - 8.8, 0.1, { operation: odd('Publish'), topic_arn: ARN }),
    ],
  });
  await xray.put(trace);
  const page = await browser.open(xray.url);
  return { page, id: trace.traceId, root: trace.documents[0]!['id'] as string, url: xray.url };
}

async function controlsOn(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const isControl = (text: string | null): boolean => text !== null && /[\u202a-\u202e\u2066-\u2069]/.test(text);
    for (const element of document.querySelectorAll('*')) {
      for (const node of element.childNodes)
        if (node.nodeType === Node.TEXT_NODE && isControl(node.textContent))
          found.push(`${element.tagName} ${node.textContent}`);
      for (const name of ['title', 'aria-label', 'placeholder'])
        if (isControl(element.getAttribute(name))) found.push(`${element.tagName} ${name}`);
    }
    if (isControl(document.title)) found.push('document.title');
    return found;
  });
}

test.skipIf(skipped !== '')(
  `characters that change the writing direction are shown as their code point on every screen${note}`,
  async () => {
    const { page, id, root, url } = await open();
    await page.getByRole('link', { name: /заказ/ }).waitFor();
    expect(await controlsOn(page)).toEqual([]);
    for (const path of [
      `/traces/${id}?span=${root}`,
      `/traces/${id}?tab=flame`,
      `/traces/${id}?tab=self`,
      `/traces/${id}?tab=exceptions`,
      `/traces/${id}?tab=map`,
      `/traces/${id}?tab=raw`,
      '/map',
      `/?q=${encodeURIComponent(`annotation.file = "annotation${OVERRIDE}gnp.exe"`)}`,
      `/?text=${encodeURIComponent(`annotation${OVERRIDE}gnp.exe`)}`,
    ]) {
      await page.goto(url + path);
      if (path.includes('span=') || path.includes('exceptions')) await page.getByText('⟨U+202E⟩').first().waitFor();
      await page.waitForTimeout(500);
      expect({ path, controls: await controlsOn(page) }).toEqual({ path, controls: [] });
    }
    // The editor comes a little later, and has it too.
    await page.locator('.cm-editor').waitFor();
    expect(await controlsOn(page)).toEqual([]);
  },
);

test.skipIf(skipped !== '')(`a value does not affect the direction of the text around it${note}`, async () => {
  const { page, id, root, url } = await open();
  await page.goto(`${url}/traces/${id}?span=${root}`);
  await panel(page).waitFor();
  const around = await panel(page)
    .getByRole('button')
    .evaluateAll((elements) => elements.map((element) => getComputedStyle(element).unicodeBidi));
  expect(new Set(around)).toEqual(new Set(['isolate']));
});

test.skipIf(skipped !== '')(
  `URLs are shown decoded, wrap after / ? and &, and are copied unchanged${note}`,
  async () => {
    const { page, id, root, url } = await open();
    await page.getByRole('link', { name: /\/заказ\/7\?next=1/ }).waitFor();
    await page.goto(`${url}/traces/${id}?span=${root}`);
    await page.getByRole('heading', { name: /GET \/заказ\/7/ }).waitFor();
    const shown = panel(page).getByRole('button', { name: /^https:\/\/shop.example\/заказ/ });
    expect(await shown.evaluate((element) => element.innerHTML.replaceAll(/<\/?span[^>]*>/g, ''))).toBe(
      'https://shop.example/<wbr>заказ/<wbr>7?<wbr>next=1&amp;<wbr>file=f⟨U+202E⟩gnp.exe',
    );
    await shown.hover();
    await panel(page).getByRole('button', { name: 'Copy URL' }).click();
    await page.getByText('Copied URL').waitFor();
    expect(await pasted(page)).toBe(
      'https://shop.example/%D0%B7%D0%B0%D0%BA%D0%B0%D0%B7/7?next=1&file=f⟨U+202E⟩gnp.exe',
    );
  },
);

/** What a person would have from the clipboard. */
async function pasted(page: Page): Promise<string> {
  await page.evaluate(() => {
    const field = document.createElement('textarea');
    field.id = 'pasted';
    document.body.append(field);
    field.focus();
  });
  await page.keyboard.press('Control+v');
  const text = await page.locator('#pasted').inputValue();
  await page.evaluate(() => document.querySelector('#pasted')!.remove());
  return text;
}

for (const [where, isSecure] of [
  ['over https or on this machine', true],
  ['over http', false],
] as const) {
  test.skipIf(skipped !== '')(
    `ids and names are copied with one click, and the span’s id with y, ${where}${note}`,
    async () => {
      const { page, id, root, url } = await open();
      if (!isSecure)
        await page.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
      await page.goto(`${url}/traces/${id}?span=${root}`);
      await panel(page).waitFor();
      await page.keyboard.press('y');
      await page.getByText(`Copied id ${root}`).waitFor();
      expect(await pasted(page)).toBe(root);
      await page.getByRole('button', { name: 'Copy id: trace id' }).click();
      await page.getByRole('button', { name: 'Copied: trace id' }).waitFor();
      expect(await pasted(page)).toBe(id);
      await page.locator('#main').focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowDown');
      const mark = panel(page).getByRole('button', { name: 'Copy topic_arn' });
      await mark.waitFor({ state: 'attached' });
      expect(await mark.evaluate((element) => getComputedStyle(element).opacity)).toBe('0');
      await mark.focus();
      await page.waitForFunction(() => getComputedStyle(document.activeElement!).opacity === '1');
      await page.keyboard.press('Enter');
      await page.getByText('Copied topic_arn').waitFor();
      expect(await pasted(page)).toBe(ARN);
    },
  );
}
