import { closeSync, openSync } from 'node:fs';
import { serialize } from 'node:v8';
import { DirectReader, SCRATCH_BYTES } from './direct-reader.ts';
import { DatagramIntake } from './datagram-intake.ts';
import { CHUNK_DOCUMENTS, RingBufferReader, RingBufferWriter } from './ring-buffer.ts';
import { BurstPolicy } from './burst-policy.ts';

/** What the SDKs send before the document, and the least of documents. */
const SAMPLE = '{"format":"json","version":1}\n{}';
/** Each fills a chunk; enough for V8 to compile what is walked. */
const ROUNDS = 256;

/**
 * Walks the way of a datagram before there is one, with a ring that nobody reads. V8 runs code that is new to it several times slower,
 * and would compile it when the cores are needed for something else: a burst soon after the start was lost to that (docs/performance.md).
 * To be called before the real ring is made: V8 compiles for the hidden classes that it has seen, and first use changes them.
 * What it teaches V8 can be seen with `node --trace-opt --trace-deopt dist/xrayd.cjs`: the first burst deoptimizes nothing of this folder.
 * Takes 25 to 40 ms of the receive thread, and 2 MB for what V8 keeps of it.
 */
export function warmUp(): void {
  const main = new RingBufferReader();
  const ring = new RingBufferWriter(main.memory);
  // The two kinds of buffer that V8 tells apart: made in JavaScript, as the direct reader's, and by Node's C++, as node:dgram's.
  const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  scratch.write(SAMPLE);
  const native = serialize(SAMPLE);
  native.write(SAMPLE);
  // Any number of empty datagrams can be read of the one, and nothing of the other, as of a socket in which nothing waits.
  const empties = open('/dev/null');
  const nothing = open('/');
  // Several, or V8 would take the only one that it has seen for the only one there is.
  const nobody = [(): void => {}, (): void => {}, (): void => {}, (): void => {}, (): void => {}];
  const reader = new DirectReader(empties ?? -1, scratch);
  for (let round = 0; round < ROUNDS; round++) {
    // What happens once in a burst has to happen often here, or V8 takes no note of it.
    const intake = new DatagramIntake(ring, 0, nobody[round % nobody.length]!);
    if (round % 2 === 0) ring.hold();
    for (let i = 0; i < CHUNK_DOCUMENTS; i++) intake.take((i & 1) === 0 ? scratch : native, SAMPLE.length);
    if (round % 4 === 0) for (let i = 0; i < 2; i++) intake.take(scratch, scratch.length);
    reader.read(CHUNK_DOCUMENTS, intake);
    if (nothing !== undefined && round % 4 === 0) new DirectReader(nothing, scratch).read(1, intake);
    const policy = new BurstPolicy(0);
    for (let i = 0; i < CHUNK_DOCUMENTS; i++) policy.readsOn(i % 4 === 0 ? CHUNK_DOCUMENTS : 0, i * 1.1);
    ring.release();
    if (round % 8 === 7) main.drain(() => {});
  }
  for (const descriptor of [empties, nothing]) if (descriptor !== undefined) closeSync(descriptor);
}

/** undefined where there is no such path, or no descriptor left: a warm-up is never worth a failed start. */
function open(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}
