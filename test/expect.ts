import { expect } from 'vitest';

/**
 * A regular expression among the expected members matches a text, as its reader expects. Without this,
 * `toMatchObject({ message: /x/ })` holds for every message: a regular expression has no members to compare.
 */
expect.addEqualityTesters([
  (actual, expected) => {
    if (!(expected instanceof RegExp) || actual instanceof RegExp) return undefined;
    return typeof actual === 'string' && expected.test(actual);
  },
]);
