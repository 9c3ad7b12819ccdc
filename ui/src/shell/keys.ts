/** A keyboard shortcut. */
export interface KeyHandler {
  /** As `event.key`; `g t` for a sequence of two keys; `Ctrl+f` (⌘F on a Mac) also works while typing. */
  readonly keys: readonly string[];
  readonly does: string;
  /** Returning false leaves the key to the browser. */
  readonly run: () => unknown;
}

/** Title of the keys that work on every screen. */
export const EVERYWHERE = 'Everywhere';

const groups = new Map<string, readonly KeyHandler[]>();
let before: { key: string; atMs: number } | undefined;
/** Maximum time between the two keys of a sequence. */
const CHORD_MS = 1_000;

/** Adds keys under a title. Returns a function that removes them. */
export function addKeys(title: string, handlers: readonly KeyHandler[]): () => void {
  groups.set(title, handlers);
  return () => {
    if (groups.get(title) === handlers) groups.delete(title);
  };
}

/** All current keys, for the help dialog. */
export function allKeys(): readonly (readonly [title: string, handlers: readonly KeyHandler[]])[] {
  // Global keys come last.
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
  // Enter and Space activate the focused element.
  if ((event.key === 'Enter' || event.key === ' ') && /^(A|BUTTON|SUMMARY)$/.test(target.tagName)) return;
  const nowMs = performance.now();
  const chord = before !== undefined && nowMs - before.atMs < CHORD_MS ? `${before.key} ${event.key}` : undefined;
  before = { key: event.key, atMs: nowMs };
  const handlers = [...groups.values()].toReversed().flat();
  const handler =
    handlers.find(({ keys }) => chord !== undefined && keys.includes(chord)) ??
    handlers.find(({ keys }) => keys.includes(event.key));
  if (handler === undefined) return;
  before = undefined;
  if (handler.run() !== false) event.preventDefault();
}

function onShortcut(event: KeyboardEvent): void {
  if (event.shiftKey || document.querySelector('dialog[open]') !== null) return;
  const handler = [...groups.values()].flat().find(({ keys }) => keys.includes(`Ctrl+${event.key}`));
  if (handler !== undefined && handler.run() !== false) event.preventDefault();
}
