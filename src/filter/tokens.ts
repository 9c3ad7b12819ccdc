import { ExternalTokenizer } from '@lezer/lr';
import { JsonLiteral } from './parser.terms.ts';

const [HASH, OPEN, CLOSE, QUOTE, BACKSLASH, CURLY_OPEN, CURLY_CLOSE] = [35, 91, 93, 34, 92, 123, 125];

/** For the parser: `#[ … ]` with JSON inside, up to the matching bracket. */
export const jsonLiteral = new ExternalTokenizer((input) => {
  if (input.next !== HASH || input.peek(1) !== OPEN) return;
  input.advance();
  let depth = 0;
  let isInString = false;
  for (let next: number = input.next; next >= 0; next = input.advance()) {
    if (isInString) {
      if (next === BACKSLASH) input.advance();
      else if (next === QUOTE) isInString = false;
    } else if (next === QUOTE) isInString = true;
    else if (next === OPEN || next === CURLY_OPEN) depth++;
    else if ((next === CLOSE || next === CURLY_CLOSE) && --depth === 0) {
      input.advance();
      input.acceptToken(JsonLiteral);
      return;
    }
  }
});
