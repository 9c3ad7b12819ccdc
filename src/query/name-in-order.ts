/** Longer names are ordered by their beginning. */
const MAX_NAME = 200;

/** What a trace's name is ordered by, in the store as in a query. */
export function nameInOrder(name: string): string {
  return name.slice(0, MAX_NAME);
}
