import type { ThemeColours } from '../canvas.ts';
import type { Stretch } from './critical-path.ts';
import type { Span } from './model.ts';
import type { TimelineRow } from './rows.ts';
import type { TimeAxis } from './time-axis.ts';
import type { Zoom } from './zoom.ts';

export interface TimelineScene {
  readonly rows: readonly TimelineRow[];
  readonly axis: TimeAxis;
  readonly window: Zoom;
  readonly path: ReadonlyMap<string, Stretch>;
  readonly isSelected: (row: TimelineRow) => boolean;
  readonly hovered: number;
  /** px from the left edge of the bars; undefined while the pointer is elsewhere. */
  readonly pointer: number | undefined;
  readonly matches: ReadonlySet<Span>;
  readonly colours: ThemeColours;
}
