/** The values by their key, each once, in the order they came. */
export function distinct<T>(values: Iterable<T>, key: (value: T) => string): T[] {
  const seen = new Map<string, T>();
  for (const value of values) {
    const id = key(value);
    if (!seen.has(id)) seen.set(id, value);
  }
  return [...seen.values()];
}
