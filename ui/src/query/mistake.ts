import { problemOf } from './reading.ts';
import { Repair } from './repair.ts';

/** A mistake in an expression, explained. */
export interface Mistake {
  /** X-Ray's message. */
  readonly xray: string;
  /** Offset of the rejected part. */
  readonly position: number;
  /** Starts in lower case and ends without a full stop, because the remedy may follow after a colon. */
  readonly message: string;
  /** A valid expression that was probably meant. */
  readonly remedy: string | undefined;
}

/** Longer expressions are probably generated, and are not repaired. */
const MAX_LENGTH = 2_000;

/** Finds the mistake in an expression; undefined if it is valid. */
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
    message:
      repair.notes[0] ?? (symbol === undefined ? 'the expression is not finished' : `“${symbol}” does not fit here`),
    remedy: undefined,
  };
}
