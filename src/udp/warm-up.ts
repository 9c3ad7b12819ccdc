import { monotonicMs } from '../pipeline/clock.ts';
import { BurstPolicy } from './burst-policy.ts';
import { DatagramIntake } from './datagram-intake.ts';
import { CHUNK_DOCUMENTS, RingBufferReader, RingBufferWriter } from './ring-buffer.ts';

/** The header that the SDKs send, and the smallest document. */
const SAMPLE = '{"format":"json","version":1}\n{}';
/** Each round fills a chunk; this many make V8 compile the code. */
const ROUNDS = 256;

/**
 * Runs the datagram code before the first datagram, with a ring buffer that is thrown away. V8 runs new code several
 * times slower, and would compile it when the cores are needed for receiving: a burst soon after the start lost
 * datagrams to that (docs/performance.md).
 * Call it before the real ring buffer is created: V8 compiles for the hidden classes it has seen, and first use changes
 * them.
 * To see the effect, run `node --trace-opt --trace-deopt dist/xrayd.cjs`: the first burst deoptimizes nothing in this
 * folder.
 * Takes 25 to 40 ms of the receive thread, and 2 MB that V8 keeps.
 */
export function warmUp(): void {
  const main = new RingBufferReader();
  const ring = new RingBufferWriter(main.memory);
  const datagram = Buffer.allocUnsafeSlow(SAMPLE.length);
  datagram.write(SAMPLE);
  // Several functions: with a single one V8 would assume that no other exists.
  const listeners = [(): void => {}, (): void => {}, (): void => {}, (): void => {}, (): void => {}];
  for (let round = 0; round < ROUNDS; round++) {
    // What happens once per burst must happen often here, or V8 does not optimize it.
    const intake = new DatagramIntake(ring, { maxAgeMs: 0, tell: listeners[round % listeners.length]! });
    if (round % 2 === 0) ring.hold();
    for (let i = 0; i < CHUNK_DOCUMENTS; i++) intake.take(datagram, SAMPLE.length, monotonicMs(), i);
    intake.sealIfDue(monotonicMs());
    const policy = new BurstPolicy(0);
    for (let i = 0; i < CHUNK_DOCUMENTS; i++) policy.readsOn(i % 4 === 0 ? CHUNK_DOCUMENTS : 0, i * 1.1);
    ring.release();
    if (round % 8 === 7) main.drain(() => {});
  }
}
