import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TOO_DEEP, type Decoded, type DecodeLimits } from '../../../src/formats/otlp/decoding.ts';
import { Bytes, type Span } from '../../../src/formats/otlp/messages.ts';
import { readTracesJson } from '../../../src/formats/otlp/read-json.ts';
import { SPAN, TRACE } from '../../fakes/otlp.ts';

function read(text: string, limits?: DecodeLimits): Decoded {
  const result = readTracesJson(text, limits);
  if (!result.isDecoded) throw new Error(result.message);
  return result;
}

/** A span in JSON, with these members besides its IDs and start. */
const spanText = (members = ''): string =>
  `{"traceId":"${TRACE}","spanId":"${SPAN}","startTimeUnixNano":"1764349296000000001"${members}}`;
const requestText = (...spans: string[]): string =>
  `{"resourceSpans":[{"scopeSpans":[{"spans":[${spans.join(',')}]}]}]}`;
const spansOf = ({ resourceSpans }: Decoded): Span[] =>
  resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
const spanWith = (members: string): Span => spansOf(read(requestText(spanText(members))))[0]!;
const valueOf = (value: string): unknown => spanWith(`,"attributes":[{"key":"k","value":${value}}]`).attributes['k'];

test("the request of Node's SDK is read", () => {
  const node = read(readFileSync('test/fixtures/otlp/node-json.json', 'utf8'));
  expect(node).toMatchObject({ spans: 3, rejected: { spans: 0 } });
  expect(spansOf(node)[1]).toMatchObject({
    startTimeUnixNano: 1_795_454_098_680_000_000n,
    endTimeUnixNano: 1_795_454_098_681_341_291n,
    attributes: { big: 9_007_199_254_740_991n, items: [1n, 2n, 3n], customer: 'grüße 日本 😀' },
    flags: 769,
  });
});

describe('values', () => {
  test.each([
    ['an integer as a text', '{"intValue":"9223372036854775807"}', 9_223_372_036_854_775_807n],
    ['an integer as a number', '{"intValue":-5}', -5n],
    ['an integer beyond 2^53 as a number', '{"intValue":9007199254740993}', 9_007_199_254_740_993n],
    ['an integer of more than 64 bits', '{"intValue":"9223372036854775808"}', '9223372036854775808'],
    ['an integer that is none', '{"intValue":"x"}', null],
    ['an integer of another type', '{"intValue":[5]}', null],
    ['a boolean as a text', '{"boolValue":"true"}', null],
    ['a text of another type', '{"stringValue":5}', null],
    ['a double', '{"doubleValue":0.1}', 0.1],
    ['a double of another type', '{"doubleValue":true}', null],
    ['a double that is none', '{"doubleValue":"x"}', null],
    ['a double of another type in a list', '{"arrayValue":{"values":[{"doubleValue":null}]}}', [null]],
    ['a double as a text', '{"doubleValue":"0.25"}', 0.25],
    ['NaN as a text', '{"doubleValue":"NaN"}', NaN],
    ['an infinity as a text', '{"doubleValue":"-Infinity"}', -Infinity],
    ['NaN as Python writes it', '{"doubleValue":NaN}', NaN],
    ['an infinity as Python writes it', '{"doubleValue": -Infinity }', -Infinity],
    ['a text that names NaN', '{"stringValue":"NaN, \\"Infinity"}', 'NaN, "Infinity'],
    ['bytes', '{"bytesValue":"AQI="}', new Bytes('AQI=')],
    ['bytes in the alphabet for URLs', '{"bytesValue":"_-8"}', new Bytes('/+8')],
    ['bytes that are no base64', '{"bytesValue":"!!"}', '!!'],
    ['no value', '{}', null],
    ['a value that is no object', '5', null],
    ['an unknown kind of value', '{"stringValueStrindex":4}', null],
    ['a list', '{"arrayValue":{"values":[{"boolValue":true},{}]}}', [true, null]],
    ['an empty list', '{"arrayValue":{}}', []],
    ['a map', '{"kvlistValue":{"values":[{"key":"a","value":{"stringValue":"b"}}]}}', { a: 'b' }],
    ['the names of the .proto files', '{"array_value":{"values":[{"int_value":1},{"kvlist_value":{}}]}}', [1n, {}]],
  ])('%s', (_, value, expected) => {
    expect(valueOf(value)).toEqual(expected);
  });

  test('a value 1,000 levels deep loses what is too deep, and nothing else', () => {
    const deep = '{"arrayValue":{"values":['.repeat(1000) + ']}}'.repeat(1000);
    expect(JSON.stringify(valueOf(deep))).toBe(`${'['.repeat(32)}"${TOO_DEEP}"${']'.repeat(32)}`);
    expect(read(requestText(spanText(`,"attributes":[{"key":"k","value":${deep}}]`), spanText())).spans).toBe(2);
  });
});

describe('members', () => {
  test.each([
    [
      'a start as a number',
      ',"startTimeUnixNano":1764349296000000003',
      { startTimeUnixNano: 1_764_349_296_000_000_003n },
    ],
    ['an ID in upper case', `,"spanId":"${SPAN.toUpperCase()}"`, { spanId: SPAN }],
    ['no parent', ',"parentSpanId":""', { parentSpanId: '' }],
    ['a parent of zeros', ',"parentSpanId":"0000000000000000"', { parentSpanId: '' }],
    ['a kind by its name', ',"kind":"SPAN_KIND_CLIENT"', { kind: 3 }],
    ['a status by its name', ',"status":{"code":"STATUS_CODE_ERROR"}', { status: { code: 2, message: '' } }],
    [
      'names of the .proto files',
      ',"trace_state":"a=b","dropped_links_count":2',
      { traceState: 'a=b', droppedLinksCount: 2 },
    ],
    [
      'counts and flags as texts',
      ',"flags":"769","droppedEventsCount":"5","droppedLinksCount":-1',
      { flags: 769, droppedEventsCount: 5, droppedLinksCount: 0 },
    ],
    ['an unknown member', ',"unknown":{"deep":[1]},"name":"n"', { name: 'n' }],
    ['a name of another type', ',"name":5', { name: '' }],
    [
      'an end of another type',
      ',"endTimeUnixNano":true,"droppedLinksCount":[5]',
      { endTimeUnixNano: 0n, droppedLinksCount: 0 },
    ],
    ['null for a list', ',"attributes":null,"events":null', { attributes: {}, events: [] }],
    [
      'a duplicate key',
      ',"attributes":[{"key":"k","value":{"intValue":1}},{"key":"k","value":{"intValue":2}}]',
      { attributes: { k: 2n } },
    ],
    [
      'the key __proto__',
      ',"attributes":[{"key":"__proto__","value":{"intValue":1}}]',
      { attributes: Object.fromEntries([['__proto__', 1n]]) },
    ],
    [
      'links, of which one has no ID',
      `,"links":[{"traceId":"${TRACE}","spanId":"${SPAN}"},{}]`,
      { links: [{ traceId: TRACE }], droppedLinksCount: 1 },
    ],
  ])('%s', (_, members, expected) => {
    expect(spanWith(members)).toMatchObject(expected);
  });

  test('resource_spans and scope_spans are read', () => {
    const text = requestText(spanText())
      .replace('resourceSpans', 'resource_spans')
      .replace('scopeSpans', 'scope_spans');
    expect(read(text).spans).toBe(1);
  });
});

test.each([
  ['trace_id is missing', '{}'],
  ['trace_id is not 16 bytes long', spanText(',"traceId":"abcd"')],
  ['trace_id is not hexadecimal', spanText(`,"traceId":"${'g'.repeat(32)}"`)],
  ['trace_id is all zeros', spanText(`,"traceId":"${'0'.repeat(32)}"`)],
  ['span_id is not hexadecimal', spanText(',"spanId":"AAECAwQFBgc="').replace('AAECAwQFBgc=', 'AAECAwQFBgc-____')],
  ['span_id is not 8 bytes long', spanText(',"spanId":"AAECAwQFBgc="')],
  ['parent_span_id is not 8 bytes long', spanText(',"parentSpanId":"1"')],
  ['start_time_unix_nano is 0', spanText(',"startTimeUnixNano":"0"')],
  ['start_time_unix_nano is 0', spanText(',"startTimeUnixNano":-5')],
  ['trace_id is missing', '5'],
])('%s: the span is rejected alone', (reason, bad) => {
  expect(read(requestText(spanText(), bad, spanText()))).toMatchObject({
    spans: 2,
    rejected: { spans: 1, message: `${reason} (1)` },
  });
});

test.each([
  ['an empty body', '', 'malformed'],
  ['no JSON', '{"resourceSpans":', 'malformed'],
  ['a list', '[]', 'malformed'],
  ['spans that are no list', '{"resourceSpans":{}}', 'malformed'],
  ['a million levels', '['.repeat(1_000_000), 'malformed'],
  ['an endless string', `{"a":"${'\\"'.repeat(100_000)}`, 'malformed'],
])('%s is refused', (_, text, code) => {
  expect(readTracesJson(text)).toMatchObject({ isDecoded: false, code });
});

test.each(['{}', '{"resourceSpans":null}', '{"resourceSpans":[]}', '{"resourceSpans":[{}, 5, {"scopeSpans":[{}]}]}'])(
  '%s has no spans, and is no error',
  (text) => {
    expect(read(text).spans).toBe(0);
  },
);

describe('limits', () => {
  const limits: DecodeLimits = { maxSpans: 2, maxAttributes: 2, maxItems: 20 };
  const attribute = '{"key":"k","value":{}}';

  test('more spans than the limit are refused', () => {
    expect(
      readTracesJson(requestText(spanText(), spanText(), spanText()), { ...limits, maxItems: 1000 }),
    ).toMatchObject({
      code: 'too_large',
      message: 'the request has more than 2 spans',
    });
  });

  test('more items than the limit are refused', () => {
    const events = `,"events":[${Array(30).fill('{}').join(',')}]`;
    expect(readTracesJson(requestText(spanText(events)), limits)).toMatchObject({ code: 'too_large' });
  });

  test('more values than the limit are refused before they are parsed', () => {
    expect(readTracesJson(`[${'0,'.repeat(200)}0]`, limits)).toMatchObject({
      code: 'too_large',
      message: 'the JSON has too many values',
    });
  });

  test('attributes beyond the limit are dropped and counted', () => {
    const members = `,"attributes":[${Array(5).fill(attribute).join(',')}]`;
    expect(spansOf(read(requestText(spanText(members)), { ...limits, maxItems: 1000 }))[0]).toMatchObject({
      droppedAttributesCount: 3,
    });
  });
});
