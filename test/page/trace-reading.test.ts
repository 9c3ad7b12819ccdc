import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { accessibilityProblems, Browser, note, skipped } from './browser.ts';
import { ShownXRay, openTrace, type OpenedTrace } from './local.ts';
import { checkout, ShopTrace, type Json } from './shop.ts';
import { panel, spans } from './parts.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

async function open(make: (xray: ShownXRay, now: number) => ShopTrace, query = ''): Promise<OpenedTrace> {
  const opened = await openTrace({ scope, browser }, make, { query });
  await spans(opened.page).first().waitFor({ state: 'attached' });
  return opened;
}

const failed = (xray: ShownXRay, now: number): ShopTrace => checkout(now, xray.random);

for (const [name, grows, side] of [
  ['Width of the names', 1, 'ArrowRight'],
  ['Width of the panel', -1, 'ArrowLeft'],
] as const) {
  test.skipIf(skipped !== '')(
    `${name}: can be dragged, moved with keys and fitted with a double click, and is kept${note}`,
    async () => {
      const { page } = await open(failed);
      const handle = page.getByRole('separator', { name });
      const value = async (): Promise<number> => Number(await handle.getAttribute('aria-valuenow'));
      const first = await value();
      const box = (await handle.boundingBox())!;
      await page.mouse.move(box.x + 4, box.y + 300);
      await page.mouse.down();
      await page.mouse.move(box.x + 4 + 50 * grows, box.y + 300, { steps: 5 });
      await page.mouse.up();
      expect(await value()).toBe(first + 50);
      const moved = (await handle.boundingBox())!;
      expect(Math.round(moved.x - box.x)).toBe(50 * grows);
      await handle.focus();
      await page.keyboard.press(side);
      expect(await value()).toBe(first + 66);
      await page.reload();
      await handle.waitFor();
      expect(await value()).toBe(first + 66);
      await handle.dblclick();
      expect(await value()).not.toBe(first + 66);
      await page.evaluate(() => localStorage.clear());
    },
  );
}

test.skipIf(skipped !== '')(`a double click makes names fit without truncation${note}`, async () => {
  const long = 'SELECT sku, quantity, reserved, warehouse FROM stock WHERE sku = 1';
  const { page } = await open((xray, now) => {
    const trace = new ShopTrace(now, xray.random);
    trace.segment('web', now, 1, { subsegments: [trace.sql('inventory', long, now + 0.1, 0.5)] });
    return trace;
  });
  const handle = page.getByRole('separator', { name: 'Width of the names' });
  await handle.dblclick();
  const names = Number(await handle.getAttribute('aria-valuenow'));
  const needed = await page.evaluate((text) => {
    const context = document.createElement('canvas').getContext('2d')!;
    context.font = `12.5px ${getComputedStyle(document.body).fontFamily}`;
    return context.measureText(text).width;
  }, long);
  expect(names).toBeGreaterThan(needed + 100);
  await page.evaluate(() => localStorage.clear());
});

test.skipIf(skipped !== '')(`deep spans: their ancestors are shown above, as links${note}`, async () => {
  const { page } = await open((xray, now) => {
    const trace = new ShopTrace(now, xray.random);
    let inner: Json = trace.sub('level 100', now, 0.5);
    for (let i = 99; i > 0; i--) inner = trace.sub(`level ${i}`, now, 0.5, { subsegments: [inner] });
    trace.segment('deep-service', now, 0.5, { subsegments: [inner] });
    return trace;
  });
  await page.locator('.timeline-rows').evaluate((box) => (box.scrollTop = 26 * 44));
  const around = page.getByRole('navigation', { name: 'Around it' });
  await page.getByText('level 43').first().waitFor();
  expect(await around.textContent()).toBe('deep-service › level 1 › … › level 42 › level 43');
  await around.getByRole('button', { name: 'deep-service' }).click();
  await panel(page).getByRole('heading', { name: 'deep-service' }).waitFor();
  await page.waitForFunction(() => document.querySelector('.timeline-rows')!.scrollTop === 0);
});

test.skipIf(skipped !== '')(`the ruler shows the time under the pointer${note}`, async () => {
  const { page } = await open((xray, now) => {
    const trace = new ShopTrace(now, xray.random);
    trace.segment('web', now, 1);
    return trace;
  });
  const canvas = (await page.locator('.timeline-all canvas').boundingBox())!;
  const names = Number(await page.getByRole('separator', { name: 'Width of the names' }).getAttribute('aria-valuenow'));
  await page.mouse.move(canvas.x + names + (canvas.width - names) / 2, canvas.y + 100);
  await page.getByText('500 ms', { exact: true }).last().waitFor();
  await page.mouse.move(canvas.x + names + (canvas.width - names) / 4, canvas.y + 100);
  await page.locator('.pointer-time', { hasText: '250 ms' }).waitFor();
  await page.mouse.move(canvas.x + 20, canvas.y + 100);
  await page.locator('.pointer-time').waitFor({ state: 'hidden' });
});

test.skipIf(skipped !== '')(
  `a live trace keeps growing after a span is selected, until the user zooms${note}`,
  async () => {
    const { page } = await open((xray, now) => {
      const trace = new ShopTrace(now, xray.random);
      trace.segment('web', now, undefined, { subsegments: [trace.sub('done', now + 0.1, 0.2)] });
      return trace;
    });
    const whole = page.getByRole('button', { name: 'Whole trace' });
    const so = async (): Promise<string | null> => page.locator('.facts b').first().textContent();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await panel(page).getByRole('heading', { name: 'done' }).waitFor();
    const before = await so();
    await page.waitForFunction((text) => document.querySelector('.facts b')?.textContent !== text, before);
    expect(await whole.count()).toBe(0);
    await page.keyboard.press('+');
    await whole.waitFor();
  },
);

test.skipIf(skipped !== '')(
  `Ctrl+F searches the timeline; pressed again, or in a view that is all text, it opens the browser’s own search${note}`,
  async () => {
    const { page } = await open(failed);
    const press = async (): Promise<boolean> => {
      await page.evaluate(() => {
        const look = (event: KeyboardEvent): void => {
          if (event.key !== 'f') return;
          document.body.dataset['taken'] = String(event.defaultPrevented);
          removeEventListener('keydown', look);
        };
        addEventListener('keydown', look);
      });
      await page.keyboard.press('Control+f');
      return (await page.locator('body').getAttribute('data-taken')) === 'true';
    };
    expect(await press()).toBe(true);
    await page.keyboard.type('for update');
    await page.getByText('– of 1').or(page.getByText('1 of 1')).waitFor();
    expect(await press()).toBe(false);
    await page.getByRole('link', { name: 'Raw' }).click();
    await page.locator('.raw').waitFor();
    expect(await press()).toBe(false);
  },
);

test.skipIf(skipped !== '')(
  `clocks that differ are adjusted, the address says so when they are not, and Back undoes it${note}`,
  async () => {
    const { page } = await open((xray, now) => {
      const trace = new ShopTrace(now, xray.random);
      const call = trace.sub('inventory', now + 0.1, 0.3, { namespace: 'remote' });
      trace.segment('web', now, 0.5, { subsegments: [call] });
      trace.segment('inventory', now - 2.5, 0.2, { parent_id: call['id'] });
      return trace;
    });
    const length = async (): Promise<string | null> => page.locator('.facts b').first().textContent();
    await page.locator('.facts').getByText('Clock 2.60 s off').waitFor();
    expect(await length()).toBe('500 ms');
    expect(await spans(page).allTextContents()).toContain(
      'inventory, 300 ms, 200 ms as served, Clock 2.60 s off, adjusted',
    );
    await page.getByRole('button', { name: 'Adjusted', pressed: true }).click();
    await page.waitForURL((url) => url.searchParams.get('clock') === 'recorded');
    await page.getByRole('button', { name: 'Adjust', pressed: false }).waitFor();
    expect(await length()).toBe('3.00 s');
    await page.reload();
    await page.getByRole('button', { name: 'Adjust', pressed: false }).waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Adjusted', pressed: true }).waitFor();
  },
);

test.skipIf(skipped !== '')(`help names the views${note}`, async () => {
  const { page } = await open(failed);
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Keys' });
  await help.waitFor();
  const text = (await help.textContent())!;
  for (const part of [
    '1Timeline',
    '2Flame',
    '5Map',
    '6Findings',
    '7Raw',
    'go to the cause, then to the next error',
    'Ctrl+f',
  ])
    expect(text).toContain(part);
  expect(text).not.toContain('view 1');
});

test.skipIf(skipped !== '')(`“0 ms” is followed by a comma, not by a space${note}`, async () => {
  const { page } = await open((xray, now) => {
    const trace = new ShopTrace(now, xray.random);
    trace.segment('web', now, 0);
    return trace;
  });
  await page.keyboard.press('j');
  await panel(page).getByText('0 ms, on the critical path').waitFor();
});

for (const theme of ['light', 'dark'] as const) {
  for (const width of [1_360, 400]) {
    test.skipIf(skipped !== '')(
      `axe finds nothing in the states of a trace, ${theme}, ${width} px${note}`,
      async () => {
        const xray = await ShownXRay.start(scope);
        const now = Date.now() / 1000 - 30;
        const trace = checkout(now, xray.random);
        const skewed = new ShopTrace(now, xray.random);
        const call = skewed.sub('inventory', now + 0.1, 0.3, { namespace: 'remote' });
        skewed.segment('web', now, 0.5, { subsegments: [call] });
        skewed.segment('inventory', now - 2.5, 0.2, { parent_id: call['id'] });
        await xray.put(trace, skewed);
        const problems: string[] = [];
        const fold = `fold-${String(((trace.documents.at(-1)!['subsegments'] as Json[])[2]!['subsegments'] as Json[])[0]!['id'])}`;
        for (const [name, path, ready] of [
          ['cause', trace.traceId, '.because'],
          ['repeats', `${trace.traceId}?span=${fold}`, '.repeats'],
          ['findings', `${trace.traceId}?tab=findings`, '.finding'],
          ['inferred', `${trace.traceId}?inferred=1`, '[role=treeitem]'],
          ['clocks', `${skewed.traceId}?clock=recorded`, '.clocks'],
          ['clock of a span', `${skewed.traceId}?span=${String(skewed.documents[1]!['id'])}`, '.side'],
        ] as const) {
          const page = await browser.open(`${xray.url}/traces/${path}`, { theme, width });
          await page.locator(ready).first().waitFor({ state: 'attached' });
          for (const problem of await accessibilityProblems(page)) problems.push(`${name}: ${problem}`);
        }
        expect(problems).toEqual([]);
      },
      120_000,
    );
  }
}
