import fc from '../../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { decodeTraces } from '../../../src/formats/otlp/decode.ts';
import { otlpDocument, otlpDocumentJson, partsOf, segmentDocuments } from '../../../src/formats/otlp/documents.ts';
import type { Span, TracesData } from '../../../src/formats/otlp/messages.ts';
import { readOtlpDocument } from '../../../src/formats/otlp/document.ts';
import { DEFAULT_OPTIONS } from '../../../src/formats/otlp/segment/options.ts';
import { isRefusal } from '../../../src/trace/refusal.ts';
import { anyTraces, attributes, resource, scope, span, TRACE, traces } from '../../fakes/otlp.ts';

const OTHER = TRACE.replace(/.$/, '2');

function spansOf({ resourceSpans }: TracesData): Span[] {
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

test('a document has the spans of one trace and one resource, with their scopes', () => {
  const data: TracesData = {
    resourceSpans: [
      {
        resource: resource({ 'service.name': 'a' }),
        schemaUrl: 'https://opentelemetry.io/schemas/1.40.0',
        scopeSpans: [
          {
            scope: scope({ name: 'http' }),
            schemaUrl: '',
            spans: [span({ spanId: '1'.repeat(16) }), span({ traceId: OTHER, spanId: '2'.repeat(16) })],
          },
          { scope: scope({ name: 'sql' }), schemaUrl: '', spans: [span({ spanId: '3'.repeat(16) })] },
        ],
      },
      {
        resource: resource({ 'service.name': 'b' }),
        schemaUrl: '',
        scopeSpans: [{ scope: scope(), schemaUrl: '', spans: [span({ spanId: '4'.repeat(16) })] }],
      },
    ],
  };
  const parts = partsOf(data);
  expect(parts.map((part) => [part.traceId, part.spans, spansOf(part).map(({ spanId }) => spanId[0])])).toEqual([
    [TRACE, 2, ['1', '3']],
    [OTHER, 1, ['2']],
    [TRACE, 1, ['4']],
  ]);
  expect(decodeTraces(otlpDocument(parts[0]!))).toMatchObject({
    resourceSpans: [
      {
        resource: { attributes: { 'service.name': 'a' } },
        schemaUrl: 'https://opentelemetry.io/schemas/1.40.0',
        scopeSpans: [{ scope: { name: 'http' } }, { scope: { name: 'sql' } }],
      },
    ],
  });
});

test('the documents of a request have each of its spans once', () => {
  fc.assert(
    fc.property(anyTraces, (data) => {
      const inParts = partsOf(data).flatMap((part) => {
        const decoded = decodeTraces(otlpDocument(part));
        if (!decoded.isDecoded) throw new Error(decoded.message);
        expect(decoded.spans).toBe(part.spans);
        expect(new Set(spansOf(decoded).map(({ traceId }) => traceId))).toEqual(new Set([part.traceId]));
        return spansOf(decoded);
      });
      expect(inParts.map(({ spanId }) => spanId).sort()).toEqual(
        spansOf(data)
          .map(({ spanId }) => spanId)
          .sort(),
      );
    }),
    { numRuns: 50 },
  );
});

test('a document is stored as JSON with the same spans', () => {
  const [part] = partsOf(
    traces([span({ attributes: attributes({ big: 2n ** 62n }) }), span({ spanId: '1'.repeat(16) })]),
  );
  const read = readOtlpDocument(otlpDocumentJson(otlpDocument(part!))!);
  if (isRefusal(read)) throw new Error(read.message);
  expect(read.tops.map(({ id, attributes: of }) => [id, of['big']])).toMatchObject([
    [span().spanId, { exact: String(2n ** 62n) }],
    ['1'.repeat(16), undefined],
  ]);
});

test('a document becomes the segments of its spans, with the options of the conversion', () => {
  const [part] = partsOf(traces([span({ attributes: attributes({ shop: 'x' }) }), span({ spanId: '1'.repeat(16) })]));
  const segments = segmentDocuments(otlpDocument(part!), { ...DEFAULT_OPTIONS, indexAllAttributes: true })!;
  expect(segments.map((bytes) => JSON.parse(bytes.toString()) as unknown)).toMatchObject([
    { id: span().spanId, annotations: { shop: 'x' } },
    { id: '1'.repeat(16) },
  ]);
});

test.each([
  ['garbage', Buffer.from('garbage')],
  ['no spans', new Uint8Array()],
])('a document with %s becomes nothing', (_, bytes) => {
  expect(otlpDocumentJson(bytes)).toBeUndefined();
  expect(segmentDocuments(bytes)).toBeUndefined();
});
