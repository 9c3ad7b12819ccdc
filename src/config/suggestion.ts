import { closest, distance } from 'fastest-levenshtein';

/** A prefix that is shorter may stand for many names. */
const MIN_PREFIX = 3;

/**
 * The known name that a person probably meant: one that begins with what was written, or differs in at most a third of
 * its letters. undefined if none is that close: a guess that is far off sends the reader in a wrong direction.
 */
export function suggestion(written: string, names: readonly string[]): string | undefined {
  const text = written.toLowerCase();
  const longer = text.length < MIN_PREFIX ? [] : names.filter((name) => name.toLowerCase().startsWith(text));
  if (longer.length === 1) return longer[0];
  const near = closest(
    text,
    names.map((name) => name.toLowerCase()),
  );
  const length = Math.min(text.length, near.length);
  if (distance(text, near) > Math.max(1, Math.floor(length / 3)) || length < 2) return undefined;
  return names.find((name) => name.toLowerCase() === near);
}

/** ` Did you mean …?`, or "". `shown` is how the name is written. */
export function hintFor(
  written: string,
  names: readonly string[],
  shown: (name: string) => string = (name) => name,
): string {
  const near = suggestion(written, names);
  return near === undefined ? '' : ` Did you mean ${shown(near)}?`;
}
