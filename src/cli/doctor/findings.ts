import { DeadlineError, within } from '../../pipeline/deadline.ts';
import { monotonicMs } from '../../pipeline/clock.ts';
import { messageOf } from '../../pipeline/errors.ts';
import { oneLine } from '../../pipeline/one-line.ts';

/** `ok`; `warn`: it works, but not as it should; `fail`: segments do not arrive because of it; `skip`: not checked. */
export type Status = 'ok' | 'warn' | 'fail' | 'skip';

/** What one check found, in one line. */
export interface Finding {
  readonly check: string;
  readonly status: Status;
  readonly message: string;
  /** What to do, as a sentence without its full stop. */
  readonly remedy?: string;
}

/** Maximum length of a line of the report. */
const MAX_TEXT = 1_000;
/** Of all checks together. */
const TOTAL_MS = 45_000;

/** Runs checks, each within its own time and all within `TOTAL_MS`. */
export class Checkup {
  readonly findings: Finding[] = [];
  readonly #endMs = monotonicMs() + TOTAL_MS;
  readonly #onFinding: (finding: Finding) => void;

  constructor(onFinding: (finding: Finding) => void) {
    this.#onFinding = onFinding;
  }

  add(check: string, status: Status, message: string, remedy?: string): void {
    const finding = {
      check,
      status,
      message: oneLine(message, MAX_TEXT),
      ...(remedy === undefined ? {} : { remedy: oneLine(remedy, MAX_TEXT) }),
    };
    this.findings.push(finding);
    this.#onFinding(finding);
  }

  /**
   * Waits for `work` for at most `ms`, and less if all checks together have taken too long. Resolves with undefined after
   * an error, which is a finding: `remedyOf` its text says what to do.
   */
  async run<T>(
    check: string,
    ms: number,
    work: (signal: AbortSignal) => Promise<T>,
    remedyOf: (problem: string) => string | undefined = () => undefined,
  ): Promise<T | undefined> {
    const leftMs = Math.min(ms, this.#endMs - monotonicMs());
    if (leftMs <= 0) {
      this.add(check, 'skip', `not checked: the other checks took ${TOTAL_MS / 1000} s`);
      return undefined;
    }
    try {
      return await within(leftMs, check, work);
    } catch (error) {
      const text = error instanceof DeadlineError ? `no result: ${error.message}` : messageOf(error);
      this.add(check, 'fail', text, remedyOf(text));
      return undefined;
    }
  }
}

const WORDS: Readonly<Record<Status, string>> = { ok: 'ok', warn: 'warn', fail: 'FAIL', skip: '-' };
const CHECK_WIDTH = 11;

/** A line of the report. */
export function lineOf({ check, status, message, remedy }: Finding): string {
  const text = remedy === undefined ? message : `${message.replace(/[.:;]$/, '')}. ${remedy}`;
  return `${WORDS[status].padEnd(4)}  ${check.padEnd(CHECK_WIDTH)}  ${text}\n`;
}
