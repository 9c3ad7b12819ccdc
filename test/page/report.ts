import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type Figures = Readonly<Record<string, number>>;

/** What `npm run bench -- ui` has measured, by the name of the step. */
export interface Report {
  /** Machine and versions. */
  readonly machine: string;
  readonly results: Readonly<Record<string, Figures>>;
}

export const STEPS = {
  firstLoad: 'first load',
  sample: 'a sample trace, from click to row',
  spans10: 'a trace of 10,000 spans, from click to paint',
  frames10: 'the same, scrolled and zoomed',
  spans50: 'a trace of 50,000 spans, from click to paint',
  frames50: 'the same again, scrolled and zoomed',
  map: 'a service map of 300 services',
  firstRows: 'a list of very many traces, from its address to its first rows',
  sorted: 'the same, from the click on Duration to the longest trace',
  typed: 'the same, from the first letter of a text to its trace',
  live: 'live at 1,000 segments per second',
} as const;

const DOCUMENT = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
const [BEGIN, END] = ['<!-- written by npm run bench -- ui --write -->', '<!-- end -->'];

/** Puts the table into docs/performance.md, in place of the former one. */
export function writeDocument(report: Report): void {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (before === -1 || after < before)
    throw new Error(`${DOCUMENT} has lost the marks between which the table stands: ${BEGIN} … ${END}`);
  writeFileSync(DOCUMENT, `${text.slice(0, before + BEGIN.length)}\n\n${tableOf(report)}\n${text.slice(after)}`);
}

/** The figures beside their goals, as Markdown. */
export function tableOf({ machine, results }: Report): string {
  const { firstLoad, sample, spans10, frames10, spans50, frames50, map, firstRows, sorted, typed, live } =
    Object.fromEntries(Object.entries(STEPS).map(([name, step]) => [name, results[step] ?? {}])) as Record<
      keyof typeof STEPS,
      Figures
    >;
  const spread = ({ medianMs, slowestMs }: Figures): string => `${medianMs} / ${slowestMs} ms`;
  const fps = (of: Figures): string => `${of['scrollFps']} and ${of['zoomFps']}`;
  const rows = [
    ['what', 'goal', 'measured'],
    ['---', '---', '---'],
    ['bytes before anything is clicked, gzip, without the query editor', '150 KB', `${firstLoad['kilobytesGzip']} KB`],
    ['a sample trace, from the click until its row is shown, median / slowest of 5', '300 ms', spread(sample)],
    [
      'a trace of 10,000 spans, from the click on its row until it is painted, median / slowest of 7',
      '200 ms',
      spread(spans10),
    ],
    ['the same of 50,000 spans, median / slowest of 5', '1 s', spread(spans50)],
    ['frames per second while scrolling and while zooming, 10,000 spans', '55', fps(frames10)],
    ['the same of 50,000 spans', '', fps(frames50)],
    [
      `a service map of ${map['nodes']} services and ${map['edges']} calls, frames per second while zooming`,
      'smooth',
      String(map['zoomFps']),
    ],
    ['the same map, from its address until it is painted, median / slowest of 3', '1 s', spread(map)],
    ['a list of 100,000 traces, from its address to its first rows, median / slowest of 3', '1 s', spread(firstRows)],
    ['the same, from the click on Duration to the longest trace', '1 s', spread(sorted)],
    ['the same, from the first letter of a text to its trace', '', spread(typed)],
    [
      `the page's heap while ${live['segmentsPerSecond']} segments per second arrive, after ${live['minutes']! / 4}, ${live['minutes']! / 2} and ${live['minutes']} min (${live['rows']} rows)`,
      'flat',
      `${live['heapQuarterMb']}, ${live['heapHalfMb']} and ${live['heapLastMb']} MB`,
    ],
    [
      'delay of a key press in the meantime, p50 / p99 / maximum',
      '50 ms',
      `${live['inputDelayP50Ms']} / ${live['inputDelayP99Ms']} / ${live['inputDelayMostMs']} ms`,
    ],
  ];
  return `${machine}.\n\n${rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}
