/** The items of a list as users write it: separated by commas, without the blanks around them. */
export function itemsOf(list: string): string[] {
  const items = list.split(',').map((item) => item.trim());
  return items.filter((item) => item !== '');
}
