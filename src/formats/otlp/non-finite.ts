const NON_FINITE = ['NaN', 'Infinity', '-Infinity'] as const;
const INITIALS = new Set(NON_FINITE.map((name) => name[0]));

/**
 * Puts quotes around NaN, Infinity and -Infinity where they are written as numbers, which JSON does not have and
 * Python's json module writes. One pass, whatever the text.
 */
export function quoteNonFinite(text: string): string {
  let result = '';
  let copied = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') {
      for (i++; i < text.length && text[i] !== '"'; i++) if (text[i] === '\\') i++;
      continue;
    }
    if (!INITIALS.has(text[i])) continue;
    const word = NON_FINITE.find((name) => text.startsWith(name, i));
    if (word === undefined) continue;
    result += `${text.slice(copied, i)}"${word}"`;
    i += word.length - 1;
    copied = i + 1;
  }
  return result + text.slice(copied);
}
