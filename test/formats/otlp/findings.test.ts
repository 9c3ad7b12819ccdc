import { expect, test } from 'vitest';
import { documentFactsOf, documentFindings } from '../../../src/formats/document-facts.ts';
import { KIND, STATUS, type Resource, type Scope, type Span } from '../../../src/formats/otlp/messages.ts';
import { OtlpDocument } from '../../../src/formats/otlp/document.ts';
import { writeTracesJson } from '../../../src/formats/otlp/write-json.ts';
import { findingsOf } from '../../../src/query/findings.ts';
import { assemble } from '../../../src/trace/assemble.ts';
import type { Finding, Trace } from '../../../src/trace/model.ts';
import { TraceView } from '../../../src/trace/trace-view.ts';
import { xrayTraceId } from '../../../src/trace/trace-id.ts';
import { attributes, event, link, PARENT, resource, scope, span, SPAN, TRACE, traces } from '../../fakes/otlp.ts';

type Members = { readonly resource?: Resource; readonly scope?: Scope };

function traceOf(spans: readonly Span[], members: Members = {}, isSampled = true): Trace {
  const document = new OtlpDocument(traces(spans, members));
  return assemble({ id: xrayTraceId(TRACE), revision: 1, receivedAt: 0, bytes: 1, isSampled }, [document]);
}

function found(spans: readonly Span[], members: Members = {}): Finding[] {
  return documentFindings(traceOf(spans, members));
}

/** A span of which AWS gets everything where people look for it. */
const plain = (members: Partial<Span> = {}): Span => span({ name: 'shop', ...members });
const SHOP: Members = { resource: resource({ 'service.name': 'shop', 'telemetry.sdk.language': 'nodejs' }) };

test('a span that X-Ray can hold has no findings', () => {
  expect(found([plain()], SHOP)).toEqual([]);
});

const STACK = 'Error: no\n    at pay (file:///app/pay.mjs:7:9)';
const exception = (values: Readonly<Record<string, string>>) =>
  event('exception', {
    'exception.type': 'Error',
    'exception.message': 'no',
    'exception.stacktrace': STACK,
    ...values,
  });

const CASES: readonly (readonly [code: string, message: string, of: Span, members?: Members])[] = [
  [
    'dropped_by_sdk',
    '3 attributes, 1 event, 2 links of the span were dropped at a limit before they were stored, and are lost',
    plain({ droppedAttributesCount: 3, droppedEventsCount: 1, droppedLinksCount: 2 }),
  ],
  [
    'attribute_without_value',
    'AWS does not get tenant of the span: the attribute has no value',
    plain({ attributes: attributes({ tenant: null }) }),
  ],
  [
    'attribute_not_finite',
    'AWS gets load of the span as a string: JSON has no such number',
    plain({ attributes: attributes({ load: Number.NaN, 'aws.xray.annotations': ['load'] }) }),
  ],
  [
    'attribute_not_indexable',
    'items of the span stays in metadata: an annotation is a string, a number or a boolean',
    plain({ attributes: attributes({ items: ['a', 'b'], 'aws.xray.annotations': ['items'] }) }),
  ],
  [
    'attribute_not_indexable',
    'otel.resource.tags of the span stays in metadata: an annotation is a string, a number or a boolean',
    plain({ attributes: attributes({ 'aws.xray.annotations': ['otel.resource.tags'] }) }),
    { resource: resource({ tags: ['a', 'b'] }) },
  ],
  [
    'attributes_not_indexed',
    'filters do not search all attributes of the span; in metadata: tenant, plan',
    plain({ attributes: attributes({ tenant: 'acme', plan: 'free' }) }),
  ],
  [
    'exception_details_lost',
    'AWS does not get code of exceptions of the span: X-Ray has type, message and stack',
    plain({ events: [exception({ code: 'E7' })] }),
  ],
  [
    'exception_stack_unread',
    'AWS gets stack traces of the span as metadata, without frames: they are in erlang',
    plain({ events: [exception({})] }),
    { resource: resource({ 'service.name': 'shop', 'telemetry.sdk.language': 'erlang' }) },
  ],
  [
    'link_details_lost',
    'AWS does not get the tracestate of links of the span',
    plain({ links: [link({ traceState: 'a=1' })] }),
  ],
  [
    'scope_attributes_lost',
    'AWS does not get team of the instrumentation scope of the span',
    plain(),
    { ...SHOP, scope: scope({ attributes: attributes({ team: 'x' }) }) },
  ],
  [
    'scope_in_metadata',
    'X-Ray does not show the instrumentation scope of the span; in metadata: http 1.2',
    plain(),
    { ...SHOP, scope: scope({ name: 'http', version: '1.2' }) },
  ],
  ['span_without_end', 'AWS gets the span without duration, because there is no end', plain({ endTimeUnixNano: 0n })],
  [
    'span_ends_before_start',
    'AWS gets the span with a negative duration: the end is before the start',
    plain({ endTimeUnixNano: 1n }),
  ],
  [
    'call_without_service',
    'the span has no parent, so X-Ray mistakes the called bank for the caller',
    plain({
      kind: KIND.client,
      attributes: attributes({ 'peer.service': 'bank', 'aws.xray.annotations': ['peer.service'] }),
    }),
  ],
  [
    'span_name_in_metadata',
    'X-Ray shows a service instead of the name of the span; in metadata: GET /orders',
    plain({ name: 'GET /orders' }),
  ],
  [
    'span_kind_in_metadata',
    'X-Ray does not show the kind of the span; in metadata: consumer',
    plain({ kind: KIND.consumer }),
  ],
  [
    'events_in_metadata',
    'X-Ray does not show the events of the span; in metadata: cache miss, retry',
    plain({ events: [event('cache miss'), event('retry')] }),
  ],
  [
    'status_message_in_metadata',
    'X-Ray does not show the status message of the span; in metadata: fine',
    plain({ status: { code: STATUS.ok, message: 'fine' } }),
  ],
  [
    'trace_state_in_metadata',
    'X-Ray does not show the tracestate of the span; in metadata: a=1,b=2',
    plain({ traceState: 'a=1,b=2' }),
  ],
  [
    'span_too_large',
    'as a segment the span has more than 64 KB; AWS gets it without body',
    plain({ attributes: attributes({ body: 'x'.repeat(70_000) }) }),
  ],
];

for (const [code, message, of, members = SHOP] of CASES)
  test(`${code}: ${message}`, () => {
    const findings = found([of], members);
    expect(findings.filter((each) => each.code === code)).toMatchObject([{ id: SPAN, message }]);
    expect(findings.every(({ remedy }) => /^[A-Z].*\.$/.test(remedy))).toBe(true);
  });

test('what AWS keeps as metadata is a note, and every other finding is not', () => {
  const findings = CASES.flatMap(([code, , of, members = SHOP]) =>
    found([of], members).filter((each) => each.code === code),
  );
  expect(findings.filter(({ isNote }) => isNote).map(({ code }) => code)).toEqual([
    'attributes_not_indexed',
    'scope_in_metadata',
    'span_name_in_metadata',
    'span_kind_in_metadata',
    'events_in_metadata',
    'status_message_in_metadata',
    'trace_state_in_metadata',
  ]);
});

test('spans that lose the same have one finding together, which is about the whole trace', () => {
  const spans = ['1', '2', '3'].map((digit) =>
    plain({ spanId: digit.repeat(16), attributes: attributes({ [`key.${digit}`]: 1n, tenant: 'acme' }) }),
  );
  expect(found(spans, SHOP)).toMatchObject([
    {
      code: 'attributes_not_indexed',
      id: null,
      message: 'filters do not search all attributes of 3 spans; in metadata: key.1, tenant, key.2, key.3',
    },
  ]);
});

test('what the two documents of a local root lose is reported once', () => {
  const root = plain({
    kind: KIND.client,
    parentSpanId: PARENT,
    droppedLinksCount: 1,
    attributes: attributes({ 'aws.span.kind': 'LOCAL_ROOT', 'aws.local.service': 'shop' }),
  });
  const trace = traceOf([root]);
  expect(trace.spans()).toHaveLength(2);
  expect(documentFindings(trace).filter(({ code }) => code === 'dropped_by_sdk')).toMatchObject([{ id: SPAN }]);
});

test('the sizes are those of the segments that X-Ray gets, and not of what was received', () => {
  const many = Array.from({ length: 300 }, (_, i) =>
    plain({ spanId: String(i + 1).padStart(16, '0'), attributes: attributes({ body: 'x'.repeat(1_000) }) }),
  );
  const trace = traceOf(many, SHOP);
  const body = writeTracesJson(traces(many, SHOP));
  expect(body.length).toBeGreaterThan(64 * 1024);
  const facts = documentFactsOf(trace, [{ format: 'otlp', body }]);
  expect(facts.sizes).toHaveLength(300);
  const codes = findingsOf(new TraceView(trace), facts, []).map(({ code }) => code);
  expect(codes).not.toContain('document_too_large');
  expect(codes).not.toContain('trace_too_large');
});

test('a long name of a span is no name that X-Ray cuts, because a segment has another one', () => {
  const trace = traceOf([plain({ name: 'x'.repeat(300) })], SHOP);
  const codes = findingsOf(new TraceView(trace), documentFactsOf(trace, []), []).map(({ code }) => code);
  expect(codes).toContain('span_name_in_metadata');
  expect(codes).not.toContain('name_cut');
});

test('an unsampled trace says that AWS shows none', () => {
  const view = new TraceView(traceOf([plain()], SHOP, false));
  expect(findingsOf(view, documentFactsOf(view.trace, []), [])).toMatchObject([{ code: 'unsampled', id: null }]);
});
