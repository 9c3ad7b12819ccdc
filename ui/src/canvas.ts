import type { RowOutcome } from '../../src/api/page-types.ts';
import { visible } from './visible.ts';

export interface ThemeColours {
  readonly bg: string;
  readonly raised: string;
  readonly sunken: string;
  readonly line: string;
  readonly lineStrong: string;
  readonly ink: string;
  readonly ink2: string;
  readonly ink3: string;
  readonly accent: string;
  readonly accentSoft: string;
  readonly bars: Readonly<Record<RowOutcome, string>>;
  /** Fonts as a canvas takes them. */
  readonly small: string;
  readonly medium: string;
  readonly strong: string;
}

let dark: MediaQueryList | undefined;

/** Asked once: each question has the page's styles computed. */
function systemTheme(): MediaQueryList {
  return (dark ??= matchMedia('(prefers-color-scheme: dark)'));
}

let read: { key: string; colours: ThemeColours } | undefined;

/** The tokens of the theme that is shown; a canvas knows no variables. */
export function themeColours(): ThemeColours {
  const key = `${document.documentElement.dataset['theme'] ?? ''} ${systemTheme().matches}`;
  if (read?.key === key) return read.colours;
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const each = (end: string) =>
    ({
      ok: token(`ok${end}`),
      error: token(`error${end}`),
      throttle: token(`throttle${end}`),
      fault: token(`fault${end}`),
      live: token(`live${end}`),
    }) as const;
  const font = token('font');
  const colours = {
    bg: token('bg'),
    raised: token('bg-raised'),
    sunken: token('bg-sunken'),
    line: token('line'),
    lineStrong: token('line-strong'),
    ink: token('ink'),
    ink2: token('ink-2'),
    ink3: token('ink-3'),
    accent: token('accent'),
    accentSoft: token('accent-soft'),
    bars: each('-bar'),
    small: `${token('text-s')} ${font}`,
    medium: `${token('text-m')} ${font}`,
    strong: `600 ${token('text-m')} ${font}`,
  };
  read = { key, colours };
  return colours;
}

/** Calls `draw` when the element's size changes. A picture that has been left is not drawn any more, although its last change is still told. */
export function whenResized(element: Element, draw: () => void): () => void {
  const observer = new ResizeObserver(() => {
    if (element.isConnected) draw();
  });
  observer.observe(element);
  return () => observer.disconnect();
}

/** Calls `draw` whenever the theme of the system changes; returns what ends that. */
export function whenThemeChanges(draw: () => void): () => void {
  const theme = systemTheme();
  theme.addEventListener('change', draw);
  return () => theme.removeEventListener('change', draw);
}

/** The canvas's context, empty, in CSS px, sharp on any screen. */
export function context2d(canvas: HTMLCanvasElement, height: number): { context: CanvasRenderingContext2D; width: number } {
  const ratio = devicePixelRatio;
  const width = canvas.clientWidth;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
  }
  const context = visibleText(contextOf(canvas));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width };
}

export function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('This browser draws no pictures: it has no 2D canvas');
  return context;
}

/** What is drawn and measured has no controls, as what stands in the page: see controls.ts. */
function visibleText(context: CanvasRenderingContext2D): CanvasRenderingContext2D {
  if (Object.hasOwn(context, 'fillText')) return context;
  const fillText = context.fillText.bind(context);
  const measureText = context.measureText.bind(context);
  context.fillText = (text, ...place) => fillText(visible(text), ...place);
  context.measureText = (text) => measureText(visible(text));
  return context;
}
