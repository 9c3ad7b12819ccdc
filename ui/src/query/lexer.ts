/** A token of the query box, whose content may not be an expression. */
export interface Token {
  /**
   * `string`: in double quotes. `quoted`: in other quotes. `unclosed`: from a double quote to the end.
   * `bare`: anything else without a space, such as a keyword, a number or a path.
   */
  readonly kind: 'string' | 'quoted' | 'unclosed' | 'operator' | 'connector' | 'mark' | 'bare';
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

const PIECES: readonly (readonly [kind: Token['kind'], pattern: RegExp])[] = [
  ['string', /"(?:[^"\\]|\\.)*"/y],
  ['quoted', /“[^“”]*”|‘[^‘’]*’|'[^']*'(?![\w])|`[^`]*`/y],
  ['unclosed', /"[^]*/y],
  ['connector', /&&|\|\|/y],
  ['operator', /==|!=|<>|<=|>=|=~|!~|[=<>~]/y],
  ['mark', /[(){},!]/y],
  // A key in brackets may contain spaces.
  ['bare', /(?:(?:source|destination)\.)?annotations?\[[^\]]*\]/iy],
  ['bare', /[^\s"“”(){}=<>!,]+/y],
];

/** Splits a text into tokens; every non-space character is in one of them. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text.charAt(at))) {
      at++;
      continue;
    }
    const [kind, piece] = pieceAt(text, at);
    tokens.push({
      kind: kind === 'bare' && isConnector(piece) ? 'connector' : kind,
      text: piece,
      from: at,
      to: at + piece.length,
    });
    at += piece.length;
  }
  return tokens;
}

function pieceAt(text: string, at: number): readonly [Token['kind'], string] {
  for (const [kind, pattern] of PIECES) {
    pattern.lastIndex = at;
    const piece = pattern.exec(text)?.[0];
    if (piece !== undefined) return [kind, piece];
  }
  return ['mark', text.charAt(at)];
}

function isConnector(word: string): boolean {
  return /^(and|or)$/i.test(word);
}

/** The text of a token without quotes of any kind. */
export function unquoted({ kind, text }: Token): string {
  if (kind === 'unclosed') return text.slice(1);
  if (kind === 'quoted') return text.slice(1, -1);
  if (kind !== 'string') return text;
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}
