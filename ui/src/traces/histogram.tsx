import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { context2d, themeColours } from '../canvas.ts';
import { duration, plural } from '../format.ts';
import { ordered, useDrag } from '../drag.ts';
import { hideCard, showCard } from '../hover-card.tsx';
import { LEGEND, OUTCOMES } from '../outcomes.ts';
import { Picture } from '../picture.tsx';
import { narrow } from '../search.ts';
import { binsOf, type Bins } from './chart-scale.ts';
import { Brush, HEIGHT, PAD, useDrawing, type Rect } from './drawing.tsx';

/** px left and right of the bars. */
const MARGIN = 12;

/** How many traces took how long. A brush narrows the search. */
export function Histogram() {
  const bins = useRef<Bins>(undefined);
  const brush = useSignal<Rect | undefined>(undefined);
  const canvas = useDrawing((element, { lengths }) => {
    bins.current = binsOf(lengths, element.clientWidth - 2 * MARGIN);
    drawHistogram(element, bins.current);
  });
  const handlers = useDrag({
    onStart: hideCard,
    onHover: ({ x }) => {
      if (canvas.current !== null) describeBin(canvas.current, bins.current, x);
    },
    onDrag: ({ from, to }) => {
      const [left, right] = wholeBars(from.x, to.x, bins.current);
      brush.value = { left, right, top: PAD.top, bottom: HEIGHT - PAD.bottom };
    },
    onEnd: ({ from, to, isClick }) => {
      brush.value = undefined;
      const found = bins.current;
      if (found === undefined || found.bins.length === 0) return;
      const [left, right] = wholeBars(from.x, isClick ? from.x : to.x, found);
      narrow({ shortest: found.secondsAt(left - MARGIN), longest: found.secondsAt(right - MARGIN) });
    },
    onCancel: () => (brush.value = undefined),
  });
  return (
    <div class="chart histogram">
      <Picture
        canvas={canvas}
        height={HEIGHT}
        label="How many traces took how long"
        {...handlers}
        onPointerLeave={hideCard}
      />
      <span class="caption faint" aria-hidden="true">
        traces by duration
      </span>
      {brush.value !== undefined && <Brush rect={brush.value} />}
    </div>
  );
}

/** From the start of one bar to the end of the other: a brush selects whole bars. */
function wholeBars(a: number, b: number, found: Bins | undefined): readonly [left: number, right: number] {
  const width = found?.barWidth ?? 1;
  const bar = (x: number): number =>
    Math.max(0, Math.min((found?.bins.length ?? 1) - 1, Math.floor((x - MARGIN) / width)));
  const [first, last] = ordered(bar(a), bar(b));
  return [MARGIN + first * width, MARGIN + (last + 1) * width];
}

/** Describes the bar under the pointer. */
function describeBin(canvas: HTMLCanvasElement, found: Bins | undefined, x: number): void {
  const index = found === undefined ? -1 : Math.floor((x - MARGIN) / found.barWidth);
  const bin = found?.bins[index];
  if (found === undefined || bin === undefined || bin.total === 0) return hideCard();
  const { left, top, bottom } = canvas.getBoundingClientRect();
  const [shortest, longest] = [index, index + 1].map((i) => duration(found.secondsAt(i * found.barWidth)));
  const parts = OUTCOMES.map((outcome, rank) => ({ outcome, count: bin.byOutcome[rank] ?? 0 })).filter(
    ({ count }) => count > 0,
  );
  showCard(
    { left: left + MARGIN + index * found.barWidth, top, bottom },
    <>
      <b>{plural(bin.total, 'trace')}</b>
      <div>
        {shortest} – {longest}
      </div>
      {parts.map(({ outcome, count }) => (
        <div key={outcome} class="dim">
          {count} {LEGEND[outcome].join('')}
        </div>
      ))}
    </>,
  );
}

function drawHistogram(canvas: HTMLCanvasElement, { bins, barWidth, ticks }: Bins): void {
  const { context } = context2d(canvas, HEIGHT);
  const colours = themeColours();
  const most = Math.max(1, ...bins.map(({ total }) => total));
  const tallest = HEIGHT - PAD.top - PAD.bottom;
  for (const [i, { total, byOutcome }] of bins.entries()) {
    if (total === 0) continue;
    let bottom = HEIGHT - PAD.bottom;
    // A single trace among thousands stays visible.
    const height = Math.max(2, (total / most) * tallest);
    for (const [rank, outcome] of OUTCOMES.entries()) {
      const part = ((byOutcome[rank] ?? 0) / total) * height;
      context.fillStyle = colours.bars[outcome];
      context.fillRect(MARGIN + i * barWidth, bottom - part, Math.max(1, barWidth - 2), part);
      bottom -= part;
    }
  }
  context.font = colours.small;
  context.fillStyle = colours.ink3;
  for (const { x, text, align } of ticks) {
    context.textAlign = align;
    context.fillText(text, MARGIN + x, HEIGHT - 4);
  }
}
