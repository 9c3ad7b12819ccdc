import { expect, test } from 'vitest';
import { ExpansionError, expandGroups } from '../../src/filter/groups.ts';
import { parseFilter } from '../../src/filter/parse.ts';

test('refuses groups that expand to more terms than memory can hold', () => {
  const tenTimes = (name: string): string => Array.from({ length: 10 }, () => `group.name = "${name}"`).join(' OR ');
  const find = (_keyword: string, name: string) =>
    name === '0' ? parseFilter('fault') : parseFilter(tenTimes(String(Number(name) - 1)));
  expect(() => expandGroups(parseFilter(tenTimes('9')), find)).toThrow(ExpansionError);
  expect(expandGroups(parseFilter('group.name = "1"'), find)).toMatchObject({ kind: 'or' });
});
