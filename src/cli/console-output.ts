import { monotonicMs } from '../pipeline/clock.ts';
import type { CommandOutput } from './command.ts';

const CLEAR_LINE = '\r\u{1b}[K';
const PROGRESS_MS = 100;

export interface Stream {
  readonly isTerminal: boolean;
  /** Calls back when the text is written, with an error or without. */
  readonly write: (text: string, onWritten?: (error?: Error | null) => void) => void;
}

/**
 * What a command prints. Progress is one line of standard error while that is a terminal, and ends when a result is
 * printed to a terminal, which would mix with it.
 */
export function consoleOutput(stdout: Stream, stderr: Stream, now: () => number = monotonicMs): CommandOutput {
  let isShown = false;
  let isOver = !stderr.isTerminal;
  let shownMs = -Infinity;
  const clear = (): void => {
    if (isShown) stderr.write(CLEAR_LINE);
    isShown = false;
  };
  return {
    out: (text) => {
      if (stdout.isTerminal) {
        clear();
        isOver = true;
      }
      // If the reader is gone, `endWithReader` (src/main.ts) ends the process.
      return new Promise((done) => stdout.write(text, (error) => void (error ?? done())));
    },
    say: (text) => {
      clear();
      stderr.write(text);
    },
    progress: (text) => {
      if (isOver || now() - shownMs < PROGRESS_MS) return;
      shownMs = now();
      isShown = true;
      stderr.write(`${CLEAR_LINE}${text} …`);
    },
  };
}
