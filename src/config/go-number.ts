/**
 * A whole number as Go's strconv.ParseInt reads it with base 0: `16`, `0x10`, `020`, `0o20`, `0b1_0000`, each with a
 * sign. undefined if the text is not a number. Source: Go's flag package and strconv.
 */
export function parseGoInt(text: string): number | undefined {
  const match =
    /^([+-]?)(?:0x_?([\da-f]+(?:_[\da-f]+)*)|0b_?([01]+(?:_[01]+)*)|0o?_?([0-7]+(?:_[0-7]+)*)|(0|[1-9]\d*(?:_\d+)*))$/i.exec(
      text,
    );
  if (match === null) return undefined;
  const [, sign, hex, binary, octal, decimal = ''] = match;
  const digits = hex ?? binary ?? octal ?? decimal;
  const base = hex !== undefined ? 16 : binary !== undefined ? 2 : octal !== undefined ? 8 : 10;
  const value = Number.parseInt(digits.replaceAll('_', ''), base);
  // Go refuses numbers beyond 64 bits; no option exceeds 53.
  if (value > 2 ** 63) return undefined;
  return sign === '-' ? -value : value;
}
