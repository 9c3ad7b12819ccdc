import { globSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { errorsDoc } from '../../src/cli/errors-doc.ts';
import { Accounting, DROP_REASONS } from '../../src/pipeline/accounting.ts';
import { ERRORS, EXIT_CODES, sqliteCodeOf, XraydError, type ErrorCode } from '../../src/pipeline/errors.ts';

const CODES = Object.keys(ERRORS) as ErrorCode[];

test('every error code is thrown somewhere, and is in docs/errors.md with its exit code and a remedy', () => {
  const sources = globSync('src/**/*.ts').filter((path) => path !== 'src/pipeline/errors.ts');
  const text = sources.map((path) => readFileSync(path, 'utf8')).join('\n');
  for (const code of CODES) {
    expect(text.includes(`'${code}'`), code).toBe(true);
    expect(errorsDoc()).toContain(
      `| \`${code}\` | ${new XraydError(code, '').exitCode} | ${ERRORS[code].meaning} | ${ERRORS[code].remedy} |`,
    );
  }
  expect(readFileSync('docs/errors.md', 'utf8')).toBe(errorsDoc());
});

test('meanings and remedies are sentences, and no two exits share a code', () => {
  for (const { meaning, remedy } of CODES.map((code) => ERRORS[code]))
    for (const words of [meaning, remedy]) expect(words).toMatch(/^[A-Z`x].*\.$/);
  const codes = Object.values(EXIT_CODES).map(({ code }) => code);
  expect(new Set<number>(codes).size).toBe(codes.length);
});

test('keeps the reference’s exit codes: 2 for an unreadable command line, 1 for a failed start', () => {
  const others = CODES.map((code) => [code, new XraydError(code, '').exitCode]).filter(
    ([, exitCode]) => exitCode !== 1,
  );
  // The last two are those of a shell, for the program of `xrayd run`.
  expect(Object.fromEntries(others)).toEqual({ XRAYD_USAGE: 2, XRAYD_NO_PROGRAM: 127, XRAYD_NOT_EXECUTABLE: 126 });
});

test('every drop reason is counted, and is in docs/reliability.md and, with its remedy, in the runbook', () => {
  expect(Object.keys(new Accounting().dropped)).toEqual(Object.keys(DROP_REASONS));
  const runbook = readFileSync('docs/runbooks/XraydSegmentsLost.md', 'utf8');
  const reliability = readFileSync('docs/reliability.md', 'utf8');
  for (const [reason, { event, remedy }] of Object.entries(DROP_REASONS)) {
    expect(runbook).toContain(`| \`${reason}\` | ${event} | ${remedy} |\n`);
    expect(reliability).toMatch(new RegExp(`reason="${reason}"|\`${reason}\``));
  }
  expect(runbook.match(/^\| `\w+` \|/gm)).toHaveLength(Object.keys(DROP_REASONS).length);
});

/** https://sqlite.org/rescode.html */
const SQLITE_CONSTRAINT = 19;

test('the code of SQLite is the primary one, and 0 for any other error', () => {
  const database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE trace (id TEXT NOT NULL)');
  const codeOf = (act: () => void): number => {
    try {
      act();
    } catch (error) {
      return sqliteCodeOf(error);
    }
    throw new Error('nothing was thrown');
  };
  // SQLite's extended code is 1299, of which the low byte is the primary code.
  expect(codeOf(() => database.exec('INSERT INTO trace VALUES (NULL)'))).toBe(SQLITE_CONSTRAINT);
  database.close();
  expect([new Error('other'), { errcode: 'x' }, null, 'text'].map(sqliteCodeOf)).toEqual([0, 0, 0, 0]);
});
