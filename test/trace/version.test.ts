import { expect, test } from 'vitest';
import { replaces } from '../../src/trace/version.ts';

test.each([
  ['a completed version replaces one in progress, also if it came first', false, 0, true, 1, true],
  ['a version in progress never replaces a completed one', true, 0, false, 1, false],
  ['of two completed versions the first to arrive counts', false, 0, false, 1, true],
  ['of two completed versions the later one does not', false, 1, false, 0, false],
  ['the same for two in progress', true, 1, true, 0, false],
  ['two of one document do not replace each other', false, 0, false, 0, false],
])('%s', (_, isOtherOpen, otherArrival, isOpen, arrival, expected) => {
  const other = { isInProgress: isOtherOpen, arrival: otherArrival };
  expect(replaces(other, { isInProgress: isOpen, arrival })).toBe(expected);
});
