import { problemOf } from './reading.ts';
import { Repair } from './repair.ts';

/** What is wrong with an expression, for a person. */
export interface Mistake {
  /** X-Ray's own sentence. */
  readonly xray: string;
  /** Offset of what X-Ray does not accept. */
  readonly position: number;
  /** Begins small and ends without a full stop, so that the remedy can follow after a colon. */
  readonly message: string;
  /** An expression that is right and says what was probably meant. */
  readonly remedy: string | undefined;
}

/** Longer expressions are made by programs. */
const MAX_LENGTH = 2_000;

/** What is wrong with an expression; undefined when nothing is. */
export function mistakeIn(text: string): Mistake | undefined {
  const problem = problemOf(text);
  if (problem === undefined) return undefined;
  const { message: xray, position } = problem;
  const repair = new Repair(text);
  const remedy = text.length > MAX_LENGTH ? undefined : repair.whole();
  if (remedy !== undefined && remedy !== '' && repair.notes.length > 0 && problemOf(remedy) === undefined) {
    return { xray, position, message: repair.notes.slice(0, 2).join(', and '), remedy };
  }
  const symbol = /^\w+|^\S/.exec(text.slice(position))?.[0];
  return {
    xray,
    position,
    message: repair.notes[0] ?? (symbol === undefined ? 'the expression is not finished' : `“${symbol}” does not fit here`),
    remedy: undefined,
  };
}
