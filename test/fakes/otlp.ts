import fc from './fast-check.ts';
import {
  Bytes,
  KIND,
  newAttributes,
  newEvent,
  newLink,
  newResource,
  newScope,
  newSpan,
  type Attributes,
  type Event,
  type Link,
  type Resource,
  type Scope,
  type Span,
  type TracesData,
  type Value,
} from '../../src/formats/otlp/messages.ts';

export const TRACE = '6929d510abcdef000000000000000001';
export const SPAN = '53995c3f42cd8ad8';
export const PARENT = 'b89d9a3f9409cfcb';

export function attributes(values: Readonly<Record<string, Value>>): Attributes {
  return Object.assign(newAttributes(), values);
}

/** A span of a second at 2025-11-28T17:01:36Z, with other members where `members` has them. */
export function span(members: Partial<Span> = {}): Span {
  return {
    ...newSpan(),
    traceId: TRACE,
    spanId: SPAN,
    name: 'GET /orders/:id',
    kind: KIND.server,
    startTimeUnixNano: 1_764_349_296_000_000_000n,
    endTimeUnixNano: 1_764_349_297_000_000_000n,
    ...members,
  };
}

export function event(name: string, values: Readonly<Record<string, Value>> = {}): Event {
  return { ...newEvent(), name, timeUnixNano: 1_764_349_296_500_000_000n, attributes: attributes(values) };
}

export function link(members: Partial<Link> = {}): Link {
  return { ...newLink(), traceId: TRACE, spanId: PARENT, ...members };
}

export function resource(values: Readonly<Record<string, Value>> = {}): Resource {
  return { ...newResource(), attributes: attributes(values) };
}

export function scope(members: Partial<Scope> = {}): Scope {
  return { ...newScope(), ...members };
}

export function traces(spans: readonly Span[], members: { resource?: Resource; scope?: Scope } = {}): TracesData {
  return {
    resourceSpans: [
      {
        resource: members.resource ?? resource(),
        schemaUrl: '',
        scopeSpans: [{ scope: members.scope ?? scope(), schemaUrl: '', spans: [...spans] }],
      },
    ],
  };
}

/** Texts with lone surrogates cannot be written in UTF-8. */
const anyText = fc.string({ unit: 'grapheme', maxLength: 20 });
const count = fc.nat({ max: 0xffff_ffff });
const time = fc.bigInt({ min: 1n, max: 0xffff_ffff_ffff_ffffn });
const hex = (digits: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: digits / 2, maxLength: digits / 2 })
    .map((bytes) => Buffer.from(bytes).toString('hex'))
    .filter((id) => /[^0]/.test(id));

const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    anyText,
    fc.boolean(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.double(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 10 }).map((bytes) => new Bytes(Buffer.from(bytes).toString('base64'))),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(anyText, tie('value')), { maxLength: 4 }).map((list) => attributes(Object.fromEntries(list))),
  ),
}));

/** Keys that X-Ray's conversion reads get values of any type. */
export const anyAttributes = (keys: readonly string[] = []): fc.Arbitrary<Attributes> => {
  const key = keys.length === 0 ? anyText : fc.oneof(anyText, fc.constantFrom(...keys), fc.constant('__proto__'));
  return fc.array(fc.tuple(key, value), { maxLength: 12 }).map((list) => {
    const result = newAttributes();
    for (const [name, item] of list) result[name] = item;
    return result;
  });
};

export const anySpan = (keys: readonly string[] = []): fc.Arbitrary<Span> => {
  const values = anyAttributes(keys);
  return fc.record({
    traceId: hex(32),
    spanId: hex(16),
    parentSpanId: fc.oneof(fc.constant(''), hex(16)),
    traceState: anyText,
    name: anyText,
    kind: fc.nat({ max: 6 }),
    startTimeUnixNano: time,
    endTimeUnixNano: fc.oneof(fc.constant(0n), time),
    attributes: values,
    droppedAttributesCount: count,
    events: fc.array(
      fc.record({
        timeUnixNano: fc.oneof(fc.constant(0n), time),
        name: fc.oneof(anyText, fc.constantFrom('exception', 'HTTP request failure')),
        attributes: values,
        droppedAttributesCount: count,
      }),
      { maxLength: 3 },
    ),
    droppedEventsCount: count,
    links: fc.array(
      fc.record({
        traceId: hex(32),
        spanId: hex(16),
        traceState: anyText,
        attributes: values,
        droppedAttributesCount: count,
        flags: count,
      }),
      { maxLength: 2 },
    ),
    droppedLinksCount: count,
    status: fc.record({ message: anyText, code: fc.nat({ max: 3 }) }),
    flags: count,
  });
};

export const anyTraces: fc.Arbitrary<TracesData> = fc.record({
  resourceSpans: fc.array(
    fc.record({
      resource: fc.record({ attributes: anyAttributes(), droppedAttributesCount: count }),
      schemaUrl: anyText,
      scopeSpans: fc.array(
        fc.record({
          scope: fc.record({
            name: anyText,
            version: anyText,
            attributes: anyAttributes(),
            droppedAttributesCount: count,
          }),
          schemaUrl: anyText,
          spans: fc.array(anySpan(), { maxLength: 3 }),
        }),
        { maxLength: 2 },
      ),
    }),
    { maxLength: 2 },
  ),
});

/** Keys that the conversion reads. */
export const CONVERSION_KEYS = [
  'http.method', 'http.request.method', 'http.url', 'url.full', 'url.path', 'url.query', 'url.scheme', 'http.host',
  'http.target', 'http.path', 'http.status_code', 'http.response.status_code', 'server.address', 'server.port',
  'net.peer.name', 'net.peer.ip', 'net.peer.port', 'net.host.port', 'client.address', 'network.peer.address',
  'http.response.body.size', 'db.system', 'db.system.name', 'db.name', 'db.namespace', 'db.connection_string',
  'db.query.text', 'rpc.system', 'rpc.service', 'rpc.method', 'aws.span.kind', 'aws.local.service',
  'aws.remote.service', 'aws.service', 'peer.service', 'service.name', 'service.version', 'cloud.provider',
  'cloud.platform', 'host.id', 'container.image.tags', 'aws.log.group.arns', 'aws.log.group.names', 'enduser.id',
  'aws.xray.annotations', 'aws.xray.metadata.x', 'aws.xray.inprogress', 'exception.type', 'exception.message',
  'exception.stacktrace', 'telemetry.sdk.language', 'aws.dynamodb.table_names', 'service.instance.id',
]; // prettier-ignore
