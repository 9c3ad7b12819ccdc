import { expect, test } from 'vitest';
import { connectionsWithin } from '../../src/http/open-files.ts';

const HEAD = 'Limit                     Soft Limit           Hard Limit           Units     \n';
const limits = (soft: string): string =>
  `${HEAD}Max processes             10                   10                   processes \nMax open files            ${soft.padEnd(20)} 1048576              files     \n`;

test.each([
  ['1048576', 512],
  ['unlimited', 512],
  ['4096', 512],
  ['1024', 240],
  ['256', 48],
  ['64', 8],
  ['10', 8],
])('with a limit of %s open files, a server accepts %i connections', (soft, connections) => {
  expect(connectionsWithin(512, 'base', limits(soft))).toBe(connections);
});

test('where the limit of open files is unknown, a server accepts what it wants', () => {
  expect(connectionsWithin(512, 'base', '')).toBe(512);
});

test.each(['1048576', '4096', '1024', '512'])(
  'with a limit of %s open files, all clients of all servers leave enough for the process',
  (soft) => {
    const of = (server: 'base' | 'receiver'): number => connectionsWithin(512, server, limits(soft));
    expect(2 * of('base') + 3 * of('receiver')).toBeLessThanOrEqual(Number(soft) * 0.75);
  },
);
