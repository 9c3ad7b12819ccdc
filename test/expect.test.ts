import { expect, test } from 'vitest';

test.each([{ message: 'abc' }, new Error('abc')])(
  'a regular expression among expected members matches: %o',
  (actual) => {
    expect(actual).toMatchObject({ message: /b/ });
    expect(() => expect(actual).toMatchObject({ message: /x/ })).toThrow();
    expect(() => expect({ deeper: [actual] }).toMatchObject({ deeper: [{ message: /x/ }] })).toThrow();
  },
);

test('a regular expression does not match what is no text', () => {
  expect(() => expect({ message: 7 }).toMatchObject({ message: /7/ })).toThrow();
  expect({ message: /x/ }).toEqual({ message: /x/ });
  expect(() => expect({ message: /x/ }).toEqual({ message: /y/ })).toThrow();
});
