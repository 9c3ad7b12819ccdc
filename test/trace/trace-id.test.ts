import { expect, test } from 'vitest';
import { traceIdIn } from '../../src/trace/trace-id.ts';

const HEX = '6929d510abcdef000000000000000001';
const ID = '1-6929d510-abcdef000000000000000001';
const OTHER = '1-6929d511-000000000000000000000009';

test.each([
  ['X-Ray', ID],
  ['capitals', ID.toUpperCase()],
  ['quotes', `"${ID}"`],
  ['32 hex digits', HEX],
  ['without the first part', ID.slice(2)],
  ['base64, as in JSON of protobuf', Buffer.from(HEX, 'hex').toString('base64')],
  ['traceparent', `00-${HEX}-53995c3f42cd8ad8-01`],
  ['traceparent, with its name', `traceparent: 00-${HEX}-53995c3f42cd8ad8-01`],
  ['X-Amzn-Trace-Id', `X-Amzn-Trace-Id: Root=${ID};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:1`],
  ['X-Amzn-Trace-Id in another order', `Sampled=?; Root=${ID}`],
  ['Self before Root', `Self=${OTHER};Root=${ID}`],
  ['b3', `b3: ${HEX}-53995c3f42cd8ad8-1-00f067aa0ba902b7`],
  ['X-B3-TraceId', `X-B3-TraceId: ${HEX}\nX-B3-SpanId: 53995c3f42cd8ad8`],
  [
    'a line of an ALB access log',
    `https 2026-11-29T12:00:00.123456Z app/shop/50dc6c495c0c9188 10.0.0.1:2817 10.0.0.9:80 0.086 0.048 0.037 200 200 0 57 "GET https://shop.example:443/a?id=0123456789abcdef0123456789abcdef HTTP/1.1" "curl/8.5" ECDHE TLSv1.3 arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/t/73e2d6bc24d8a067 "Self=${OTHER};Root=${ID}" "shop.example" "-" 0 2026-11-29T12:00:00.0Z "forward" "-" "-" "10.0.0.9:80" "200" "-" "-" TID_1234`,
  ],
  [
    'REPORT of Lambda',
    `REPORT RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95\tDuration: 3.2 ms\tXRAY TraceId: ${ID}\tSegmentId: 53995c3f42cd8ad8\tSampled: true`,
  ],
  ['a JSON log record of OpenTelemetry', `{"msg":"paid","trace_id":"${HEX}","span_id":"53995c3f42cd8ad8"}`],
  ['the same in camel case', `{"traceId": "${HEX}"}`],
  ['a JSON log record of Powertools', `{"level":"INFO","xray_trace_id":"${ID}"}`],
  ['a text log of an SDK', `INFO [shop] trace_id=${HEX} span_id=53995c3f42cd8ad8 paid`],
  ['Spring', `INFO [orders,${HEX},53995c3f42cd8ad8] 1 --- paid`],
])('%s', (_, text) => {
  expect(traceIdIn(text)).toBe(ID);
});

test('64 bits of B3 are padded', () => {
  expect(traceIdIn('b3: 53995c3f42cd8ad8-00f067aa0ba902b7-1')).toBe('1-00000000-0000000053995c3f42cd8ad8');
  expect(traceIdIn('X-B3-TraceId: 53995c3f42cd8ad8')).toBe('1-00000000-0000000053995c3f42cd8ad8');
});

test.each(['', 'fault', '1-6929d510-abcdef', HEX.slice(1), `x${HEX}`, `${HEX}0`, '53995c3f42cd8ad8', `Self=${OTHER}`])(
  '%j has no trace ID',
  (text) => {
    expect(traceIdIn(text)).toBeUndefined();
  },
);

test('a long line without an ID takes no time that grows with its square', () => {
  for (const piece of ['1-', 'a', 'trace_id=', '00-', 'b3: ', 'Self=1-', '"'])
    expect(traceIdIn(piece.repeat(200_000 / piece.length))).toBeUndefined();
});
