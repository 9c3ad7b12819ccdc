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

/**
 * What has moved on the page since it was opened, other than by being scrolled: Chromium's "layout shifts", of 3 px and
 * more. Source: the Layout Instability API. It does not see what a canvas draws.
 */
export async function shiftsOf(page: Page): Promise<string[]> {
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
    // A shift is reported with the frame that shows it.
    for (let i = 0; i < 2; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
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
