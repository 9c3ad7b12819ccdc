import fc from '../../../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { KIND } from '../../../../src/formats/otlp/messages.ts';
import { segmentsOf, segmentTexts } from '../../../../src/formats/otlp/segment/convert.ts';
import { DEFAULT_OPTIONS } from '../../../../src/formats/otlp/segment/options.ts';
import { anySpan, attributes, CONVERSION_KEYS, resource, scope, span, traces } from '../../../fakes/otlp.ts';

const INHERITED = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];

test('the texts are those of JSON.stringify', () => {
  const keys = [...CONVERSION_KEYS, ...INHERITED, ...INHERITED.map((name) => `aws.xray.metadata.${name}`)];
  const options = { ...DEFAULT_OPTIONS, indexAllAttributes: true };
  fc.assert(
    fc.property(anySpan(keys), fc.boolean(), (one, isIndexed) => {
      const chosen = isIndexed ? options : DEFAULT_OPTIONS;
      const documents = segmentsOf(one, resource(), scope(), chosen);
      expect(segmentTexts(traces([one]), chosen)).toEqual(documents.map((document) => JSON.stringify(document)));
    }),
    { numRuns: 300 },
  );
});

test('times keep their nanoseconds, whatever the texts before and after them are', () => {
  const decoy = '","start_time":0,"end_time":0,"';
  const one = span({
    kind: KIND.internal,
    name: decoy,
    parentSpanId: '',
    startTimeUnixNano: 1_732_900_000_123_456_789n,
    endTimeUnixNano: 1_732_900_000_143_456_789n,
    attributes: attributes({ [decoy]: decoy, start_time: 0n, end_time: 0n }),
  });
  const [text = ''] = segmentTexts(traces([one]));
  expect(text).toContain('"start_time":1732900000.123456789,"end_time":1732900000.143456789,');
  expect(text).toBe(JSON.stringify(segmentsOf(one, resource(), scope())[0]));
});

test.each(INHERITED)('%s is an attribute, an annotation and a namespace like any other', (name) => {
  const values = { [name]: 'a', nested: attributes(Object.fromEntries([[name, 'b']])) };
  const one = span({
    kind: KIND.server,
    attributes: attributes(Object.fromEntries([...Object.entries(values), [`aws.xray.metadata.${name}`, '{"x":1}']])),
  });
  const members = (json: unknown): unknown => Object.getOwnPropertyDescriptor(json, name)?.value;
  const [text = ''] = segmentTexts(traces([one]));
  const { metadata } = JSON.parse(text) as { metadata: { default: Record<string, unknown> } };
  expect(members(metadata.default)).toBe('a');
  expect(members(metadata.default['nested'])).toBe('b');
  expect(members(metadata)).toEqual({ x: 1 });
  const [indexed = ''] = segmentTexts(traces([one]), { ...DEFAULT_OPTIONS, indexAllAttributes: true });
  expect(members((JSON.parse(indexed) as { annotations: unknown }).annotations)).toBe('a');
});
