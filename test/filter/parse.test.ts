import { expect, test } from 'vitest';
import fc, { cases } from '../fakes/fast-check.ts';
import type { Expression } from '../../src/filter/expression.ts';
import { FilterError, parseFilter } from '../../src/filter/parse.ts';
import { printFilter } from '../../src/filter/print.ts';
import { expressions } from '../fakes/filters.ts';

test.each([
  ['responsetime > 5', 'responsetime > 5'],
  ['duration >= 5 AND duration <= 8', '(duration >= 5) AND (duration <= 8)'],
  ['ok !partial duration <3', 'ok AND !partial AND (duration < 3)'],
  ['a or b and c', undefined],
  ['ok or error and fault', 'ok OR (error AND fault)'],
  ['(ok OR error) fault', '(ok OR error) AND fault'],
  ['not (ok and error)', '!(ok AND error)'],
  ['responseTime > 1', 'responsetime > 1'],
  ['ok = "true"', 'ok = true'],
  ['duration = "slow"', 'duration = "slow"'],
  ['annotation.Age > 29', 'annotation.Age > 29'],
  ['annotation[my.key] = "x"', 'annotation[my.key] = "x"'],
  ['annotation["my key"]', 'annotation[my key]'],
  ['annotation.aws:canary_run_id = "run-77"', 'annotation[aws:canary_run_id] = "run-77"'],
  ['annotation.aws.local.operation AND ok', 'annotation[aws.local.operation] AND ok'],
  ['annotation.x-request-id = "1"', 'annotation[x-request-id] = "1"'],
  ['annotation["a \\"]b"] = 1', 'annotation["a \\"]b"] = 1'],
  ['groupname = "Default"', 'group.name = "Default"'],
  ['GroupName = "g" AND user = "alice"', '(group.name = "g") AND (user = "alice")'],
  ['annotation.big = 9007199254740993', 'annotation.big = 9007199254740993'],
  ['annotation.big > -1e400', 'annotation.big > -1e400'],
  ['duration > .5 AND duration < +5.', '(duration > 0.5) AND (duration < 5)'],
  ['duration>1e0 AND duration<0010', '(duration > 1) AND (duration < 10)'],
  ['user = "a\tb"', 'user = "a\\tb"'],
  ['http.url contains "/v2/\\u00e9\\""', 'http.url CONTAINS "/v2/é\\""'],
  ['service("api")', 'service("api")'],
  ['service() { fault }', 'service(id()) { fault }'],
  [
    'service(id(name: "n", type: "AWS::Lambda::Function", account.id: "1"))',
    'service(id(name: "n", type: "AWS::Lambda::Function", account.id: "1"))',
  ],
  ['edge("a", id(type: "T")) { source.annotation.x = 1 }', 'edge("a", id(type: "T")) { source.annotation.x = 1 }'],
  ['rootcause.fault.exception { message CONTAINS "x" }', 'rootcause.fault.exception { message CONTAINS "x" }'],
  ['rootcause.json = #[{"Services":[{"Name":"a]"}]}]', 'rootcause.json = #[{"Services":[{"Name":"a]"}]}]'],
  ['group.name = "g" AND user = "alice"', '(group.name = "g") AND (user = "alice")'],
])('%s', (text, printed) => {
  if (printed === undefined) expect(() => parseFilter(text)).toThrow(FilterError);
  else expect(printFilter(parseFilter(text))).toBe(printed);
});

test.each([
  ['', 0, '<EOF>'],
  ['ok AND (madeup = 7)', 8, 'ma'],
  ['responsetime >', 14, '<EOF>'],
  ['ok ok ) ok', 6, ')'],
  ['"x"', 0, '"'],
  ['annotation = 3', 0, 'annotation'],
  ['ok AND http:status', 7, 'http:'],
  ['service("a") { annotation.x = 1 }', 15, 'annotation.'],
  ['service("a") { service("b") }', 15, 'service'],
  ['edge("a")', 0, 'edge'],
  ['service("a", "b")', 0, 'service'],
  ['service(id(nam: "x"))', 11, 'nam'],
  ['rootcause.responsetime.exception { name }', 0, 'rootcause.responsetime.ex'],
  ['rootcause.json = "x"', 17, '"'],
  ['rootcause.json > #[1]', 15, '>'],
  ['duration = #[1]', 11, '#'],
  ['rootcause.json = #[{]]', 17, '#'],
  ['user = "a\\q"', 7, '"'],
])('%s: the error names position %d and %s', (text, position, symbol) => {
  expect(() => parseFilter(text)).toThrow(
    `Error Location: line 1, position ${position} : Invalid input symbol: '${symbol}'`,
  );
});

test('the line counts', () => expect(() => parseFilter('ok AND\n  nope')).toThrow('line 2, position 2'));

test('deep nesting is an error, not a stack overflow', () => {
  expect(() => parseFilter(`${'('.repeat(5_000)}ok${')'.repeat(5_000)}`)).toThrow(FilterError);
  expect(() => parseFilter(`${'!'.repeat(5_000)}ok`)).toThrow(FilterError);
});

test('prints every parsed expression so that it parses to the same expression', () => {
  fc.assert(
    fc.property(expressions, (expression) => {
      const text = printFilter(expression);
      const parsed = parseFilter(text);
      expect(printFilter(parsed)).toBe(text);
      expect(parseFilter(printFilter(parsed))).toEqual(parsed);
    }),
    { numRuns: cases(200) },
  );
});

test('reads a chain of any length and any parts completely, or refuses it', () => {
  const parts = [
    'ok',
    '!ok',
    '(ok)',
    'not ok',
    'duration > 1',
    'annotation[x]',
    'service("a")',
    'rootcause.fault.entity{first}',
  ];
  const count = (of: Expression): number =>
    of.kind === 'and' || of.kind === 'or' ? of.of.reduce((sum, each) => sum + count(each), 0) : 1;
  const read = (text: string): number | undefined => {
    try {
      return count(parseFilter(text));
    } catch (error) {
      expect(error).toBeInstanceOf(FilterError);
      return undefined;
    }
  };
  for (const part of parts) {
    for (const joint of [' ', ' AND ', ' or ']) {
      for (const length of [200, 1_000, 2_600, 6_000]) {
        const text = Array.from({ length }, () => part).join(joint);
        for (const each of [text, `${text} `])
          expect([undefined, length], `${length} × ${part}${joint}`).toContain(read(each));
      }
    }
  }
});

test('no text crashes it', () => {
  const words = [
    'ok',
    '!',
    '(',
    ')',
    '{',
    '}',
    'service',
    'edge',
    'id',
    '"a"',
    '"',
    '#[',
    ']',
    'annotation.',
    'annotation[',
    '.',
    '=',
    '<',
    '5',
    '-',
    'and',
    'or',
    'rootcause.json',
    '\n',
    '\\',
    '\u{1f600}',
  ];
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((parts) => parts.join(' ')),
    fc.array(fc.constantFrom(...words)).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        parseFilter(text);
      } catch (error) {
        expect(error).toBeInstanceOf(FilterError);
      }
    }),
    { numRuns: cases(1_000) },
  );
});
