import { distance } from 'fastest-levenshtein';

/** A prefix that is shorter may stand for many names. */
const MIN_PREFIX = 3;
/** No name is as long; comparing takes the square of the length for each pair of letters. */
const MAX_LENGTH = 64;

/**
 * The known name that a person probably meant: one that begins with what was written, or differs in at most a third of
 * its letters, where two neighbours that changed places count once. undefined if none is that close: a wrong guess
 * misleads.
 */
export function suggestion(written: string, names: readonly string[]): string | undefined {
  const text = written.toLowerCase();
  const longer = text.length < MIN_PREFIX ? [] : names.filter((name) => name.toLowerCase().startsWith(text));
  if (longer.length === 1) return longer[0];
  if (text.length > MAX_LENGTH) return undefined;
  const [near] = names
    .map((name) => ({ name, edits: editsBetween(text, name.toLowerCase()) }))
    .toSorted((a, b) => a.edits - b.edits);
  const length = Math.min(text.length, near?.name.length ?? 0);
  if (near === undefined || near.edits > Math.max(1, Math.floor(length / 3)) || length < 2) return undefined;
  return near.name;
}

/** Levenshtein's distance, in which one swap of neighbours, the most common slip, counts as one edit instead of two. */
function editsBetween(text: string, name: string): number {
  const swapped = Array.from({ length: Math.max(0, text.length - 1) }, (_, at) =>
    [text.slice(0, at), text[at + 1], text[at], text.slice(at + 2)].join(''),
  );
  return Math.min(distance(text, name), ...swapped.map((each) => 1 + distance(each, name)));
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
