import { afterEach, expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { Browser, note, skipped } from './browser.ts';
import { ShownXRay } from './local.ts';
import { layered } from './shop.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

/** Longer than what a gesture rests for. */
const SLOW_FRAME_MS = 220;

test.skipIf(skipped !== '')(
  `map of many services: a zoom with slow frames triggers no layout until it ends, and then everything is where the gesture left it${note}`,
  async () => {
    const xray = await ShownXRay.start(scope);
    for (let i = 0; i < 15; i++)
      await xray.put(...Array.from({ length: 100 }, () => layered(Date.now() / 1000 - 10, xray.random, 300)));
    const page = await browser.open(`${xray.url}/map`);
    await expect.poll(() => page.locator('.node').count(), { timeout: 20_000 }).toBeGreaterThan(240);
    await page.getByText('of the newest traces so far').waitFor({ state: 'detached' });
    const { radii, scales, away } = await page.evaluate(
      async (slowMs) =>
        new Promise<{ radii: string[]; scales: number[]; away: number }>((resolve) => {
          const canvas = document.querySelector('.map-canvas')!;
          const circle = document.querySelector('.node .fill')!;
          const { left, top, width, height } = canvas.getBoundingClientRect();
          const middles = (): number[] =>
            [...document.querySelectorAll('.node .fill')].flatMap((each) => {
              const rect = each.getBoundingClientRect();
              return [(rect.left + rect.right) / 2, (rect.top + rect.bottom) / 2];
            });
          const seen: string[] = [];
          const scales: number[] = [];
          let frames = 0;
          // Frames as a picture that takes long to paint has them: timers run in between.
          let waiting = new Map<number, FrameRequestCallback>();
          let handles = 0;
          window.requestAnimationFrame = (callback) => {
            if (waiting.size === 0) {
              setTimeout(() => {
                const due = waiting;
                waiting = new Map();
                for (const each of due.values()) each(performance.now());
              }, slowMs);
            }
            waiting.set(++handles, callback);
            return handles;
          };
          window.cancelAnimationFrame = (handle) => waiting.delete(handle);
          const rested = (moved: number[]): void => {
            if (document.querySelector('svg.moving') !== null) setTimeout(() => rested(moved), 50);
            else {
              const away = Math.max(...middles().map((each, i) => Math.abs(each - moved[i]!)));
              resolve({ radii: [...new Set(seen)], scales, away });
            }
          };
          const step = (): void => {
            if (frames > 0) {
              seen.push(circle.getAttribute('r')!);
              scales.push(circle.getBoundingClientRect().width);
            }
            if (++frames > 6) {
              rested(middles());
              return;
            }
            document.querySelector('.map-canvas svg')!.dispatchEvent(
              new WheelEvent('wheel', {
                deltaY: -40,
                clientX: left + width / 3,
                clientY: top + height / 3,
                bubbles: true,
                cancelable: true,
              }),
            );
            requestAnimationFrame(step);
          };
          requestAnimationFrame(step);
        }),
      SLOW_FRAME_MS,
    );
    expect(radii).toHaveLength(1);
    // Each frame shows its step.
    expect(new Set(scales.map(Math.round)).size).toBeGreaterThan(1);
    expect(scales).toEqual(scales.toSorted((a, b) => a - b));
    expect(away).toBeLessThan(1);
  },
);
