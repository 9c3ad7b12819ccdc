import { setTimeout as sleep } from 'node:timers/promises';
import fc from '../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { RingBufferReader, RingBufferWriter, CHUNK_BYTES, CHUNKS } from '../../src/udp/ring-buffer.ts';

function pair(): { writer: RingBufferWriter; reader: RingBufferReader } {
  const reader = new RingBufferReader();
  return { reader, writer: new RingBufferWriter(reader.memory) };
}

function drain(reader: RingBufferReader): string[] {
  const documents: string[] = [];
  reader.drain(({ count, ends, bytes }) => {
    for (let i = 0; i < count; i++)
      documents.push(Buffer.from(bytes.subarray(i === 0 ? 0 : ends[i - 1], ends[i])).toString());
  });
  return documents;
}

test('hands over a chunk of 50 documents, in the order of arrival', () => {
  const { writer, reader } = pair();
  const all = Array.from({ length: 120 }, (_, i) => `document ${i}`);
  for (const text of all) writer.store(Buffer.from(`x${text}y`), 1, 1 + text.length, 7);
  expect(drain(reader)).toEqual(all.slice(0, 100));
  writer.seal();
  expect(drain(reader)).toEqual(all.slice(100));
});

test('stores a datagram of the maximum size in one chunk, and opens another chunk for the next', () => {
  const { writer, reader } = pair();
  const large = Buffer.alloc(65_507, 'a');
  for (let i = 0; i < 3; i++) writer.store(large, 0, large.length, 1);
  expect(65_507).toBeLessThanOrEqual(CHUNK_BYTES);
  expect(drain(reader).map((text) => text.length)).toEqual([65_507, 65_507]);
});

test('wakes the reader at each chunk, but in a burst at its end or when three quarters of the chunks wait', async () => {
  const { writer, reader } = pair();
  let awakenings = 0;
  const seal = async (chunks: number): Promise<void> => {
    void reader.sealed().then(() => awakenings++);
    for (let index = 0; index < chunks; index++) {
      writer.store(Buffer.from('a'), 0, 1, 1);
      writer.seal();
    }
    await sleep(10);
  };
  await seal(1);
  expect(awakenings).toBe(1);
  drain(reader);
  writer.hold();
  await seal((CHUNKS * 3) / 4 - 1);
  expect(awakenings).toBe(1);
  writer.release();
  await sleep(10);
  expect(awakenings).toBe(2);
  drain(reader);
  writer.hold();
  await seal((CHUNKS * 3) / 4);
  expect(awakenings).toBe(3);
  writer.release();
  drain(reader);
  await seal(1);
  expect(awakenings).toBe(4);
});

test('counts received, rejected and held documents, and holds nothing that was taken', () => {
  const { writer, reader } = pair();
  writer.reject(2);
  writer.store(Buffer.from('a'), 0, 1, 1);
  expect(reader.read()).toEqual({ received: 2, rejected: { empty: 0, no_document: 0, bad_header: 1 }, held: 1 });
  writer.seal();
  drain(reader);
  expect(reader.read()).toMatchObject({ received: 2, held: 0 });
});

test('uses the lowest free chunk, so that memory in use follows the load', () => {
  const { writer, reader } = pair();
  for (let round = 0; round < 3 * CHUNKS; round++) {
    writer.store(Buffer.from('a'), 0, 1, 1);
    writer.seal();
    const offsets: number[] = [];
    reader.drain(({ bytes }) => offsets.push(bytes.byteOffset));
    writer.store(Buffer.from('b'), 0, 1, 1);
    writer.seal();
    reader.drain(({ bytes }) => offsets.push(bytes.byteOffset));
    expect(new Set(offsets).size).toBe(1);
  }
});

test('hands over the open chunk too once the writer has ended', () => {
  const { writer, reader } = pair();
  writer.store(Buffer.from('a'), 0, 1, 1);
  const counts: number[] = [];
  reader.drain(({ count }) => counts.push(count));
  expect(counts).toEqual([]);
  reader.drainAll(({ count }) => counts.push(count));
  expect(counts).toEqual([1]);
  expect(reader.read().held).toBe(0);
});

test('loses and invents nothing under any interleaving', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('store' as const), bytes: fc.integer({ min: 1, max: 40_000 }) }),
    fc.record({ kind: fc.constantFrom('reject' as const, 'seal' as const, 'drain' as const), bytes: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const { writer, reader } = pair();
      let stored = 0;
      let rejected = 0;
      let taken = 0;
      for (const { kind, bytes } of steps) {
        if (kind === 'store') {
          writer.store(Buffer.alloc(bytes, 'a'), 0, bytes, 1);
          stored++;
        } else if (kind === 'reject') {
          writer.reject(0);
          rejected++;
        } else if (kind === 'seal') writer.seal();
        else reader.drain(({ count }) => (taken += count));
        expect(reader.read()).toMatchObject({ received: stored + rejected, held: stored - taken });
      }
    }),
    { numRuns: 30 },
  );
});
