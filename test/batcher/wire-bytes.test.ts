import { expect, test } from 'vitest';
import { bodyParts } from '../../src/aws/encode.ts';
import { SegmentBuffer } from '../../src/batcher/segment-buffer.ts';
import { wireBytesOf } from '../../src/batcher/wire-bytes.ts';

const KB = 1024;
const MAX_BATCH_BYTES = 512 * KB;
const CASES: Readonly<Record<string, Buffer>> = {
  ASCII: Buffer.from(`{"a":"${'x'.repeat(60 * KB)}"}`),
  'control characters': Buffer.from(`{"a":"${'\u0001'.repeat(60 * KB)}"}`),
  'bytes that are not UTF-8': Buffer.alloc(60 * KB, 0xff),
  both: Buffer.concat([Buffer.alloc(30 * KB, 0xfe), Buffer.alloc(30 * KB, 0x02)]),
};

test.each(Object.entries(CASES))('a document of %s counts for what it is in the body of a call', (_name, chunk) => {
  const [, text = ''] = bodyParts([{ chunk, start: 0, end: chunk.length, arrivedAtMs: 0, format: 'xray' }]);
  const bytes = wireBytesOf({ chunk, start: 0, end: chunk.length, format: 'xray' });
  expect(bytes).toBeGreaterThanOrEqual(text.length - 10);
  expect(bytes).toBeLessThanOrEqual(text.length * 1.1);
});

test.each(Object.entries(CASES))(
  'a batch of documents of %s is no larger when it is sent than any other',
  (_name, document) => {
    const buffer = new SegmentBuffer(
      { maxAgeMs: 0, isNewestFirst: false },
      { maxDocuments: 50, maxBytes: MAX_BATCH_BYTES },
    );
    for (let i = 0; i < 50; i++) buffer.pushDocument(document, 0, 'xray');
    const { segments } = buffer.takeDue(1, true)!;
    const sent = bodyParts(segments).reduce((sum, part) => sum + part.length, 0);
    expect(sent).toBeLessThan(MAX_BATCH_BYTES + KB);
  },
);

test('a document in a binary format counts for its length, whatever its bytes are', () => {
  const chunk = Buffer.alloc(60 * KB, 0x02);
  expect(wireBytesOf({ chunk, start: 0, end: chunk.length, format: 'otlp' })).toBe(chunk.length);
});
