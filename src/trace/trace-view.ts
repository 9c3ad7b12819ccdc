import { ExactNumber } from '../json/exact-number.ts';
import { mapOf, type TraceMap } from './map.ts';
import type { AnnotationValue, Span, Trace } from './model.ts';
import { rootCausesOf, type CauseKind, type RootCause } from './root-causes.ts';

/** In the year 9999: boto3 fails on a response with a later time. */
const LAST_SECOND = 253_402_300_799;

/** Whether X-Ray indexes the value: texts, numbers and booleans. */
export function isAnnotationValue(value: unknown): value is AnnotationValue {
  return (
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value instanceof ExactNumber
  );
}

/** Derived properties of a trace, each computed once, on first use. */
export class TraceView {
  readonly trace: Trace;
  readonly #causes = new Map<CauseKind, readonly RootCause[]>();
  #map: TraceMap | undefined;
  #annotations: ReadonlyMap<string, readonly AnnotationValue[]> | undefined;
  #bounds: Bounds | undefined;

  constructor(trace: Trace) {
    this.trace = trace;
  }

  get root(): Span | undefined {
    return this.trace.root;
  }

  get map(): TraceMap {
    return (this.#map ??= mapOf(this.trace));
  }

  causes(kind: CauseKind): readonly RootCause[] {
    let causes = this.#causes.get(kind);
    if (causes === undefined) {
      causes = rootCausesOf(this.trace, kind);
      this.#causes.set(kind, causes);
    }
    return causes;
  }

  /** The earliest start of a segment, in seconds; starts of zero or less are ignored. */
  get start(): number {
    return this.#times.start;
  }

  /** `start` in whole seconds, capped at what every client can read. */
  get startSecond(): number {
    return Math.min(Math.floor(this.start), LAST_SECOND);
  }

  /**
   * From the first start to the last end, in seconds; undefined while nothing is complete. Spans in progress count for
   * the start.
   */
  get duration(): number | undefined {
    const { firstStart, lastEnd } = this.#times;
    return lastEnd === -Infinity ? undefined : Math.max(0, lastEnd - firstStart);
  }

  /** Duration of the root segment in seconds. */
  get responseTime(): number | undefined {
    return this.root?.seconds;
  }

  /**
   * Whether the trace is incomplete: a segment below the root is in progress, or a parent is missing.
   * compat: a root in progress, and a call whose callee was expected to report but did not, do not count. Source:
   * recorded answers of X-Ray.
   */
  get isPartial(): boolean {
    const { trace } = this;
    if (trace.root === undefined || trace.orphans.length > 0) return true;
    return trace.segments.some(
      (segment) =>
        (segment.parentId !== undefined && trace.find(segment.parentId) === undefined) ||
        (segment.isInProgress && segment !== trace.root),
    );
  }

  /** The distinct values of each annotation in all segments and subsegments. */
  get annotations(): ReadonlyMap<string, readonly AnnotationValue[]> {
    return (this.#annotations ??= annotationsOf(this.trace.spans()));
  }

  /** The distinct texts that `read` returns for the segments. */
  textsOf(read: (segment: Span) => string | undefined): string[] {
    const texts = new Set<string>();
    for (const segment of this.trace.segments) {
      const text = read(segment);
      if (text !== undefined) texts.add(text);
    }
    return [...texts];
  }

  get #times(): Bounds {
    return (this.#bounds ??= boundsOf(this.trace));
  }
}

interface Bounds {
  readonly start: number;
  readonly firstStart: number;
  readonly lastEnd: number;
}

function boundsOf(trace: Trace): Bounds {
  let start = Infinity;
  let firstStart = Infinity;
  let lastEnd = -Infinity;
  for (const segment of trace.segments) if (segment.start > 0) start = Math.min(start, segment.start);
  for (const span of trace.spans(false)) {
    if (span.start <= 0) continue;
    firstStart = Math.min(firstStart, span.start);
    if (span.end !== undefined) lastEnd = Math.max(lastEnd, span.end);
  }
  if (start === Infinity)
    for (const orphan of trace.orphans) if (orphan.start > 0) start = Math.min(start, orphan.start);
  return { start: start === Infinity ? 0 : start, firstStart, lastEnd };
}

/** From so many values of one key on, a set tells whether another one is known: a trace may have 100,000. */
const FEW_VALUES = 16;

export function annotationsOf(spans: Iterable<Span>): Map<string, AnnotationValue[]> {
  const found = new Map<string, AnnotationValue[]>();
  const known = new Map<string, Set<unknown>>();
  for (const { annotations } of spans) {
    for (const [key, value] of Object.entries(annotations)) {
      if (!isAnnotationValue(value)) continue;
      const values = found.get(key);
      if (values === undefined) {
        found.set(key, [value]);
        continue;
      }
      let set = known.get(key);
      if (set === undefined && values.length === FEW_VALUES) known.set(key, (set = new Set(values.map(identityOf))));
      const isKnown = set?.has(identityOf(value)) ?? values.some((each) => isSame(each, value));
      if (isKnown) continue;
      values.push(value);
      set?.add(identityOf(value));
    }
  }
  return found;
}

function isSame(a: AnnotationValue, b: AnnotationValue): boolean {
  return a === b || (a instanceof ExactNumber && b instanceof ExactNumber && a.exact === b.exact);
}

/** For a set: the same for equal values, and different for `7` and "7". */
function identityOf(value: AnnotationValue): unknown {
  if (typeof value === 'string') return `"${value}`;
  return value instanceof ExactNumber ? value.exact : value;
}
