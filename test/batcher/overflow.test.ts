import { expect, test } from 'vitest';
import { Overflow } from '../../src/batcher/overflow.ts';
import type { Spool } from '../../src/batcher/spool/spool.ts';
import { numberedDocuments, segmentsOf } from '../fakes/segments.ts';

const NEVER = new AbortController().signal;

/** A disk whose writes end when, and as, the test says. */
class SlowDisk {
  readonly isUsable = true;
  readonly writes: ((isWritten: boolean) => void)[] = [];

  write(_segments: unknown, onTaken: () => void): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.writes.push((isWritten) => {
      if (isWritten) onTaken();
      resolve(isWritten);
    });
    return promise;
  }
}

function setUp() {
  const disk = new SlowDisk();
  return { disk, overflow: new Overflow(disk as unknown as Spool), batch: segmentsOf(numberedDocuments(10)) };
}

const turn = (): Promise<void> => new Promise((next) => setImmediate(next));

test('holds segments until they are on disk or returned to the caller', async () => {
  const { disk, overflow, batch } = setUp();
  let failed = 0;
  void overflow.write(batch, () => failed++);
  void overflow.write(batch, () => failed++);
  expect(overflow.segments).toBe(20);
  disk.writes[0]!(true);
  disk.writes[1]!(false);
  await turn();
  expect([overflow.segments, overflow.bytes, failed]).toEqual([0, 0, 1]);
});

test('writes four batches at a time', () => {
  const { overflow, batch } = setUp();
  for (let i = 0; i < 3; i++) void overflow.write(batch, () => {});
  expect(overflow.canWrite).toBe(true);
  void overflow.write(batch, () => {});
  expect(overflow.canWrite).toBe(false);
});

test('a disk that hangs at shutdown loses exactly what it did not write, counted once', async () => {
  const { disk, overflow, batch } = setUp();
  const deadline = new AbortController();
  let givenBack = 0;
  let lost = 0;
  void overflow.write(batch, () => givenBack++);
  const ended = overflow.writeAll([batch, batch, batch], deadline.signal, (segments) => (lost += segments));
  disk.writes[1]!(true);
  disk.writes[2]!(false);
  await turn();
  expect(lost).toBe(10);
  deadline.abort();
  await ended;
  expect(lost).toBe(30);
  // Too late: it has been counted.
  disk.writes[0]!(false);
  disk.writes[3]!(true);
  await turn();
  expect([lost, givenBack, overflow.segments, overflow.bytes]).toEqual([30, 0, 0, 0]);
});

test('without a spool, everything left at shutdown is lost and reported', async () => {
  const overflow = new Overflow(undefined);
  let lost = 0;
  await overflow.writeAll([segmentsOf(['a', 'b']), segmentsOf(['c'])], NEVER, (segments) => (lost += segments));
  expect(lost).toBe(3);
  expect(overflow.canWrite).toBe(false);
});
