import { expect, test } from 'vitest';
import { tracesJson } from '../../src/formats/otlp/write-json.ts';
import { documentsIn, isConverted } from '../../ui/src/trace/raw-forms.ts';
import type { ReceivedJson } from '../../src/api/page-types.ts';
import { attributes, resource, span, SPAN, traces } from '../fakes/otlp.ts';

const SEGMENT: ReceivedJson = { format: 'xray', document: { id: '1', name: 'web', custom: 7 } };

test('documents are shown as they came, or as the segments that X-Ray gets, shrunk to 64 KB', () => {
  const other = span({ spanId: 'a'.repeat(16), attributes: attributes({ body: 'x'.repeat(70_000) }) });
  const document = tracesJson(traces([span(), other], { resource: resource({ 'service.name': 'shop' }) }));
  const received: ReceivedJson[] = [SEGMENT, { format: 'otlp', document }];
  expect(received.map(isConverted)).toEqual([false, true]);
  expect(documentsIn('', received)).toEqual([SEGMENT.document, document]);
  const [segment, ...converted] = documentsIn('segments', received);
  expect(segment).toBe(SEGMENT.document);
  expect(converted).toMatchObject([
    { id: SPAN, name: 'shop', trace_id: '1-6929d510-abcdef000000000000000001' },
    { id: other.spanId, metadata: { default: { 'otel.removed': ['body'] } } },
  ]);
  for (const each of converted) expect(JSON.stringify(each).length).toBeLessThanOrEqual(64 * 1024);
});
