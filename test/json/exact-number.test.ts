import fc from '../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { compareNumbers, ExactNumber, numberFrom, parseJson } from '../../src/json/exact-number.ts';
import { isObject, numberOf } from '../../src/json/json.ts';

const DIGITS = '0123456789';
const digits = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...DIGITS.split('')), { minLength, maxLength }).map((all) => all.join(''));
const whole = digits(1, 25).map((text) => text.replace(/^0+(?=\d)/, ''));

test.each([
  '9007199254740993',
  '-9223372036854775808',
  '18446744073709551615',
  '-0',
  '-0.0',
  '1e400',
  '-1E+400',
  '1e-400',
  '0.12345678901234567890',
])('writes %s as it was read, in any position', (number) => {
  for (const text of [`{"a":${number}}`, `[1,${number}]`, `{"a":[${number},{"b":${number}}],"c":"${number}"}`]) {
    expect(JSON.stringify(parseJson(text))).toBe(text);
  }
});

test('keeps every digit of an integer of any length', () => {
  fc.assert(
    fc.property(fc.boolean(), whole, (isNegative, text) => {
      const number = `${isNegative ? '-' : ''}${text}`;
      expect(JSON.stringify(parseJson(`{"n": ${number}}`))).toBe(`{"n":${number}}`);
    }),
  );
});

test('parses what fits a double as a number, and everything else as JSON.parse does', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      expect(parseJson(text)).toEqual(JSON.parse(text));
    }),
  );
  expect(parseJson('{"id":"1234567890123456","n":1480615200.010123}')).toEqual({
    id: '1234567890123456',
    n: 1480615200.010123,
  });
  expect(() => parseJson('{"n":12345678901234567')).toThrow(SyntaxError);
});

test('compares integers as BigInt does', () => {
  const integer = fc.tuple(fc.boolean(), whole).map(([isNegative, text]) => (isNegative ? `-${text}` : text));
  fc.assert(
    fc.property(integer, integer, (a, b) => {
      const expected = BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0;
      expect(Math.sign(compareNumbers(numberFrom(a), numberFrom(b)))).toBe(expected);
    }),
  );
});

test('reads a fraction with too many digits as the nearest double', () => {
  for (const [a, b] of [
    ['0.10000000000000001', '0.1'],
    ['0.1000000000000000055511151231257827', '1e-1'],
    ['3.0000000000000001', '3'],
  ] as const) {
    expect(compareNumbers(numberFrom(a), numberFrom(b)), `${a} and ${b}`).toBe(0);
  }
  expect(compareNumbers(numberFrom('0.10000000000000002'), numberFrom('0.1'))).toBe(1);
  expect(compareNumbers(numberFrom('9007199254740993'), numberFrom('9007199254740992'))).toBe(1);
  expect(compareNumbers(numberFrom('1e-400'), numberFrom('0'))).toBe(1);
});

test('compares doubles by value, however they are written', () => {
  const double = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(double, double, (a, b) => {
      const expected = a < b ? -1 : a > b ? 1 : 0;
      expect(Math.sign(compareNumbers({ exact: a.toExponential(20) }, { exact: b.toExponential(20) }))).toBe(expected);
    }),
  );
});

test('converts to the nearest double, not to an object, for code that needs one', () => {
  expect(numberOf(new ExactNumber('9007199254740993'))).toBe(2 ** 53);
  expect(numberOf(new ExactNumber('1e400'))).toBeUndefined();
  expect(isObject(new ExactNumber('1'))).toBe(false);
});

test('a number of a million digits is read in one pass', () => {
  const digits = `1${'0'.repeat(1_000_000)}1`;
  expect(parseJson(`[${digits}]`)).toEqual([new ExactNumber(digits)]);
});
