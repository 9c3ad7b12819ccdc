import { namesOf, tableOf } from './list.ts';
import { newCounters } from './counters.ts';

/** Why a datagram was rejected, in the order of the numbers that the receive thread uses. */
export const REJECT_REASONS = ['empty', 'no_document', 'bad_header'] as const;
export type DatagramRejectReason = (typeof REJECT_REASONS)[number];

/** Adds `otlp`: a request body that is not a segment document and that the local X-Ray does not store. */
const ALL_REJECT_REASONS = [...REJECT_REASONS, 'otlp'] as const;
export type RejectReason = (typeof ALL_REJECT_REASONS)[number];

/**
 * Why xrayd lost a valid document: what happened, as the log says it, and what to do. docs/errors.md and the runbook
 * show the table.
 */
export const DROP_REASONS = {
  buffer_full: {
    event: 'dropped the oldest segments: the buffer is full',
    remedy: 'Raise --buffer-memory, or find out why uploads are slower than arrivals',
  },
  retry_expired: {
    event: 'dropped segments that could not be sent within --retry-max-age',
    remedy: 'Find out why the uploads fail. To keep segments for longer, set --spool or raise --retry-max-age',
  },
  shutdown: {
    event: 'dropped the segments that could not be sent before the shutdown deadline',
    remedy: 'Raise --shutdown-timeout, set --spool, or find out why the uploads failed',
  },
  spool_full: {
    event: 'dropped the oldest segments of the spool: it is full',
    remedy: 'Raise --spool-size or the memory limit, as the log says, or find out why uploads are slower than arrivals',
  },
  spool_unreadable: {
    event:
      'dropped the segments of a spool file that is missing, damaged, or in a format that this process does not know',
    remedy:
      'Check the disk, and what else deletes files there. The file is kept with the suffix .unreadable; the log says what is wrong with it',
  },
} as const satisfies Record<string, { readonly event: string; readonly remedy: string }>;
export type DropReason = keyof typeof DROP_REASONS;

/** The log line for a drop. */
export function dropMessage(reason: DropReason): string {
  const { event, remedy } = DROP_REASONS[reason];
  return `${event}. ${remedy}`;
}

/** X-Ray has about 15 error codes; a larger number comes from a server that is not X-Ray. */
const MAX_CODES = 40;

export interface Snapshot {
  readonly received: number;
  readonly restored: number;
  readonly rejected: Readonly<Record<RejectReason, number>>;
  readonly dropped: Readonly<Record<DropReason, number>>;
  readonly sent: number;
  readonly unprocessed: Readonly<Record<string, number>>;
  readonly retried: number;
  /** Documents in the receive thread's ring and in the buffer. */
  readonly buffered: number;
  readonly bufferedBytes: number;
  readonly inFlight: number;
  /** Documents on disk. */
  readonly spooled: number;
  readonly spooledBytes: number;
}

/** Keeps its own counts of what it receives, such as the receive thread. */
export interface SegmentSource {
  /** One consistent reading: received = sum of rejected + held + handed over. */
  read(): { received: number; rejected: Readonly<Record<DatagramRejectReason, number>>; held: number };
}

/** Holds documents, such as the buffer or the spool. */
export interface SegmentStock {
  read(): { buffered: number; bufferedBytes: number; inFlight: number; spooled?: number; spooledBytes?: number };
}

/**
 * Accounts for every document. Each term is counted where the event happens, and no term is computed from the others:
 * received + restored = rejected + dropped + sent + unprocessed + buffered + in flight + spooled, at every moment.
 */
export class Accounting {
  /** Documents received over TCP; the sources count their own. */
  received = 0;
  /** Documents adopted from the spool of a process that has ended. */
  restored = 0;
  sent = 0;
  retried = 0;
  /** Documents rejected after the sources; the sources count their own rejections. */
  readonly rejected: Record<RejectReason, number> = tableOf(ALL_REJECT_REASONS, () => 0);
  readonly dropped: Record<DropReason, number> = tableOf(namesOf(DROP_REASONS), () => 0);
  readonly unprocessed: Record<string, number> = Object.create(null);
  /** Everything that is counted besides documents. */
  readonly counters = newCounters();
  readonly #sources: SegmentSource[] = [];
  readonly #stocks: SegmentStock[] = [];

  addSource(source: SegmentSource): void {
    this.#sources.push(source);
  }

  addStock(stock: SegmentStock): void {
    this.#stocks.push(stock);
  }

  /**
   * Returns the label that was counted. `code` comes from the network, so its form, its length and the number of labels
   * are bounded here.
   */
  countUnprocessed(code: string): string {
    const isKnown = code in this.unprocessed;
    const isLabel = /^\w{1,64}$/.test(code) && Object.keys(this.unprocessed).length < MAX_CODES;
    const label = isKnown || isLabel ? code : 'other';
    this.unprocessed[label] = (this.unprocessed[label] ?? 0) + 1;
    return label;
  }

  /** One consistent reading of every term. Synchronous, so no document moves during the reading. */
  snapshot(): Snapshot {
    const rejected = { ...this.rejected };
    const stock = { buffered: 0, bufferedBytes: 0, inFlight: 0, spooled: 0, spooledBytes: 0 };
    let received = this.received;
    for (const source of this.#sources) {
      const counts = source.read();
      received += counts.received;
      stock.buffered += counts.held;
      for (const reason of REJECT_REASONS) rejected[reason] += counts.rejected[reason];
    }
    for (const held of this.#stocks) {
      const counts = held.read();
      stock.buffered += counts.buffered;
      stock.bufferedBytes += counts.bufferedBytes;
      stock.inFlight += counts.inFlight;
      stock.spooled += counts.spooled ?? 0;
      stock.spooledBytes += counts.spooledBytes ?? 0;
    }
    return {
      received,
      restored: this.restored,
      rejected,
      dropped: { ...this.dropped },
      sent: this.sent,
      unprocessed: { ...this.unprocessed },
      retried: this.retried,
      ...stock,
    };
  }
}

/** How many documents a snapshot cannot account for. Anything but 0 is a bug. */
export function imbalanceOf(snapshot: Snapshot): number {
  const out = sumOf(snapshot.rejected) + sumOf(snapshot.dropped) + snapshot.sent + sumOf(snapshot.unprocessed);
  const here = snapshot.buffered + snapshot.inFlight + snapshot.spooled;
  return snapshot.received + snapshot.restored - out - here;
}

export function sumOf(counts: Readonly<Record<string, number>>): number {
  let sum = 0;
  for (const count of Object.values(counts)) sum += count;
  return sum;
}
