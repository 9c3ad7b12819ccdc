import fc from '../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { Slabs } from '../../src/batcher/slabs.ts';
import type { Segment } from '../../src/pipeline/segment.ts';

const KB = 1024;

test('documents stay intact, whatever is released before and after them', () => {
  const step = fc.record({
    bytes: fc.integer({ min: 1, max: 300 * KB }),
    release: fc.array(fc.nat(), { maxLength: 2 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 100 }), (steps) => {
      const slabs = new Slabs();
      const held: { segment: Segment; document: Buffer }[] = [];
      for (const [i, { bytes, release }] of steps.entries()) {
        const document = Buffer.alloc(bytes, i % 251);
        const { chunk, start } = slabs.copy(document, 1);
        held.push({ segment: { chunk, start, end: start + bytes, arrivedAtMs: 0, format: 'xray' }, document });
        for (const which of release)
          slabs.release(held.splice(which % (held.length || 1), 1).map(({ segment }) => segment));
        const isIntact = held.map(({ segment: at, document: written }) =>
          written.equals(at.chunk.subarray(at.start, at.end)),
        );
        expect(isIntact).not.toContain(false);
      }
      slabs.release(held.map(({ segment }) => segment));
      expect(slabs.inUse).toBe(0);
    }),
    { numRuns: 50 },
  );
});

test('memory follows the contents: a steady flow reuses a few slabs', () => {
  const slabs = new Slabs();
  const held: Segment[] = [];
  const seen = new Set<Buffer>();
  for (let i = 0; i < 20_000; i++) {
    const { chunk, start } = slabs.copy(new Uint8Array(KB), 1);
    seen.add(chunk);
    held.push({ chunk, start, end: start + KB, arrivedAtMs: 0, format: 'xray' });
    if (held.length > 2_000) slabs.release([held.shift()!]);
  }
  expect(seen.size).toBeLessThanOrEqual(4);
  expect(slabs.inUse).toBeLessThanOrEqual(3);
});

test('segments that arrive one by one take no more memory than those that arrive together', () => {
  const slabs = new Slabs();
  for (let i = 0; i < 2_100; i++) slabs.copy(new Uint8Array(KB), 1);
  // Of a megabyte each.
  expect(slabs.inUse).toBe(3);
});

test('frees a chunk of several documents with the last of them', () => {
  const slabs = new Slabs();
  const { chunk, start } = slabs.copy(new Uint8Array(30), 3);
  const segments = [0, 10, 20].map((at): Segment => ({
    chunk,
    start: start + at,
    end: start + at + 10,
    arrivedAtMs: 0,
    format: 'xray',
  }));
  slabs.release(segments.slice(0, 2));
  expect(slabs.inUse).toBe(1);
  slabs.release(segments.slice(2));
  expect(slabs.inUse).toBe(0);
});

test('ignores memory that it does not own', () => {
  const slabs = new Slabs();
  slabs.release([{ chunk: Buffer.from('x'), start: 0, end: 1, arrivedAtMs: 0, format: 'xray' }]);
  const { chunk } = slabs.copy(new Uint8Array(2 * KB * KB), 1);
  slabs.release([{ chunk, start: 0, end: 1, arrivedAtMs: 0, format: 'xray' }]);
  expect(slabs.inUse).toBe(0);
});

test('returns the memory of a full buffer to the system when it is empty, except for two slabs', () => {
  const slabs = new Slabs();
  const held = Array.from({ length: 10_000 }, (_, i): Segment => {
    const { chunk, start } = slabs.copy(new Uint8Array(KB).fill(i % 251), 1);
    return { chunk, start, end: start + KB, arrivedAtMs: 0, format: 'xray' };
  });
  const chunks = [...new Set(held.map(({ chunk }) => chunk))];
  expect(chunks).toHaveLength(10);
  slabs.release(held);
  const resident = chunks.reduce((bytes, { buffer }) => bytes + buffer.byteLength, 0);
  // And the one that is being filled.
  expect(resident).toBe(3 * KB * KB);
});
