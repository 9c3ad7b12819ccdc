import { expect, test } from 'vitest';
import { traceIdIn } from '../../ui/src/trace-id.ts';

const ID = '1-6b085934-fc4bb75ee1ef6278a37408f9';

test.each([
  ['an X-Ray id', ID],
  ['with capitals, quotes and spaces', ` "${ID.toUpperCase()}" `],
  ['32 hex digits', '6b085934fc4bb75ee1ef6278a37408f9'],
  ['a traceparent', '00-6b085934fc4bb75ee1ef6278a37408f9-53995c3f42cd8ad8-01'],
  ['Root=…;Parent=…', `Root=${ID};Parent=53995c3f42cd8ad8;Sampled=1`],
  ['a header', `X-Amzn-Trace-Id: Self=1-6b085935-000000000000000000000001;Root=${ID}`],
  [
    'a line of an access log',
    `h2 2026-11-26T12:00:00Z app/x/1 1.2.3.4:1 - -1 "GET https://a/b?x=1 HTTP/2.0" "curl" "Root=${ID}" "-"`,
  ],
])('%s', (_what, text) => {
  expect(traceIdIn(text)).toBe(ID);
});

test.each([
  '',
  'fault',
  'service("web") AND fault',
  `annotation.trace = "${ID}"`,
  `!(annotation.trace = "${ID}")`,
  `edge("a", "b") { http.url CONTAINS "${ID}" }`,
  `http.url CONTAINS "Root=${ID}"`,
  '1-6b085934-fc4b',
  '6b085934fc4bb75ee1ef6278a37408f',
])('%j is no trace id', (text) => {
  expect(traceIdIn(text)).toBeUndefined();
});
