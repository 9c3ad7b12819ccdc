/** Of an error's text no more helps; what answers may send megabytes. */
const MAX_LENGTH = 1_000;
/** Controls, what changes the direction of text or is not seen, line separators, halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Text from outside for a log line, an answer or a terminal: of a bounded length, on one line, with what is not printable escaped. */
export function oneLine(text: string, maxLength = MAX_LENGTH): string {
  return printable(text, maxLength);
}

/** The same; characters that match `kept` stay as they are. */
export function printable(text: string, maxLength: number, kept?: RegExp): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}… (${text.length} characters)` : text;
  return cut.replaceAll(UNPRINTABLE, (character) => (kept?.test(character) === true ? character : escaped(character)));
}

function escaped(character: string): string {
  if (character === '\n') return '\\n';
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
