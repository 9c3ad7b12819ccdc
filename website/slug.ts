/** The anchor of a heading, as on GitHub: lower case, no punctuation but `-` and `_`, and `-` for each blank. */
export function slugOf(title: string): string {
  return title
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replaceAll(' ', '-');
}
