/** The messages between the main thread and the receive thread; documents travel in the ring buffer. */
export interface WorkerInput {
  readonly memory: SharedArrayBuffer;
  readonly host: string;
  readonly port: number;
  readonly receiveBufferBytes: number;
  /** A chunk is handed over when its first document is this old. */
  readonly maxAgeMs: number;
}

/**
 * The first message to the worker, in answer to `bound`: its socket, whose number the worker itself cannot learn;
 * undefined without /proc.
 */
export interface FirstToWorker {
  readonly descriptor: number | undefined;
}

/**
 * The worker answers `catch-up` with `caught-up` when it has read what the socket held. `end` ends its loop at once,
 * without draining the socket.
 */
export type ToWorker = 'stop' | 'catch-up' | 'end';

export type FromWorker =
  | { readonly type: 'bound'; readonly host: string; readonly port: number }
  | { readonly type: 'bind-error'; readonly code: string; readonly message: string }
  | { readonly type: 'error'; readonly message: string }
  | { readonly type: 'first'; readonly from: string | undefined }
  /**
   * `count` datagrams since the last report of this reason; `bytes` and `from` describe the last one; `from` may be
   * unknown.
   */
  | {
      readonly type: 'rejected';
      readonly reason: number;
      readonly count: number;
      readonly bytes: number;
      readonly from: string | undefined;
    }
  | {
      readonly type: 'reading';
      readonly method: 'recvmmsg' | 'node:dgram';
      /** What the kernel granted. */
      readonly receiveBufferBytes: number;
      /**
       * Set if the thread waits in the kernel from now on: after each message to it, 8 bytes that count 1 have to be
       * written to this descriptor, which the main thread closes.
       */
      readonly wakeUp?: number;
    }
  | { readonly type: 'caught-up' }
  | { readonly type: 'stopped' };

export const REJECT_REPORT_MS = 10_000;

/**
 * On stop, the socket counts as drained after this long without a datagram; a sender that never pauses is cut off after
 * MAX_DRAIN_MS.
 */
export const QUIET_MS = 20;
export const MAX_DRAIN_MS = 500;
/** A socket that senders keep full counts as caught up after this long. */
export const MAX_CATCH_UP_MS = 500;
