import type { RowOutcome } from '../../../src/api/page-types.ts';
import { severityOf } from '../outcomes.ts';
import { rowOf, type Span } from './model.ts';

/** Spans with the same path of names, merged. Seconds. */
export interface Frame {
  readonly name: string;
  readonly service: string;
  readonly depth: number;
  total: number;
  calls: number;
  outcome: RowOutcome;
  /** The longest of them. */
  first: Span;
  readonly children: Map<string, Frame>;
  readonly parent: Frame | undefined;
}

/** Merges spans that have the same path of names. Not recursive: a trace may be deep. */
export function framesOf(roots: readonly Span[]): Frame[] {
  const tops = new Map<string, Frame>();
  const open: { span: Span; parent: Frame | undefined }[] = roots.map((span) => ({ span, parent: undefined }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { parent } = next;
    if (next.span.kind === 'inferred') continue;
    // A call and the segment that serves it are one frame, as long as the call.
    const { span, call, outcome } = rowOf(next.span);
    const into = parent?.children ?? tops;
    const key = `${span.kind} ${span.name}`;
    const length = lengthOf(call ?? span);
    let frame = into.get(key);
    if (frame === undefined) {
      const depth = parent === undefined ? 0 : parent.depth + 1;
      frame = {
        name: span.name,
        service: span.service,
        depth,
        total: 0,
        calls: 0,
        outcome: 'ok',
        first: span,
        children: new Map(),
        parent,
      };
      into.set(key, frame);
    }
    frame.total += length;
    frame.calls++;
    if (lengthOf(span) > lengthOf(frame.first)) frame.first = span;
    if (severityOf(outcome) > severityOf(frame.outcome)) frame.outcome = outcome;
    for (const child of span.children) open.push({ span: child, parent: frame });
  }
  return [...tops.values()];
}

function lengthOf({ start, end }: Span): number {
  return end - start;
}

export interface PlacedFrame {
  readonly frame: Frame;
  /** Of the width, 0–1. */
  readonly left: number;
  readonly width: number;
  readonly row: number;
}

/**
 * The position of each frame: below its parent, as wide as its share. Parallel calls whose sum is longer than their
 * parent share its width.
 */
export function placedFrames(tops: readonly Frame[], root: Frame | undefined): PlacedFrame[] {
  const placed: PlacedFrame[] = [];
  const above: Frame[] = [];
  for (let at = root?.parent; at !== undefined; at = at.parent) above.unshift(at);
  for (const [row, frame] of above.entries()) placed.push({ frame, left: 0, width: 1, row });
  const open: PlacedFrame[] = [];
  const spread = (frames: readonly Frame[], left: number, width: number, row: number, total: number): void => {
    const sum = frames.reduce((all, frame) => all + frame.total, 0);
    const scale = sum > total ? 1 / sum : total === 0 ? 0 : 1 / total;
    let at = left;
    for (const frame of frames.toSorted((a, b) => b.total - a.total)) {
      const share = frame.total * scale * width;
      open.push({ frame, left: at, width: share, row });
      at += share;
    }
  };
  if (root === undefined) spread(tops, 0, 1, 0, 0);
  else open.push({ frame: root, left: 0, width: 1, row: above.length });
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    placed.push(next);
    if (next.width > 0.0005)
      spread([...next.frame.children.values()], next.left, next.width, next.row + 1, next.frame.total);
  }
  return placed;
}
