/** What a key does; the first handler that takes it has it. */
export interface KeyHandler {
  /** As `event.key`, with `g t` for two keys one after the other, and `Ctrl+f` (on a Mac ⌘F), which works while one writes, too. */
  readonly keys: readonly string[];
  readonly does: string;
  /** Returns false to leave the key to the browser. */
  readonly run: () => unknown;
}

/** The title of the keys of no screen. */
export const EVERYWHERE = 'Everywhere';

const groups = new Map<string, readonly KeyHandler[]>();
let before: { key: string; atMs: number } | undefined;
/** Two keys belong together within this time. */
const CHORD_MS = 1_000;

/** Adds the keys of a screen under a title; the function that it returns takes them away. */
export function addKeys(title: string, handlers: readonly KeyHandler[]): () => void {
  groups.set(title, handlers);
  return () => {
    if (groups.get(title) === handlers) groups.delete(title);
  };
}

/** For the list of keys: what works here and now. */
export function allKeys(): readonly (readonly [title: string, handlers: readonly KeyHandler[]])[] {
  // What works everywhere was added first, and is looked for last.
  return [...groups].toSorted(([a], [b]) => Number(a === EVERYWHERE) - Number(b === EVERYWHERE));
}

export function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey) return;
  if (event.metaKey || event.ctrlKey) {
    onShortcut(event);
    return;
  }
  const target = event.target instanceof HTMLElement ? event.target : document.body;
  const isWriting = target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  if (isWriting || document.querySelector('dialog[open]') !== null) return;
  // Enter and space press what has the focus.
  if ((event.key === 'Enter' || event.key === ' ') && /^(A|BUTTON|SUMMARY)$/.test(target.tagName)) return;
  const nowMs = performance.now();
  const chord = before !== undefined && nowMs - before.atMs < CHORD_MS ? `${before.key} ${event.key}` : undefined;
  before = { key: event.key, atMs: nowMs };
  const handlers = [...groups.values()].toReversed().flat();
  const handler = handlers.find(({ keys }) => chord !== undefined && keys.includes(chord)) ?? handlers.find(({ keys }) => keys.includes(event.key));
  if (handler === undefined) return;
  before = undefined;
  if (handler.run() !== false) event.preventDefault();
}

function onShortcut(event: KeyboardEvent): void {
  if (event.shiftKey || document.querySelector('dialog[open]') !== null) return;
  const handler = [...groups.values()].flat().find(({ keys }) => keys.includes(`Ctrl+${event.key}`));
  if (handler !== undefined && handler.run() !== false) event.preventDefault();
}
