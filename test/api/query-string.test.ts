import { expect, test } from 'vitest';
import { ApiError } from '../../src/api/api-error.ts';
import { acceptTexts, parametersOf, Search } from '../../src/api/query-string.ts';
import * as Type from '../../src/api/type.ts';

test('a parameter that is given twice is refused by name', () => {
  expect([...parametersOf({ a: '1', b: '' })]).toEqual([
    ['a', '1'],
    ['b', ''],
  ]);
  expect(() => parametersOf({ a: ['1', '2'] })).toThrow(
    new ApiError('InvalidRequestException', 'The query parameter "a" is given more than once'),
  );
});

test('a route cannot declare a parameter that is not a string, because nothing would check it', () => {
  expect(acceptTexts(Type.Object(Search), '/api/x')()).toBe(true);
  expect(() => acceptTexts(Type.Object({ ...Search, limit: Type.Optional(Type.Integer()) }), '/api/x')).toThrow(
    '/api/x: the parameter limit must be a string in the schema',
  );
});
