import { expect, test } from 'vitest';
import { decodeOtlpBody } from '../../../src/formats/otlp/decode-body.ts';
import { encodeTraces } from '../../../src/formats/otlp/encode.ts';
import { otlpKindOf } from '../../../src/formats/otlp/otlp-body.ts';
import { DATAGRAMS } from '../../fakes/fixtures.ts';
import { span, traces } from '../../fakes/otlp.ts';

const body = (prefix: string): Buffer =>
  Buffer.from(prefix + encodeTraces(traces([span(), span({ traceId: '0'.repeat(32) })])).toString('base64'));

test.each(['T1S', 'T1U'])('the spans of a body %s are decoded, and invalid ones counted', (prefix) => {
  expect(decodeOtlpBody(body(prefix))).toMatchObject({ isDecoded: true, spans: 1, rejected: { spans: 1 } });
});

test("the recorded bodies of AWS's distributions are decoded", () => {
  const bodies = DATAGRAMS.map(({ document }) => document).filter((document) =>
    ['T1S', 'T1U'].includes(otlpKindOf(document) ?? ''),
  );
  expect(bodies.length).toBeGreaterThan(1);
  for (const body of bodies) expect(decodeOtlpBody(body)).toMatchObject({ isDecoded: true, rejected: { spans: 0 } });
});

test.each([
  ['metrics', body('M1'), 'the body has no spans'],
  ['a segment document', Buffer.from('{"id":"1"}'), 'the body has no spans'],
  ['a body that is not base64', Buffer.from('T1S{"id":"1"}'), 'the body is not base64'],
  ['a truncated body', body('T1S').subarray(0, 40), 'the message is truncated at byte 3'],
])('%s is an error value', (_, bytes, message) => {
  expect(decodeOtlpBody(bytes)).toMatchObject({ isDecoded: false, code: 'malformed', message });
});
