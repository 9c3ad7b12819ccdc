import { monotonicMs } from '../pipeline/clock.ts';
import { BurstPolicy } from './burst-policy.ts';
import type { DatagramIntake } from './datagram-intake.ts';
import { DATAGRAMS_PER_CALL, GAP_MS, type NativeSocket } from './native-socket.ts';
import type { RingBufferWriter } from './ring-buffer.ts';
import { MAX_CATCH_UP_MS, MAX_DRAIN_MS, QUIET_MS, type FromWorker, type ToWorker } from './worker-messages.ts';

/** So many datagrams within this time may be the beginning of a burst. */
const BUSY = 32;
const BUSY_MS = 1;
/**
 * How long the thread lets the kernel gather datagrams at most. It does not look at messages meanwhile, so this delays
 * stopping and the counts of a scrape.
 */
const GATHER_MS = 100;
/** A thread that is ended without a message, as by a process that fails, ends after this. */
const MAX_WAIT_MS = 5_000;
/** Calls in a row that fail although the socket is readable: its descriptor is broken. */
const MAX_FAILURES = 100;

export interface NativeLoopDeps {
  readonly socket: NativeSocket;
  readonly intake: DatagramIntake;
  readonly ring: RingBufferWriter;
  readonly nextMessage: () => ToWorker | undefined;
  readonly tell: (message: FromWorker) => void;
}

/**
 * Reads the socket until the message `stop`, and returns then. Instead of the event loop, the thread waits in the
 * kernel: for the first datagram of a chunk or a message, then for the rest of the chunk. So JavaScript runs a few
 * times per chunk and not for each datagram, while bursts are taken from the socket buffer as they arrive
 * (docs/performance.md).
 */
export function receiveNatively({ socket, intake, ring, nextMessage, tell }: NativeLoopDeps): void {
  let failures = 0;
  let lastMs = -Infinity;
  let gatherMs = 0;
  for (;;) {
    // In each turn, since a flood and the kernel's gathering end without a sign that a message is there.
    for (let message = nextMessage(); message !== undefined; message = nextMessage()) {
      if (message === 'end') return;
      if (message === 'stop') return drain(socket, intake);
      if (message === 'catch-up') {
        catchUp(socket, intake);
        tell({ type: 'caught-up' });
      }
    }
    const isGathering = gatherMs > 0;
    const startedMs = monotonicMs();
    ring.hold();
    let count = take(intake, socket, isGathering ? socket.gather(ring.placesLeft, gatherMs) : socket.receive());
    if (count >= BUSY && monotonicMs() - startedMs < BUSY_MS) {
      const burst = new BurstPolicy(monotonicMs());
      while (burst.readsOn(count, monotonicMs())) count = take(intake, socket, socket.receive());
    }
    ring.release();
    const nowMs = monotonicMs();
    const dueInMs = intake.sealIfDue(nowMs);
    const isFlowing = count > 1 || (count === 1 && nowMs - lastMs < GAP_MS);
    const mayGather = socket.canGather && isFlowing && dueInMs > GAP_MS && dueInMs < Infinity;
    gatherMs = mayGather ? Math.min(GATHER_MS, dueInMs) : 0;
    if (count > 0) {
      failures = 0;
      lastMs = nowMs;
      continue;
    }
    // A single failure is a datagram whose checksum was wrong.
    failures = socket.wait(Math.min(MAX_WAIT_MS, dueInMs)) ? failures + 1 : 0;
    if (failures > MAX_FAILURES) throw new Error('the socket cannot be read with recvmmsg(2)');
  }
}

/** Hands the `count` datagrams of the last call to the intake. */
function take(intake: DatagramIntake, socket: NativeSocket, count: number): number {
  const nowMs = monotonicMs();
  for (let i = 0; i < count; i++) intake.take(socket.datagrams[i]!, socket.lengthOf(i), nowMs, i);
  return count;
}

function catchUp(socket: NativeSocket, intake: DatagramIntake): void {
  const startedMs = monotonicMs();
  while (take(intake, socket, socket.receive()) === DATAGRAMS_PER_CALL && monotonicMs() - startedMs < MAX_CATCH_UP_MS);
}

/** Reads what the kernel holds until the socket stays quiet, then closes it. */
function drain(socket: NativeSocket, intake: DatagramIntake): void {
  const startedMs = monotonicMs();
  let lastMs = startedMs;
  for (let nowMs = startedMs; nowMs - startedMs < MAX_DRAIN_MS; nowMs = monotonicMs()) {
    // Also after the wait: a thread that gets no CPU for a moment receives nothing either.
    if (take(intake, socket, socket.receive()) > 0) lastMs = monotonicMs();
    else if (nowMs - lastMs < QUIET_MS) socket.wait(QUIET_MS);
    else break;
  }
  socket.close();
}
