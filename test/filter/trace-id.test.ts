import { expect, test } from 'vitest';
import { WORD_OPERATORS } from '../../src/filter/expression.ts';
import { traceIdInSearch } from '../../src/filter/trace-id.ts';

const HEX = '6929d510abcdef000000000000000001';
const ID = '1-6929d510-abcdef000000000000000001';

test.each([
  ['an X-Ray id', ID],
  ['with capitals, quotes and spaces', ` "${ID.toUpperCase()}" `],
  ['32 hex digits', HEX],
  ['a traceparent', `00-${HEX}-53995c3f42cd8ad8-01`],
  ['Root=…;Parent=…', `Root=${ID};Parent=53995c3f42cd8ad8;Sampled=1`],
  ['a header', `X-Amzn-Trace-Id: Self=1-6b085935-000000000000000000000001;Root=${ID}`],
  [
    'a line of an access log',
    `h2 2026-11-26T12:00:00Z app/x/1 1.2.3.4:1 - -1 "GET https://a/b?x=1 HTTP/2.0" "curl" "Root=${ID}" "-"`,
  ],
  ['logfmt', `level=info msg="took = 5" trace_id=${HEX}`],
  ['logfmt with a quoted ID', `level=info trace_id="${HEX}"`],
  ['b3', `b3=${HEX}-53995c3f42cd8ad8-1`],
  ['a JSON record', `{"trace_id":"${HEX}"}`],
])('a search for %s is one for a trace', (_what, text) => {
  expect(traceIdInSearch(text)).toBe(ID);
});

test('a search for 64 bits is one for a trace, unless it is a number', () => {
  expect(traceIdInSearch('53995C3F42CD8AD8')).toBe('1-00000000-0000000053995c3f42cd8ad8');
  expect(traceIdInSearch('1234567890123456')).toBeUndefined();
});

test.each([
  '',
  'fault',
  'service("web") AND fault',
  `annotation.trace = "${ID}"`,
  `annotation.trace_id = ${HEX}`,
  `annotation[trace_id] = "${HEX}"`,
  `!(annotation.trace = "${ID}")`,
  `edge("a", "b") { http.url CONTAINS "${ID}" }`,
  `http.url CONTAINS "Root=${ID}"`,
  `http.url CONTAINS "?trace_id=${HEX}"`,
  '1-6b085934-fc4b',
  '6b085934fc4bb75ee1ef6278a37408f',
])('a search for %j is none for a trace', (text) => {
  expect(traceIdInSearch(text)).toBeUndefined();
});

test.each(WORD_OPERATORS)('a condition with %s is none for a trace', (operator) => {
  expect(traceIdInSearch(`user ${operator} "${ID}"`)).toBeUndefined();
});

test('a long line without an ID takes no time that grows with its square', () => {
  for (const piece of ['1-', 'a', 'trace_id=', 'x-amzn-', '00-', 'b3: ', 'Self=1-', '"', '{', '{"trace":', '\\', '0'])
    expect(traceIdInSearch(piece.repeat(200_000 / piece.length))).toBeUndefined();
});
