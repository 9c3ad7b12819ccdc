import type { Page } from 'playwright-core';

/** Holds answers back from now on until the returned function is called, which resolves when they are there. */
export async function held(page: Page, ...urls: readonly RegExp[]): Promise<() => Promise<void>> {
  let release = (): void => {};
  const isReleased = new Promise<void>((resolve) => (release = resolve));
  const answers: Promise<void>[] = [];
  for (const url of urls)
    await page.route(url, (route) => {
      const answer = isReleased.then(() => route.continue()).catch(() => {});
      answers.push(answer);
      return answer;
    });
  return async () => {
    release();
    await Promise.all(answers);
  };
}

/** Lets answers through one by one from now on, each with a frame of its own; the last requested first if reversed. */
export async function oneByOne(page: Page, { isReversed }: { isReversed: boolean }): Promise<() => Promise<void>> {
  const answers = /\/api\//;
  const waiting: (() => void)[] = [];
  const over = new AbortController();
  await page.route(answers, async (route) => {
    if (!over.signal.aborted) await new Promise<void>((resolve) => waiting.push(resolve));
    await route.continue().catch(() => {});
  });
  const letThrough = async (): Promise<void> => {
    while (!over.signal.aborted) {
      // Fails while the page is being replaced.
      await frames(page).catch(() => {});
      (isReversed ? waiting.pop() : waiting.shift())?.();
    }
  };
  const through = letThrough();
  return async () => {
    over.abort();
    await through;
    for (const resolve of waiting) resolve();
    await page.unroute(answers);
  };
}

/** Two frames have been shown. */
const frames = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    for (let i = 0; i < 2; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
  });

/**
 * What has moved on the page since it was opened, other than by being scrolled: Chromium's "layout shifts", of 3 px and
 * more. Source: the Layout Instability API. It does not see what a canvas draws.
 */
export async function shiftsOf(page: Page): Promise<string[]> {
  // A shift is reported with the frame that shows it.
  await frames(page);
  return page.evaluate(async () => {
    interface Rect {
      readonly x: number;
      readonly y: number;
    }
    interface Shift extends PerformanceEntry {
      readonly value: number;
      readonly sources: readonly { node: Node | null; previousRect: Rect; currentRect: Rect }[];
    }
    const name = (node: Node | null): string => {
      const element = node instanceof Element ? node : (node?.parentElement ?? null);
      if (element === null) return 'something removed';
      const text = (node?.textContent ?? '').trim().replaceAll(/\s+/g, ' ').slice(0, 30);
      return `<${element.localName}${element.className === '' ? '' : ` class="${String(element.getAttribute('class'))}"`}> ${text}`;
    };
    const shifts = await new Promise<Shift[]>((resolve) => {
      const found: Shift[] = [];
      const observer = new PerformanceObserver((entries) => found.push(...(entries.getEntries() as Shift[])));
      observer.observe({ type: 'layout-shift', buffered: true });
      // Buffered entries come in a task of their own, before this one.
      setTimeout(() => {
        found.push(...(observer.takeRecords() as Shift[]));
        observer.disconnect();
        resolve(found);
      }, 50);
    });
    return shifts.flatMap(({ sources, startTime }) =>
      sources.map(
        ({ node, previousRect: a, currentRect: b }) =>
          `${Math.round(startTime)} ms: ${name(node)}: ${a.x},${a.y} → ${b.x},${b.y}`,
      ),
    );
  });
}
