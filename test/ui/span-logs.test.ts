import { expect, test } from 'vitest';
import { badnessOf, levelOf } from '../../ui/src/trace/span-logs.ts';

test('a log has the level of its application, or else the name of its number', () => {
  expect(levelOf({ level: 'notice', severity: 10 })).toBe('notice');
  expect([0, 1, 4, 5, 9, 13, 16, 17, 20, 21, 24, 25].map((severity) => levelOf({ level: '', severity }))).toEqual([
    '',
    'TRACE',
    'TRACE',
    'DEBUG',
    'INFO',
    'WARN',
    'WARN',
    'ERROR',
    'ERROR',
    'FATAL',
    'FATAL',
    '',
  ]);
  expect([0, 12, 13, 16, 17, 24].map((severity) => badnessOf({ severity }))).toEqual([
    '',
    '',
    'error',
    'error',
    'fault',
    'fault',
  ]);
});
