import { expect, test } from 'vitest';
import { numbersIn, SpanRequests, SPANS_A_REQUEST } from '../../bench/otlp/spans.ts';
import { decodeTraces } from '../../src/formats/otlp/decode.ts';
import { segmentTexts } from '../../src/formats/otlp/segment/convert.ts';
import { readTracesJson } from '../../src/formats/otlp/read-json.ts';

const NOW_MS = 1_764_349_296_000;
const NUMBERS = Array.from({ length: SPANS_A_REQUEST }, (_, n) => 4_200 + n);

for (const encoding of ['protobuf', 'json'] as const) {
  test(`a request in ${encoding} has a hundred numbered spans of ten traces, and their segments have the numbers`, () => {
    const body = new SpanRequests(encoding).request(4_200, NOW_MS);
    const traces = encoding === 'json' ? readTracesJson(body.toString()) : decodeTraces(body);
    if (!traces.isDecoded) throw new Error(traces.message);
    expect(traces.rejected.spans).toBe(0);
    const spans = traces.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans).flatMap((scope) => scope.spans);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(10);
    expect(spans.every(({ attributes }) => Object.keys(attributes).length === 7)).toBe(true);
    expect(spans.every(({ endTimeUnixNano }) => endTimeUnixNano === BigInt(NOW_MS) * 1_000_000n)).toBe(true);
    expect(segmentTexts(traces).flatMap(numbersIn)).toEqual(NUMBERS);
  });
}

test('an id that no request has is no number', () => {
  expect(numbersIn('{"id":"feedcdcdcdcd0000","subsegments":[{"id":"0000000000000011"}]}')).toEqual([-1, 16]);
});
