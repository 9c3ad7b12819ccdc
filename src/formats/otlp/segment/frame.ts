export interface Frame {
  readonly path: string;
  /** 0 if it is unknown. */
  readonly line: number;
  readonly label: string;
}

/** An exception that caused the one before it. */
export interface CausedBy {
  readonly type: string;
  readonly message: string;
  readonly frames: readonly Frame[];
}

export interface Stack {
  /** Innermost first. */
  readonly frames: readonly Frame[];
  /** Each caused the one before it; the first of them caused the exception itself. */
  readonly causes: readonly CausedBy[];
}

/** A number in a stack's text; 0 if it is none. */
export function lineNumber(text: string | undefined): number {
  const number = text === undefined ? 0 : Number.parseInt(text, 10);
  return number > 0 && number <= 0x7fff_ffff ? number : 0;
}
