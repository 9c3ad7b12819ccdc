import { DeadlineError, within } from '../../pipeline/deadline.ts';
import { monotonicMs } from '../../pipeline/clock.ts';
import { messageOf } from '../../pipeline/errors.ts';
import { oneLine } from '../../pipeline/one-line.ts';

/**
 * In the order of the report. `fail`: segments do not arrive because of it; `warn`: it works, but not as it should;
 * `note`: worth knowing; `skip`: not checked.
 */
const STATUSES = ['fail', 'warn', 'note', 'skip', 'ok'] as const;
export type Status = (typeof STATUSES)[number];

/** A check that comes earlier explains the later ones: without credentials there is no permission, and nothing is sent. */
const CHECKS: readonly string[] = [
  'settings',
  'ports',
  'udp',
  'region',
  'credentials',
  'dns',
  'endpoint',
  'tls',
  'permission',
  'sampling',
  'running',
  'clock',
];

/** What one check found. */
export interface Finding {
  readonly check: string;
  readonly status: Status;
  readonly message: string;
  /** What to do, as a sentence without its full stop. */
  readonly remedy?: string;
  /** What was tried, a line each. */
  readonly details?: readonly string[];
}

/** Maximum length of a line of the report. */
const MAX_TEXT = 1_000;
/** Of all checks together. */
const TOTAL_MS = 45_000;

/** Runs checks, each within its own time and all within `TOTAL_MS`. */
export class Checkup {
  readonly findings: Finding[] = [];
  readonly #endMs = monotonicMs() + TOTAL_MS;

  add(check: string, status: Status, message: string, remedy?: string, details: readonly string[] = []): void {
    this.findings.push({
      check,
      status,
      message: oneLine(message, MAX_TEXT),
      ...(remedy === undefined ? {} : { remedy: oneLine(remedy, MAX_TEXT) }),
      ...(details.length === 0 ? {} : { details: details.map((line) => oneLine(line, MAX_TEXT)) }),
    });
  }

  hasFailed(...checks: readonly string[]): boolean {
    return this.findings.some(({ check, status }) => status === 'fail' && checks.includes(check));
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

const WORDS: Readonly<Record<Status, string>> = { ok: 'ok', note: 'note', warn: 'warn', fail: 'FAIL', skip: '-' };
const CHECK_WIDTH = 11;
const INDENT = ' '.repeat(6 + CHECK_WIDTH + 2);

/** Problems first, and among them causes before what follows from them. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  const rankOf = ({ status, check }: Finding): number =>
    STATUSES.indexOf(status) * 100 + (CHECKS.includes(check) ? CHECKS.indexOf(check) : CHECKS.length);
  return findings.toSorted((a, b) => rankOf(a) - rankOf(b));
}

/** The lines of the report for a finding. */
export function linesOf({ check, status, message, remedy, details = [] }: Finding): string {
  const first = `${WORDS[status].padEnd(4)}  ${check.padEnd(CHECK_WIDTH)}  ${message}`;
  const more = details.map((line) => `${INDENT}- ${line}\n`).join('');
  if (remedy === undefined) return `${first}\n${more}`;
  if (details.length > 0) return `${first}\n${more}${INDENT}${remedy}\n`;
  return `${first.replace(/[.:;]$/, '')}. ${remedy}\n`;
}

/** The most likely cause and what to do, from findings that are `inOrder`. */
export function verdictOf(findings: readonly Finding[]): string {
  const likely =
    findings.find(({ status }) => status === 'fail') ??
    findings.find(({ status, check }) => status === 'warn' && CHECKS.includes(check));
  if (likely === undefined)
    return 'nothing here keeps traces from arriving; do: go on with the sampling and the SDK of the application, docs/troubleshooting/no-traces.md';
  const { check, message, remedy = 'correct it, and run this again' } = likely;
  return `most likely: ${check}: ${message.replace(/[.:;]$/, '')}; do: ${remedy}`;
}
