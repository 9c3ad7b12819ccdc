import { readFileSync } from 'node:fs';
import fc from '../../fakes/fast-check.ts';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../src/json/json.ts';
import { assemble } from '../../../src/trace/assemble.ts';
import type { SpanPart, Trace, TraceDocument } from '../../../src/trace/model.ts';
import { isRefusal } from '../../../src/trace/refusal.ts';
import { FORMATS, storedDocument } from '../../../src/formats/formats.ts';
import { readDocument } from '../../../src/formats/xray/validate.ts';
import { OtlpDocument, readOtlpDocument } from '../../../src/formats/otlp/document.ts';
import { partsOf } from '../../../src/formats/otlp/documents.ts';
import { KIND, newScope, STATUS, type TracesData } from '../../../src/formats/otlp/messages.ts';
import { readTracesJson } from '../../../src/formats/otlp/read-json.ts';
import { segmentsOf } from '../../../src/formats/otlp/segment/convert.ts';
import { tracesJson, writeTracesJson } from '../../../src/formats/otlp/write-json.ts';
import {
  anySpan,
  attributes,
  event,
  link,
  PARENT,
  resource,
  scope,
  span,
  SPAN,
  TRACE,
  traces,
} from '../../fakes/otlp.ts';

const XRAY_ID = `1-${TRACE.slice(0, 8)}-${TRACE.slice(8)}`;

function documentOf(data: TracesData, arrival = 0): OtlpDocument {
  return OtlpDocument.of(JSON.parse(writeTracesJson(data)) as Json, arrival);
}

const traceOf = (...documents: TraceDocument[]): Trace =>
  assemble({ id: XRAY_ID, revision: 1, receivedAt: 0, bytes: 0, isSampled: true }, documents);

test('a span has its own name, kind, status, attributes, events, links, resource, scope and trace state', () => {
  const data = traces(
    [
      span({
        kind: KIND.producer,
        name: 'orders publish',
        parentSpanId: PARENT,
        attributes: attributes({ big: 9_007_199_254_740_993n, list: [1n] }),
        events: [event('retry', { count: 2n })],
        links: [link()],
        traceState: 'a=b',
        status: { code: STATUS.ok, message: 'sent' },
      }),
    ],
    { resource: resource({ 'service.name': 'orders' }), scope: scope({ name: 'kafka', version: '1' }) },
  );
  const [read] = documentOf(data).tops;
  expect(read).toMatchObject({
    format: 'otlp',
    id: SPAN,
    parentId: PARENT,
    name: 'orders publish',
    kind: 'producer',
    status: 'ok',
    statusMessage: 'sent',
    attributes: { big: { exact: '9007199254740993' }, list: [1] },
    events: [{ name: 'retry', time: 1_764_349_296.5, attributes: { count: 2 } }],
    links: [{ traceId: XRAY_ID, id: PARENT, isToReceiver: false }],
    resource: { attributes: { 'service.name': 'orders' } },
    scope: { name: 'kafka', version: '1' },
    traceState: 'a=b',
    start: 1_764_349_296,
    end: 1_764_349_297,
    seconds: 1,
    isSubsegment: true,
    isCall: true,
    namespace: 'remote',
    xrayName: 'orders publish',
  });
  expect(read!.recorded).toEqual(JSON.parse(JSON.stringify(tracesJson(data))));
});

test('a server span is a segment of its service', () => {
  const data = traces(
    [span({ attributes: attributes({ 'http.response.status_code': 503n, 'url.full': 'https://a/' }) })],
    {
      resource: resource({ 'service.name': 'orders', 'cloud.platform': 'aws_eks', 'cloud.provider': 'aws' }),
    },
  );
  expect(documentOf(data).tops[0]).toMatchObject({
    name: 'GET /orders/:id',
    xrayName: 'orders',
    isSubsegment: false,
    origin: 'AWS::EKS::Container',
    http: { url: 'https://a/' },
    httpStatus: 503,
    outcome: { isFault: true, isError: false, isThrottle: false },
    scope: undefined,
  });
});

/** What a span has by its conversion. */
const FACTS = [
  'xrayName', 'isSubsegment', 'parentId', 'isInProgress', 'outcome', 'namespace', 'isCall', 'origin', 'user',
  'httpStatus', 'aws', 'service', 'annotations', 'metadata', 'sql', 'causeId', 'start', 'end',
] as const; // prettier-ignore

test("X-Ray's facts are those of the converted document", () => {
  fc.assert(
    fc.property(anySpan(['aws.span.kind', 'http.status_code', 'aws.xray.inprogress', 'db.system']), (one) => {
      const segments = segmentsOf(one, resource(), newScope());
      const { tops } = documentOf(traces([one]));
      expect(tops).toHaveLength(segments.length);
      for (const [i, segment] of segments.entries()) {
        const read = storedDocument({ format: 'xray', body: JSON.stringify(segment) });
        const facts = (of: SpanPart): unknown => JSON.parse(JSON.stringify(FACTS.map((name) => of[name] ?? null)));
        expect(facts(tops[i]!)).toEqual(facts(read.tops[0]!));
        const documents = [tops[i]!, read.tops[0]!].map((of) => JSON.stringify(of.segmentDocument()));
        expect(JSON.parse(documents[0]!)).toEqual(JSON.parse(documents[1]!));
      }
    }),
    { numRuns: 100 },
  );
});

describe('a trace', () => {
  const SEGMENT = { trace_id: XRAY_ID, name: 'web', start_time: 1_764_349_295, end_time: 1_764_349_299 };

  test('of X-Ray segments and OTLP spans is joined by the IDs of parents', () => {
    const call = { id: PARENT, name: 'call', namespace: 'remote', start_time: 1_764_349_296, end_time: 1_764_349_298 };
    const xray = readDocument(JSON.stringify({ ...SEGMENT, id: '1'.repeat(16), subsegments: [call] }));
    if (isRefusal(xray)) throw new Error(xray.message);
    const server = span({ parentSpanId: PARENT });
    const work = span({ spanId: '2'.repeat(16), kind: KIND.internal, name: 'work', parentSpanId: SPAN });
    const trace = traceOf(documentOf(traces([work, server])), xray);
    expect(trace.orphans).toEqual([]);
    expect(trace.segments.map(({ format }) => format)).toEqual(['xray', 'otlp']);
    expect(trace.root?.id).toBe('1'.repeat(16));
    expect(trace.calleesOf(trace.find(PARENT)!).map(({ id }) => id)).toEqual([SPAN]);
    expect(trace.find(SPAN)!.children.map(({ name }) => name)).toEqual(['work']);
    expect(trace.find('2'.repeat(16))!.segment.id).toBe(SPAN);
  });

  test('has a local root that is a call inside the segment of its service', () => {
    const call = span({ kind: KIND.client, attributes: attributes({ 'aws.span.kind': 'LOCAL_ROOT' }) });
    const trace = traceOf(documentOf(traces([call], { resource: resource({ 'service.name': 'cron' }) })));
    expect(trace.segments).toMatchObject([{ name: 'cron', kind: 'server', attributes: {}, children: [{ id: SPAN }] }]);
    expect(trace.isInferring(trace.find(SPAN)!)).toBe(true);
  });

  test('has a span once that was sent twice', () => {
    const data = traces([span()]);
    const documents = [documentOf(data), documentOf(data, 1)];
    expect(traceOf(...documents).spans()).toHaveLength(1);
    expect(new Set(documents.map(({ key }) => key)).size).toBe(1);
  });

  test.each([0, 1])('has the completed version of a span that was in progress, as document %d', (position) => {
    const open = span({ name: 'open', attributes: attributes({ 'aws.xray.inprogress': true }) });
    const documents = [open, span({ name: 'done' })].map((one, i) => documentOf(traces([one]), i === position ? 0 : 1));
    expect(documents.map(({ isInProgress }) => isInProgress)).toEqual([true, false]);
    expect(traceOf(...documents).segments).toMatchObject([{ name: 'done', isInProgress: false }]);
  });
});

describe('a document of the format', () => {
  test('is read by the table of formats', () => {
    const body = writeTracesJson(traces([span(), span({ spanId: PARENT })]));
    const read = FORMATS.otlp.read(body);
    if (isRefusal(read)) throw new Error(read.message);
    expect(read).toMatchObject({ traceId: XRAY_ID, id: null });
    expect(storedDocument({ format: 'otlp', body }).spans).toHaveLength(2);
  });

  test("of each part of Node's request is valid", () => {
    const request = readTracesJson(readFileSync('test/fixtures/otlp/node-json.json', 'utf8'));
    if (!request.isDecoded) throw new Error(request.message);
    const parts = partsOf(request);
    expect(parts).toHaveLength(2);
    for (const part of parts) expect(readOtlpDocument(writeTracesJson(part))).toBeInstanceOf(OtlpDocument);
  });

  test.each([
    ['no JSON', 'x', 'the body is not a JSON object'],
    ['no spans', '{}', 'the document has no spans'],
    ['an invalid span', writeTracesJson(traces([span(), span({ traceId: '1' })])), 'trace_id is not 16 bytes long (1)'],
    [
      'several traces',
      writeTracesJson(traces([span(), span({ traceId: '1'.repeat(32) })])),
      'the document has spans of several traces',
    ],
  ])('with %s is refused', (_, body, reason) => {
    expect(FORMATS.otlp.read(body)).toEqual({
      id: null,
      code: 'ParseError',
      message: `Invalid OTLP document: ${reason}`,
      traceId: undefined,
    });
  });
});
