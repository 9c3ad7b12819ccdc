import type { Accounting } from '../pipeline/accounting.ts';
import type { Exporter } from '../pipeline/exporter.ts';
import type { DocumentFormat, KeepAnswer, Segment } from '../pipeline/segment.ts';
import { costOfDocuments } from './segment-queue.ts';
import type { Spool } from './spool/spool.ts';
import { wireBytesOf } from './wire-bytes.ts';

/**
 * Requests wait for the group before theirs and for their own: together less than the 10 s after which exporters give
 * up.
 */
const WRITE_MS = 4_000;
/** Segments of a group: more would make the first wait for a slow disk. A larger request is a group of its own. */
const MAX_SEGMENTS = 800;

export interface GroupCommitDeps {
  readonly spool: Pick<Spool, 'writeAll'>;
  readonly limits: Exporter['limits'];
  readonly accounting: Accounting;
  readonly now: () => number;
  /** Called when a group is on disk, or given up. */
  readonly onChanged: () => void;
  /** How long a write may take; 4 s by default. */
  readonly writeMs?: number;
}

interface Waiting {
  readonly segments: readonly Segment[];
  readonly bytes: number;
  readonly answer: (answer: KeepAnswer) => void;
}

/**
 * Writes documents to the spool before their senders are answered. What arrives while a group is being written is the
 * next group, so that a disk is synced no more often than it can be.
 */
export class GroupCommit {
  readonly #deps: GroupCommitDeps;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #isRunning = false;
  #isWriting = false;
  /** The group that is being written was answered, because the disk takes too long. */
  #isGivenUp = false;

  constructor(deps: GroupCommitDeps) {
    this.#deps = deps;
  }

  /** Cost in memory of what is not on disk yet. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether somebody waits for an answer. */
  get isBusy(): boolean {
    return !this.#isGivenUp && (this.#isWriting || this.#waiting.length > 0);
  }

  /** Resolves once the documents are on disk, or will not be. Their memory is read until then. Never rejects. */
  add(documents: readonly Uint8Array[], format: DocumentFormat): Promise<KeepAnswer> {
    if (this.#isGivenUp) return Promise.resolve('unwritable');
    const arrivedAtMs = this.#deps.now();
    const { promise, resolve } = Promise.withResolvers<KeepAnswer>();
    const bytes = costOfDocuments(documents);
    const segments = documents.map((document) => segmentOf(document, arrivedAtMs, format));
    this.#waiting.push({ segments, bytes, answer: resolve });
    this.#bytes += bytes;
    if (!this.#isRunning) void this.#run();
    return promise;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // All requests of this turn of the event loop are one group.
    await new Promise((next) => setImmediate(next));
    while (this.#waiting.length > 0) await this.#write(this.#takeGroup());
    this.#isRunning = false;
  }

  #takeGroup(): readonly Waiting[] {
    let segments = 0;
    const next = this.#waiting.findIndex((request, i) => (segments += request.segments.length) > MAX_SEGMENTS && i > 0);
    return this.#waiting.splice(0, next < 0 ? this.#waiting.length : next);
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    const { spool, limits, accounting, onChanged, writeMs = WRITE_MS } = this.#deps;
    const segments = group.flatMap((request) => request.segments);
    this.#isWriting = true;
    const timer = setTimeout(() => this.#giveUp(group), writeMs);
    const isWritten = await spool.writeAll(batchesOf(segments, limits), {
      // Its senders were told to keep it, and send it again.
      isWanted: () => !this.#isGivenUp,
      onTaken: () => (accounting.received += segments.length),
    });
    clearTimeout(timer);
    this.#isWriting = false;
    this.#isGivenUp = false;
    this.#answer(group, isWritten ? 'accepted' : 'unwritable');
    onChanged();
  }

  /** Nothing else is tried until the disk has answered. */
  #giveUp(group: readonly Waiting[]): void {
    this.#isGivenUp = true;
    for (const { answer } of group) answer('unwritable');
    this.#answer(this.#waiting.splice(0), 'unwritable');
    this.#deps.onChanged();
  }

  #answer(requests: readonly Waiting[], answer: KeepAnswer): void {
    for (const request of requests) {
      this.#bytes -= request.bytes;
      request.answer(answer);
    }
  }
}

/** Batches within the limits of a call, in order. */
function batchesOf(segments: readonly Segment[], { maxDocuments, maxBytes }: Exporter['limits']): Segment[][] {
  const batches: Segment[][] = [];
  let batch: Segment[] = [];
  let bytes = 0;
  for (const segment of segments) {
    const more = wireBytesOf(segment);
    if (batch.length > 0 && (batch.length === maxDocuments || bytes + more > maxBytes)) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(segment);
    bytes += more;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

function segmentOf(document: Uint8Array, arrivedAtMs: number, format: DocumentFormat): Segment {
  const chunk = Buffer.from(document.buffer, document.byteOffset, document.byteLength);
  return { chunk, start: 0, end: chunk.length, arrivedAtMs, format };
}
