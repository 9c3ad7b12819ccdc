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
  /** Fonts in the notation of a canvas. */
  readonly small: string;
  readonly medium: string;
  readonly strong: string;
}

let dark: MediaQueryList | undefined;

/** Queried once: each query makes the browser compute styles. */
function systemTheme(): MediaQueryList {
  return (dark ??= matchMedia('(prefers-color-scheme: dark)'));
}

let read: { key: string; colours: ThemeColours } | undefined;

/** The tokens of the current theme, because a canvas cannot use CSS variables. */
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

/** Calls `draw` when the size of the element changes, while it is in the document. */
export function whenResized(element: Element, draw: () => void): () => void {
  const observer = new ResizeObserver(() => {
    if (element.isConnected) draw();
  });
  observer.observe(element);
  return () => observer.disconnect();
}

/** Calls `draw` whenever the system theme changes. Returns a function that ends this. */
export function whenThemeChanges(draw: () => void): () => void {
  const theme = systemTheme();
  theme.addEventListener('change', draw);
  return () => theme.removeEventListener('change', draw);
}

/** The cleared context of the canvas, in CSS px, sharp at any pixel ratio. */
export function context2d(
  canvas: HTMLCanvasElement,
  height: number,
): { context: CanvasRenderingContext2D; width: number } {
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
  if (context === null) throw new Error('This browser does not support 2D canvases');
  return context;
}

/** Text is drawn and measured without control characters, as in the rest of the page: see controls.ts. */
function visibleText(context: CanvasRenderingContext2D): CanvasRenderingContext2D {
  if (Object.hasOwn(context, 'fillText')) return context;
  const fillText = context.fillText.bind(context);
  const measureText = context.measureText.bind(context);
  context.fillText = (text, ...place) => fillText(visible(text), ...place);
  context.measureText = (text) => measureText(visible(text));
  return context;
}
