import fc from 'fast-check';

/** The same cases in each run: what they find fails at the second try too, and on another machine. */
fc.configureGlobal({ seed: 20_261_129 });

/**
 * The number of cases: `few` in `npm test`, and three times as many where `npm run test:fuzz` runs the same file
 * (test/suites.ts).
 */
export function cases(few: number): number {
  return few * Number(process.env['XRAYD_TEST_CASES'] ?? 1);
}

export default fc;
