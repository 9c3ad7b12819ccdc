import { DatagramReader } from './datagram.ts';
import type { RingBufferWriter } from './ring-buffer.ts';
import { REJECT_REPORT_MS, type FromWorker } from './worker-messages.ts';

/**
 * Handles one datagram on the receive thread: checks its header, then copies its document into the ring buffer or
 * counts it as rejected.
 */
export class DatagramIntake {
  readonly #ring: RingBufferWriter;
  readonly #reader = new DatagramReader();
  readonly #maxAgeMs: number;
  readonly #tell: (message: FromWorker) => void;
  readonly #reports = [0, 0, 0].map(() => ({ nextMs: 0, count: 0 }));
  readonly #senderOf: (index: number) => string | undefined;
  #isFirst = true;

  /** When the last datagram arrived, on the monotonic clock; 0 before the first. */
  lastDatagramMs = 0;
  /** Number of datagrams so far. */
  taken = 0;

  /**
   * A chunk is handed over when its first document is `maxAgeMs` old. `senderOf` gets the number that was passed to
   * `take`, before that returns.
   */
  constructor(
    ring: RingBufferWriter,
    {
      maxAgeMs,
      tell,
      senderOf = () => undefined,
    }: {
      maxAgeMs: number;
      tell: (message: FromWorker) => void;
      senderOf?: (index: number) => string | undefined;
    },
  ) {
    this.#ring = ring;
    this.#maxAgeMs = maxAgeMs;
    this.#tell = tell;
    this.#senderOf = senderOf;
  }

  /** The datagram is the first `length` bytes of `bytes`. The caller may reuse `bytes` after the call. */
  take(bytes: Buffer, length: number, nowMs: number, index = 0): void {
    this.lastDatagramMs = nowMs;
    this.taken++;
    const start = this.#reader.documentOffset(bytes, length);
    if (start < 0) {
      this.#reject(-1 - start, length, nowMs, index);
      return;
    }
    this.#ring.store(bytes, start, length, nowMs);
    if (this.#isFirst) {
      this.#isFirst = false;
      this.#tell({ type: 'first', from: this.#senderOf(index) });
    }
  }

  /** Hands the open chunk over if it is due. In how many ms the next is due; Infinity without one. */
  sealIfDue(nowMs: number): number {
    const { firstArrivalMs } = this.#ring;
    if (firstArrivalMs === 0) return Infinity;
    const leftMs = firstArrivalMs + this.#maxAgeMs - nowMs;
    // Timers are accurate to a millisecond.
    if (leftMs > 1) return Math.ceil(leftMs);
    this.#ring.seal();
    return Infinity;
  }

  /** Counts every bad datagram but reports few: a flood of them must not become a flood of messages. */
  #reject(reason: number, bytes: number, nowMs: number, index: number): void {
    this.#ring.reject(reason);
    const report = this.#reports[reason]!;
    report.count++;
    if (nowMs < report.nextMs) return;
    this.#tell({ type: 'rejected', reason, count: report.count, bytes, from: this.#senderOf(index) });
    report.count = 0;
    report.nextMs = nowMs + REJECT_REPORT_MS;
  }
}
