import { computed, effect, signal, untracked } from '@preact/signals';
import type { Finding, TraceDocuments } from '../../../src/api/page-types.ts';
import type { TraceLog } from '../../../src/trace/log.ts';
import { readFindings, readLogs, readTrace, Refused, messageOf } from '../api.ts';
import { readAfter, Rereading } from '../rereading.ts';
import { param, setParams } from '../route.ts';
import { nowSeconds } from '../wall-clock.ts';
import { causeOf } from './cause.ts';
import { criticalPath, SPANS_AT_ONCE } from './critical-path.ts';
import { matching } from './find.ts';
import { FOLD_ID, type Fold } from './folds.ts';
import { grow, modelOf, type Span, type TraceModel } from './model.ts';
import { slowestOf } from './slowest.ts';
import {
  collapsedBelow,
  foldWith,
  isOfRow,
  oncePerRow,
  revealed,
  rowsOf,
  type Shown,
  type TimelineRow,
} from './rows.ts';
import { TimelineZoom } from './zoom.ts';

/** With more spans, only the first levels are expanded initially. */
const MANY_SPANS = 3_000;
const FIRST_LEVELS = 2;
/** Minimum interval between readings of a trace that changes. */
const REREAD_MS = 150;
const GROW_MS = 100;
/** The timeline is painted within this time. */
const PAINT_MS = 300;
/** As in trace.css: the panel covers the rest. */
const NARROW_SCREEN = '(max-width: 720px)';
/** The zoom is written to the address once it has not changed for this time. */
const REST_MS = 300;

/** The state of the trace screen: the trace, and how the user looks at it. */
export class TraceState {
  readonly id: string;
  readonly model = signal<TraceModel | undefined>(undefined);
  readonly problem = signal<{ readonly isMissing: boolean; readonly message: string } | undefined>(undefined);
  /** undefined until they have been read; with the notes. */
  readonly findings = signal<readonly Finding[] | undefined>(undefined);
  /** Findings to act on: notes are about data that AWS has too. */
  readonly problems = computed(() => this.findings.value?.filter(({ isNote }) => isNote !== true) ?? []);
  /** Log records, in order of time; undefined until they have been read. */
  readonly logs = signal<readonly TraceLog[] | undefined>(undefined);
  /** Why they could not be read; "" otherwise. */
  readonly findingsProblem = signal('');
  /** Findings and logs have been read, or cannot be. They are shown together, so that neither moves the other. */
  readonly hasLaterFacts = computed(
    () => this.logs.value !== undefined && (this.findings.value !== undefined || this.findingsProblem.value !== ''),
  );
  readonly shown = signal<Shown>({ collapsed: new Set(), unfolded: new Set() });
  readonly find = computed(() => param('find'));
  /** The timeline has been painted: everything it does not need is loaded after that. */
  readonly isPainted = signal(false);
  /** The find field, while the view has one. */
  #findField: HTMLInputElement | null = null;
  /** Changes whenever the model has grown in place. */
  readonly tick = signal(0);
  readonly zoom = new TimelineZoom(this.model, this.tick);

  /** Inferred services have their own rows. */
  readonly hasInferred = computed(() => param('inferred') !== '');
  /** Different clocks are adjusted to those of the callers. */
  readonly isAdjusted = computed(() => param('clock') !== 'recorded');
  readonly rows = computed(() =>
    this.model.value === undefined
      ? []
      : rowsOf(this.model.value.roots, this.shown.value, { hasInferred: this.hasInferred.value }),
  );
  readonly path = computed(() => {
    void this.tick.value;
    const model = this.model.value;
    if (model === undefined || (model.spans.length > SPANS_AT_ONCE && !this.isPainted.value))
      return criticalPath(undefined);
    return criticalPath(model.roots.find(({ isOrphan }) => !isOrphan));
  });
  readonly matches = computed(() => {
    const found = matching(this.model.value?.spans ?? [], this.find.value);
    return oncePerRow(this.hasInferred.value ? found : found.filter(({ kind }) => kind !== 'inferred'));
  });
  /**
   * ID of the span that the page selected by itself: the cause. Not in the address, so that a shared address opens on
   * the cause again.
   */
  readonly opened = signal('');
  readonly selected = computed(() =>
    this.model.value?.byId.get(param('span') || (this.#isFullWidth(param('tab')) ? '' : this.opened.value)),
  );
  readonly selectedFold = computed<Fold | undefined>(() => {
    const id = param('span');
    const model = this.model.value;
    const first = id.startsWith(FOLD_ID) ? model?.byId.get(id.slice(FOLD_ID.length)) : undefined;
    return model === undefined || first === undefined ? undefined : foldWith(first, model.roots);
  });
  /** ID of the current or last selection; it is restored after a view without a panel. */
  readonly lastSelected = signal('');
  readonly cause = computed(() => (this.model.value === undefined ? undefined : causeOf(this.model.value)));
  readonly slowest = computed(() =>
    this.model.value === undefined ? undefined : slowestOf(this.model.value, this.path.value),
  );
  readonly #isFullWidth: (tab: string) => boolean;
  readonly #keepers = new Set<() => () => void>();
  #found: TraceDocuments | undefined;
  #revisionOfFindings: TraceDocuments['revision'] | undefined;
  #reading: AbortController | undefined;
  readonly #rereading = new Rereading(() => this.#load(), REREAD_MS);
  #growing: ReturnType<typeof setInterval> | undefined;
  #resting: ReturnType<typeof setTimeout> | undefined;
  readonly #forget: (() => void)[];

  /** `isFullWidth`: whether the view of a tab takes up the width of the panel, which then does not open by itself. */
  constructor(id: string, isFullWidth: (tab: string) => boolean) {
    this.id = id;
    this.#isFullWidth = isFullWidth;
    const adjust = effect(() => {
      const isAdjusted = this.isAdjusted.value;
      const found = this.#found;
      if (found !== undefined) untracked(() => (this.model.value = modelOf(found, nowSeconds(), { isAdjusted })));
    });
    const keep = effect(() => {
      if (param('span') !== '') this.lastSelected.value = param('span');
    });
    const remember = effect(() => {
      void this.zoom.chosen.value;
      clearTimeout(this.#resting);
      if (this.model.peek() === undefined) return;
      this.#resting = setTimeout(() => setParams({ zoom: this.zoom.text() }, { isAside: true }), REST_MS);
    });
    this.#forget = [adjust, keep, remember];
  }

  load(): Promise<void> {
    return this.#rereading.now();
  }

  async #load(): Promise<void> {
    this.#reading?.abort();
    const { signal: stop } = (this.#reading = new AbortController());
    try {
      const found = await readTrace(this.id, stop);
      // Logs may come without a change of the trace.
      readAfter(this.isPainted, () => void this.#readLogs(stop));
      const isFirst = this.model.peek() === undefined;
      // An earlier reading of the findings may have been aborted for this one.
      if (found.revision !== this.#revisionOfFindings)
        readAfter(this.isPainted, () => void this.#readFindings(found.revision, stop));
      if (found.revision === this.model.peek()?.revision) return;
      this.#found = found;
      const model = modelOf(found, nowSeconds(), { isAdjusted: this.isAdjusted.peek() });
      const restorers = [...this.#keepers].map((keep) => keep());
      if (isFirst && model.spans.length > MANY_SPANS)
        this.shown.value = { collapsed: collapsedBelow(model.spans, FIRST_LEVELS), unfolded: new Set() };
      const before = this.model.peek();
      if (before !== undefined) this.zoom.keep(before, model);
      this.model.value = model;
      this.problem.value = undefined;
      for (const restore of restorers) restore();
      if (isFirst) this.#lookAsAddressed();
      this.#growWhile(model);
      // If another view is open, the timeline never paints.
      setTimeout(() => (this.isPainted.value = true), PAINT_MS);
    } catch (error) {
      if (stop.aborted) return;
      const message = messageOf(error);
      this.problem.value = { isMissing: error instanceof Refused && error.status === 404, message };
    }
  }

  /** Calls `keep` before the model is replaced and its result afterwards. Returns a function that ends this. */
  whileChanging(keep: () => () => void): () => void {
    this.#keepers.add(keep);
    return () => void this.#keepers.delete(keep);
  }

  /** The trace changed in the store. */
  changed(): void {
    this.#rereading.changed();
  }

  leave(): void {
    this.#reading?.abort();
    this.#rereading.stop();
    clearInterval(this.#growing);
    clearTimeout(this.#resting);
    for (const forget of this.#forget) forget();
  }

  setFindField(field: HTMLInputElement | null): void {
    this.#findField = field;
  }

  /** Moves the focus to the find field. Returns false if it is already there, or the view has no such field. */
  focusFind(): boolean {
    const field = this.#findField;
    if (field === null || document.activeElement === field) return false;
    field.focus();
    field.select();
    return true;
  }

  search(text: string): void {
    setParams({ find: text }, { isAside: true });
  }

  select(what: Span | Fold | undefined): void {
    this.zoom.isTouched = true;
    this.opened.value = '';
    this.lastSelected.value = what?.id ?? '';
    setParams({ span: what?.id ?? '' }, { isAside: true });
  }

  /** Selects a span and expands whatever hides it. */
  show(span: Span): void {
    this.reveal(span);
    this.select(span);
  }

  readonly isSelected = (row: TimelineRow): boolean =>
    row.fold === undefined ? isOfRow(row, this.selected.value) : row.fold.key === this.selectedFold.value?.key;

  /** Turns clock adjustment on or off; Back undoes it. */
  adjust(isAdjusted: boolean): void {
    setParams({ clock: isAdjusted ? '' : 'recorded' });
  }

  pinned(isPinned: boolean): void {
    const model = this.model.peek();
    if (this.#found === undefined || model === undefined) return;
    this.#found = { ...this.#found, isPinned };
    this.model.value = { ...model, isPinned };
  }

  /** Expands whatever hides the span. */
  reveal(span: Span): void {
    if (span.kind === 'inferred' && !this.hasInferred.peek()) setParams({ inferred: '1' }, { isAside: true });
    this.shown.value = revealed(span, this.model.peek()?.roots ?? [], this.shown.peek());
  }

  toggle(key: string, isFold: boolean): void {
    const { collapsed, unfolded } = this.shown.peek();
    const flipped = new Set(isFold ? unfolded : collapsed);
    if (!flipped.delete(key)) flipped.add(key);
    this.shown.value = isFold ? { collapsed, unfolded: flipped } : { collapsed: flipped, unfolded };
  }

  openBy(levels: number): void {
    const deepest = this.rows.peek().reduce((most, { depth }) => Math.max(most, depth), 0);
    this.openTo(Math.max(1, deepest + levels));
  }

  /** Expands this many levels; Infinity expands all. */
  openTo(depth: number): void {
    const { unfolded } = this.shown.peek();
    this.shown.value = { collapsed: collapsedBelow(this.model.peek()?.spans ?? [], depth), unfolded };
  }

  /** Restores zoom and selection from the address; without them, a failed trace opens on its cause. */
  #lookAsAddressed(): void {
    this.zoom.toText(untracked(() => param('zoom')));
    const selected = this.selected.peek();
    const cause = this.cause.peek()?.span;
    const isPlain = untracked(() => ['span', 'tab', 'find', 'zoom'].every((name) => param(name) === ''));
    if (selected !== undefined) this.reveal(selected);
    else if (isPlain && cause !== undefined) {
      this.reveal(cause);
      // On a narrow screen the panel would cover the timeline; the header names the cause.
      if (!matchMedia(NARROW_SCREEN).matches) this.opened.value = cause.id;
    }
  }

  #growWhile(model: TraceModel): void {
    clearInterval(this.#growing);
    if (!model.isLive) return;
    this.#growing = setInterval(() => {
      grow(model, nowSeconds());
      this.tick.value++;
    }, GROW_MS);
  }

  async #readLogs(stop: AbortSignal): Promise<void> {
    try {
      const logs = await readLogs(this.id, stop);
      this.logs.value = logs.toSorted((a, b) => a.time - b.time);
    } catch {
      // As for findings.
      if (!stop.aborted) this.logs.value ??= [];
    }
  }

  async #readFindings(revision: TraceDocuments['revision'], stop: AbortSignal): Promise<void> {
    try {
      this.findings.value = await readFindings(this.id, stop);
      this.findingsProblem.value = '';
      this.#revisionOfFindings = revision;
    } catch (error) {
      // The trace itself is readable; findings are read again with the next change.
      if (!stop.aborted) this.findingsProblem.value = messageOf(error);
    }
  }
}
