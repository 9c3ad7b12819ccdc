/** More of an error's text does not help, and responses may carry megabytes. */
const MAX_LENGTH = 1_000;
/** Control characters, invisible or direction-changing characters, line separators, lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * Makes external text safe for a log line, a response or a terminal: bounded length, one line, unprintable characters
 * escaped.
 */
export function oneLine(text: string, maxLength = MAX_LENGTH): string {
  return printable(text, maxLength);
}

/** Like `oneLine`, but keeps characters that match `kept`. */
export function printable(text: string, maxLength: number, kept?: RegExp): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}… (${text.length} characters)` : text;
  return cut.replaceAll(UNPRINTABLE, (character) => (kept?.test(character) === true ? character : escaped(character)));
}

function escaped(character: string): string {
  if (character === '\n') return '\\n';
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
