import { expect, test } from 'vitest';
import { otlpTraceId, readTraceId, traceIdIn, traceIdsIn, xrayTraceId } from '../../src/trace/trace-id.ts';

const HEX = '6929d510abcdef000000000000000001';
const ID = '1-6929d510-abcdef000000000000000001';
const OTHER = '1-6929d511-000000000000000000000009';
const OTHER_HEX = '6929d511000000000000000000000009';
const ZEROS = '0'.repeat(32);

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
  ['Jaeger', `uber-trace-id: ${HEX}:53995c3f42cd8ad8:0:1`],
  ['the address of a trace in a viewer', `http://localhost:16686/trace/${HEX}?uiFind=db`],
  ['X-Ray SDK for Java', `12:00:00 [http-1] INFO AWS-XRAY-TRACE-ID: ${ID}@53995c3f42cd8ad8 - paid`],
  ['API Gateway', `{"requestId":"c6af9ac6-7b61-11e6-9a41-93e8deadbeef","xrayTraceId":"${ID}"}`],
  [
    'Python logging with OpenTelemetry',
    `INFO [app] [trace_id=${HEX} span_id=53995c3f42cd8ad8 resource.service.name=shop] paid`,
  ],
  ['otelTraceID', `{"message":"paid","otelTraceID":"${HEX}","otelSpanID":"53995c3f42cd8ad8"}`],
  ['a member with a header', `{"level":"info","X-Amzn-Trace-Id":"Root=${ID};Parent=53995c3f42cd8ad8;Sampled=1"}`],
  ['a traceparent of a member', `{"level":"info","traceparent":"00-${HEX}-53995c3f42cd8ad8-01"}`],
  ['a nested member', `{"message":"paid","attributes":{"trace_id":"${HEX}"}}`],
  ['headers in a record', `{"msg":"in","headers":{"x-amzn-trace-id":"Root=${ID}","x-request-id":"${OTHER_HEX}"}}`],
  ['Elastic Common Schema', `{"message":"paid","trace":{"id":"${HEX}"},"transaction":{"id":"53995c3f42cd8ad8"}}`],
  [
    'an OTLP log record',
    `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"${HEX}","spanId":"53995c3f42cd8ad8"}]}]}]}`,
  ],
  ['base64 in a member', `{"traceId":"${Buffer.from(HEX, 'hex').toString('base64')}"}`],
  [
    'a record within a record',
    JSON.stringify({ timestamp: 1, message: JSON.stringify({ trace_id: HEX, request_id: OTHER_HEX }) }),
  ],
  [
    'a line of CloudWatch Logs as the CLI prints it',
    `2026-11-29T12:00:00.000000+00:00 2026/11/29/[$LATEST]${OTHER_HEX} {"level":"INFO","xray_trace_id":"${ID}"}`,
  ],
  [
    'a Lambda line in text',
    `2026-11-29T12:00:00.000Z\t8f507cfc-aaaa-4697-b07a-ac58fc914c95\tINFO\tRoot=${ID};Parent=53995c3f42cd8ad8;Sampled=1`,
  ],
  ['START of Lambda before REPORT', `REPORT RequestId: ${OTHER_HEX}\tXRAY TraceId: ${ID}\tSegmentId: 53995c3f42cd8ad8`],
  ['logfmt', `time=2026-11-29T12:00:00Z level=INFO msg="paid" trace_id=${HEX}`],
])('%s', (_, text) => {
  expect(traceIdIn(text)).toBe(ID);
});

test.each([
  [
    'a member of the record before one of an object in it',
    `{"parent":{"trace_id":"${OTHER_HEX}"},"trace_id":"${HEX}"}`,
  ],
  ['a member before a header in the message', `{"message":"got Root=${OTHER}","trace_id":"${HEX}"}`],
  ['trace_id before another ID of 32 digits', `{"request_id":"${OTHER_HEX}","trace_id":"${HEX}"}`],
  ['trace_id before an X-Ray ID', `{"request_id":"${OTHER}","trace_id":"${HEX}"}`],
  ['trace_id before parent_trace_id', `parent_trace_id=${OTHER_HEX} trace_id=${HEX}`],
  ['trace= before another ID', `request_id=${OTHER_HEX} trace=${HEX}`],
  ['a header before a name', `X-Amzn-Trace-Id: Root=${ID}; trace_id=${OTHER_HEX}`],
  [
    'the quoted header of an access log before its URL',
    `"GET https://a/?Root=${OTHER}&trace_id=${OTHER_HEX} HTTP/1.1" "curl" "Root=${ID}" "-"`,
  ],
  ['Root before Self', `"Self=${OTHER};Root=${ID}"`],
  ['the first of equals', `${ID} was linked to ${OTHER}`],
  ['an ID before zeros', `trace_id=${ZEROS} parent ${ID}`],
  ['the trace before the trace of Datadog', `{"dd":{"trace_id":"1234567890123456789"},"trace_id":"${HEX}"}`],
])('of two IDs, the one that names the trace wins: %s', (_, text) => {
  expect(traceIdIn(text)).toBe(ID);
});

test('where only an ID is expected, it may have 64 bits, in hexadecimal or decimal digits', () => {
  expect(readTraceId('53995c3f42cd8ad8')).toBe('1-00000000-0000000053995c3f42cd8ad8');
  expect(readTraceId(' 3995C3F42CD8AD8 ')).toBe('1-00000000-0000000003995c3f42cd8ad8');
  expect(readTraceId(BigInt('0x53995c3f42cd8ad8').toString())).toBe('1-00000000-0000000053995c3f42cd8ad8');
  expect(readTraceId(`trace_id=${HEX}`)).toBe(ID);
  for (const text of ['', 'checkout', '0', ZEROS, '9'.repeat(33)]) expect(readTraceId(text)).toBeUndefined();
});

test('a list has an ID between commas, and a line of a log has one ID whatever its commas', () => {
  expect(traceIdsIn(`${HEX}, ${OTHER}`)).toEqual([ID, OTHER]);
  expect(traceIdsIn(`Root=${ID};Parent=53995c3f42cd8ad8,${OTHER}`)).toEqual([ID, OTHER]);
  expect(traceIdsIn(`{"a":1,"trace_id":"${HEX}","b":[1,2]}`)).toEqual([ID]);
  expect(traceIdsIn(`REPORT RequestId: 1\tXRAY TraceId: ${ID}\tSampled: true`)).toEqual([ID]);
  expect(traceIdsIn(`${HEX},nonsense`)).toEqual([ID, 'nonsense']);
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
  for (const piece of ['1-', 'a', 'trace_id=', 'x-amzn-', '00-', 'b3: ', 'Self=1-', '"', '{', '{"trace":', '\\', '0'])
    expect(traceIdIn(piece.repeat(200_000 / piece.length))).toBeUndefined();
});

test('the two notations of an ID are converted into each other', () => {
  expect(otlpTraceId(ID)).toBe(HEX);
  expect(xrayTraceId(HEX)).toBe(ID);
});
