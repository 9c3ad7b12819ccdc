import { monotonicMs } from '../pipeline/clock.ts';
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
  #isFirst = true;
  #isTimerSet = false;

  /** When the last datagram arrived, on the monotonic clock; 0 before the first. */
  lastDatagramMs = 0;
  /** Number of datagrams so far. */
  taken = 0;

  /** A chunk is handed over when its first document is `maxAgeMs` old. */
  constructor(ring: RingBufferWriter, maxAgeMs: number, tell: (message: FromWorker) => void) {
    this.#ring = ring;
    this.#maxAgeMs = maxAgeMs;
    this.#tell = tell;
  }

  /** The datagram is the first `length` bytes of `bytes`. The caller may reuse `bytes` after the call. */
  take(bytes: Buffer, length: number, from?: string): void {
    const nowMs = monotonicMs();
    this.lastDatagramMs = nowMs;
    this.taken++;
    const start = this.#reader.documentOffset(bytes, length);
    if (start < 0) {
      this.#reject(-1 - start, length, from, nowMs);
      return;
    }
    this.#ring.store(bytes, start, length, nowMs);
    if (!this.#isTimerSet) this.#armTimer(nowMs);
    if (this.#isFirst) {
      this.#isFirst = false;
      this.#tell({ type: 'first', from });
    }
  }

  /** Counts every bad datagram but reports few: a flood of them must not become a flood of messages. */
  #reject(reason: number, bytes: number, from: string | undefined, nowMs: number): void {
    this.#ring.reject(reason);
    const report = this.#reports[reason]!;
    report.count++;
    if (nowMs < report.nextMs) return;
    this.#tell({ type: 'rejected', reason, count: report.count, bytes, from });
    report.count = 0;
    report.nextMs = nowMs + REJECT_REPORT_MS;
  }

  /**
   * One timer serves all chunks: it seals the open chunk if that is due, and otherwise is set again for when it will
   * be.
   */
  #armTimer(nowMs: number): void {
    const { firstArrivalMs } = this.#ring;
    if (firstArrivalMs === 0) return;
    this.#isTimerSet = true;
    setTimeout(() => this.#onTimer(), Math.max(1, firstArrivalMs + this.#maxAgeMs - nowMs));
  }

  #onTimer(): void {
    this.#isTimerSet = false;
    const nowMs = monotonicMs();
    const { firstArrivalMs } = this.#ring;
    if (firstArrivalMs !== 0 && nowMs - firstArrivalMs >= this.#maxAgeMs - 1) this.#ring.seal();
    this.#armTimer(nowMs);
  }
}
