import { useSignal } from '@preact/signals';
import type { TargetedMouseEvent } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { context2d, themeColours } from '../canvas.ts';
import { count, duration, percent } from '../format.ts';
import { useSize } from '../hooks.ts';
import { Picture } from '../picture.tsx';
import { settings } from '../settings.ts';
import { cut } from './cut.ts';
import { framesOf, placedFrames, type Frame, type PlacedFrame } from './flame-tree.ts';
import type { ViewProps } from './view.ts';

const ROW = 24;

/** The trace with repeated calls merged: width is time, callees are below. */
export function Flame({ state, model }: ViewProps) {
  const tops = useMemo(() => framesOf(model.roots), [model]);
  const root = useSignal<Frame | undefined>(undefined);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useSize(canvas).value?.width;
  const placed = useMemo(() => placedFrames(tops, root.value), [tops, root.value]);
  const rows = placed.reduce((most, { row }) => Math.max(most, row + 1), 1);
  // The frames of a new model are new objects.
  useEffect(() => void (root.value = undefined), [root, tops]);
  void settings.value;
  const selected = state.selected.value?.id;
  useEffect(() => {
    if (canvas.current !== null && width !== undefined) draw(canvas.current, placed, rows * ROW, selected);
  });
  const frameAt = (event: TargetedMouseEvent<HTMLCanvasElement>): Frame | undefined => {
    const [x, row] = [event.offsetX / event.currentTarget.clientWidth, Math.floor(event.offsetY / ROW)];
    return placed.find((each) => each.row === row && x >= each.left && x < each.left + each.width)?.frame;
  };
  const total = tops.reduce((sum, frame) => sum + frame.total, 0);
  return (
    <section class="flame" aria-label="Flame graph" tabIndex={0}>
      <p class="faint">
        Width is time; repeated calls are merged. Click a frame for its longest call, double-click to zoom in on it.{' '}
        {root.value !== undefined && (
          <button type="button" class="button small" onClick={() => (root.value = undefined)}>
            Whole trace
          </button>
        )}
      </p>
      <Picture
        canvas={canvas}
        height={rows * ROW}
        label="Flame graph; the view Self time has the same figures as a table"
        onClick={(event) => state.select(frameAt(event)?.first)}
        onDblClick={(event) => (root.value = frameAt(event))}
        onPointerMove={(event) => {
          const frame = frameAt(event);
          event.currentTarget.title = frame === undefined ? '' : titleOf(frame, total);
        }}
      />
    </section>
  );
}

function titleOf({ name, service, calls, total }: Frame, all: number): string {
  return `${name} in ${service}\n${count(calls)} ${calls === 1 ? 'call' : 'calls'}, ${duration(total)}, ${percent(all === 0 ? 0 : total / all)}`;
}

function draw(
  canvas: HTMLCanvasElement,
  placed: readonly PlacedFrame[],
  height: number,
  selectedId: string | undefined,
): void {
  const { context, width } = context2d(canvas, height);
  const colours = themeColours();
  context.textBaseline = 'middle';
  for (const { frame, left, width: share, row } of placed) {
    const [x, w, y] = [left * width, share * width, row * ROW];
    if (w < 0.5) continue;
    context.fillStyle = colours.bars[frame.outcome];
    context.globalAlpha = frame.first.id === selectedId ? 1 : 0.28;
    context.fillRect(x, y, Math.max(1, w - 1), ROW - 1);
    context.globalAlpha = 1;
    context.fillRect(x, y, Math.max(1, w - 1), 2);
    if (w < 40) continue;
    const font = frame.first.kind === 'segment' ? colours.strong : colours.medium;
    context.fillStyle = colours.ink;
    context.font = font;
    const name = cut(context, font, frame.calls > 1 ? `${frame.name} ×${frame.calls}` : frame.name, w - 14);
    context.fillText(name, x + 6, y + ROW / 2 + 1);
    const at = x + 6 + context.measureText(name).width + 8;
    context.fillStyle = colours.ink2;
    context.font = colours.small;
    const length = duration(frame.total);
    if (at + context.measureText(length).width < x + w - 6) context.fillText(length, at, y + ROW / 2 + 1);
  }
}
