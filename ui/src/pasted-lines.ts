import { signal } from '@preact/signals';
import { arrayOf, objectOf, textOf } from '../../src/json/json.ts';

interface PastedLine {
  readonly id: string;
  readonly line: string;
}

const KEY = 'xrayd.pasted';
/** Older lines are forgotten. */
const MAX_LINES = 20;
const MAX_LENGTH = 32 * 1024;
/** Type and time, the first fields of such a line. */
const POSSIBLE = /\b(?:https?|h2|grpcs|wss?) \d{4}-\d\d-\d\dT/;

/**
 * Lines of load balancers' access logs that the user pasted, with the trace that each names. They stay in this tab, also
 * when it is reloaded, and are not sent.
 */
export const pasted = signal<readonly PastedLine[]>(kept());

/** Keeps a text that may have such a line; the code that reads it is loaded with the trace. */
export function keepLine(id: string, line: string): void {
  if (!POSSIBLE.test(line)) return;
  const before = pasted.peek();
  if (line.length > MAX_LENGTH || before.some((each) => each.id === id && each.line === line)) return;
  pasted.value = [...before, { id, line }].slice(-MAX_LINES);
  try {
    sessionStorage.setItem(KEY, JSON.stringify(pasted.peek()));
  } catch {
    // Storage is blocked: the lines last as long as the page.
  }
}

function kept(): PastedLine[] {
  try {
    return arrayOf(JSON.parse(sessionStorage.getItem(KEY) ?? '[]')).flatMap((each) => {
      const { id, line } = objectOf(each);
      const [of, text] = [textOf(id), textOf(line)];
      return of === undefined || text === undefined ? [] : [{ id: of, line: text }];
    });
  } catch {
    return [];
  }
}
