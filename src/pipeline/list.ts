/** The items of a list as users write it: separated by commas, without the blanks around them. */
export function itemsOf(list: string): string[] {
  const items = list.split(',').map((item) => item.trim());
  return items.filter((item) => item !== '');
}

/** The keys of a table that is written in the code, so that its type has all of them. */
export function namesOf<K extends string>(table: Readonly<Record<K, unknown>>): readonly K[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys returns texts
  return Object.keys(table) as K[];
}

/** A table with these keys. */
export function tableOf<K extends string, V>(names: readonly K[], valueOf: (name: K, at: number) => V): Record<K, V> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.fromEntries knows no keys
  return Object.fromEntries(names.map((name, at) => [name, valueOf(name, at)])) as Record<K, V>;
}
