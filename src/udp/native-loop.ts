import { monotonicMs } from '../pipeline/clock.ts';
import { BurstPolicy } from './burst-policy.ts';
import type { DatagramIntake } from './datagram-intake.ts';
import { DATAGRAMS_PER_CALL, type NativeSocket } from './native-socket.ts';
import type { RingBufferWriter } from './ring-buffer.ts';
import { MAX_CATCH_UP_MS, MAX_DRAIN_MS, QUIET_MS, type FromWorker, type ToWorker } from './worker-messages.ts';

/**
 * How long the thread lets datagrams accumulate after a call that took all there were. Each wake-up costs more than
 * a datagram; the socket buffer holds what a burst sends meanwhile (docs/performance.md).
 */
const REST_MS = 2;
/** So many datagrams in one call may be the begin of a burst. More than arrive in REST_MS at 10,000 a second. */
const BUSY = 32;
/** A thread that is ended without a message, as by a process that fails, ends after this. */
const MAX_WAIT_MS = 5_000;
/** Calls in a row that fail although the socket is readable: its descriptor is broken. */
const MAX_FAILURES = 100;

export interface NativeLoopDeps {
  readonly socket: NativeSocket;
  readonly intake: DatagramIntake;
  readonly ring: RingBufferWriter;
  /** Whether the socket buffer is large enough for what arrives during a rest. */
  readonly rests: boolean;
  readonly nextMessage: () => ToWorker | undefined;
  readonly tell: (message: FromWorker) => void;
}

/**
 * Reads the socket until the message `stop`, and returns then. Instead of the event loop, the thread waits in the
 * kernel: for datagrams, a message, or the time at which the open chunk is handed over.
 */
export function receiveNatively({ socket, intake, ring, rests, nextMessage, tell }: NativeLoopDeps): void {
  let failures = 0;
  for (let isWoken = true; ;) {
    if (isWoken) {
      for (let message = nextMessage(); message !== undefined; message = nextMessage()) {
        if (message === 'end') return;
        if (message === 'stop') return drain(socket, intake);
        if (message === 'catch-up') {
          catchUp(socket, intake);
          tell({ type: 'caught-up' });
        }
      }
    }
    let count = receive(socket, intake);
    if (count >= BUSY) {
      ring.hold();
      const burst = new BurstPolicy(monotonicMs());
      while (burst.readsOn(count, monotonicMs())) count = receive(socket, intake);
      ring.release();
    }
    const dueInMs = intake.sealIfDue(monotonicMs());
    if (count > 0) failures = 0;
    if (count > 0 && rests) {
      isWoken = socket.rest(Math.min(REST_MS, dueInMs));
      continue;
    }
    const ready = socket.wait(Math.min(MAX_WAIT_MS, dueInMs));
    isWoken = ready.isWoken;
    // A single one is a datagram whose checksum was wrong.
    failures = ready.hasDatagrams ? failures + 1 : 0;
    if (failures > MAX_FAILURES) throw new Error('the socket cannot be read with recvmmsg(2)');
  }
}

/** Hands the datagrams of one call to the intake, and returns their number. */
function receive(socket: NativeSocket, intake: DatagramIntake): number {
  const count = socket.receive();
  const nowMs = monotonicMs();
  for (let i = 0; i < count; i++) intake.take(socket.datagrams[i]!, socket.lengthOf(i), nowMs, i);
  return count;
}

function catchUp(socket: NativeSocket, intake: DatagramIntake): void {
  const startedMs = monotonicMs();
  while (receive(socket, intake) === DATAGRAMS_PER_CALL && monotonicMs() - startedMs < MAX_CATCH_UP_MS);
}

/** Reads what the kernel holds until the socket stays quiet, then closes it. */
function drain(socket: NativeSocket, intake: DatagramIntake): void {
  const startedMs = monotonicMs();
  let lastMs = startedMs;
  for (let nowMs = startedMs; nowMs - startedMs < MAX_DRAIN_MS; nowMs = monotonicMs()) {
    // Also after the wait: a thread that gets no CPU for a moment receives nothing either.
    if (receive(socket, intake) > 0) lastMs = monotonicMs();
    else if (nowMs - lastMs < QUIET_MS) socket.wait(QUIET_MS);
    else break;
  }
  socket.close();
}
