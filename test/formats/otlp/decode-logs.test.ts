import { expect, test } from 'vitest';
import { decodeLogs } from '../../../src/formats/otlp/decode-logs.ts';
import { logsJson, logsRequest, type LogInput } from '../../fakes/otlp-signals.ts';
import { SPAN, TRACE } from '../../fakes/otlp.ts';

const XRAY_ID = `1-${TRACE.slice(0, 8)}-${TRACE.slice(8)}`;
const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));

const LOGS: readonly LogInput[] = [
  {
    traceId: TRACE,
    spanId: SPAN,
    timeUnixNano: 1_764_349_296_250_000_000n,
    severity: 17,
    level: 'ERROR',
    body: 'payment failed',
    event: 'payment',
    attributes: { tenant: 'acme' },
  },
  { traceId: TRACE, observedTimeUnixNano: 1_764_349_296_500_000_000n },
  { body: 'a log without a trace' },
  { traceId: '0'.repeat(32), body: 'an ID of zeros' },
  { traceId: 'abcd', body: 'a short ID' },
];

test('protobuf and JSON give the same logs: those of traces, with their service and scope; others are counted', () => {
  const expected = {
    isDecoded: true,
    others: 3,
    logs: [
      {
        traceId: XRAY_ID,
        log: {
          time: 1_764_349_296.25,
          spanId: SPAN,
          severity: 17,
          level: 'ERROR',
          body: 'payment failed',
          event: 'payment',
          attributes: { tenant: 'acme' },
          scope: 'app.checkout',
          service: 'shop',
        },
      },
      {
        traceId: XRAY_ID,
        log: {
          time: 1_764_349_296.5,
          spanId: '',
          severity: 0,
          level: '',
          body: null,
          event: '',
          attributes: {},
          scope: 'app.checkout',
          service: 'shop',
        },
      },
    ],
  };
  expect(decodeLogs(logsRequest(LOGS), 'protobuf')).toMatchObject(expected);
  expect(decodeLogs(json(logsJson(LOGS)), 'json')).toMatchObject(expected);
});

test('a body may be a map, and may have integers beyond 2^53', () => {
  const record =
    '{"traceId":"TRACE","body":{"kvlistValue":{"values":[{"key":"n","value":{"intValue":"9007199254740993"}}]}}}';
  const body = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${record.replace('TRACE', TRACE)}]}]}]}`;
  const decoded = decodeLogs(Buffer.from(body), 'json');
  expect(decoded.isDecoded && JSON.stringify(decoded.logs[0]!.log.body)).toBe('{"n":9007199254740993}');
});

test('a request cut at any byte is a problem or fewer logs; one with too many attributes is too large', () => {
  const bytes = logsRequest(LOGS);
  for (let length = 0; length < bytes.length; length++) {
    const decoded = decodeLogs(bytes.subarray(0, length), 'protobuf');
    if (!decoded.isDecoded) expect(decoded.code).toBe('malformed');
    else expect(decoded.logs.length).toBeLessThanOrEqual(2);
  }
  expect(decodeLogs(Buffer.from('{'), 'json')).toMatchObject({ isDecoded: false, code: 'malformed' });
  const limits = { maxSpans: 1, maxAttributes: 10, maxItems: 3 };
  for (const decoded of [
    decodeLogs(bytes, 'protobuf', limits),
    decodeLogs(json(logsJson(LOGS)), 'json', { ...limits }),
  ])
    expect(decoded).toMatchObject({ isDecoded: false, code: 'too_large' });
});
