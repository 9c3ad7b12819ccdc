import type { DocumentFormat, Segment } from '../pipeline/segment.ts';
import { nextDelay } from './backoff.ts';
import { isUnproven, outcomeOf } from './outcome.ts';
import type { BatchProblem } from './spool/format.ts';
import type { Spool } from './spool/spool.ts';
import type { Sender } from './sender.ts';

/** While the destination throttles documents of the spool, only the spool pauses; live traffic continues. */
const PAUSE = { baseMs: 500, capMs: 30_000 };

export interface ReplayDeps {
  readonly spool: Spool;
  readonly sender: Sender;
  /** The formats that the exporter accepts. */
  readonly accepts: readonly DocumentFormat[];
  /** Takes over segments that can no longer be on disk. */
  readonly keepInMemory: (segments: readonly Segment[]) => void;
  readonly now: () => number;
  readonly random: () => number;
}

/**
 * Sends the spool's batches when no newer segments wait. Deletes a file once all its segments are delivered, refused,
 * or in another file.
 */
export class Replay {
  readonly #deps: ReplayDeps;
  readonly #limit: number;
  #running = 0;
  #throttled = 0;
  #notBeforeMs = 0;

  /** Uses at most half of the calls, so that live traffic always gets one. */
  constructor({ concurrency }: { readonly concurrency: number }, deps: ReplayDeps) {
    this.#deps = deps;
    this.#limit = Math.ceil(concurrency / 2);
  }

  /** When the next file may be sent; Infinity if there is none, or if enough files are being sent. */
  get readyAtMs(): number {
    return this.#running < this.#limit ? Math.max(this.#notBeforeMs, this.#deps.spool.nextAtMs) : Infinity;
  }

  /** `isDraining`: only what was promised to its sender. */
  async sendNext(isDraining = false): Promise<void> {
    this.#running++;
    try {
      await this.#sendNext(isDraining);
    } finally {
      this.#running--;
    }
  }

  async #sendNext(isDraining: boolean): Promise<void> {
    const { spool, sender, accepts, keepInMemory, now, random } = this.#deps;
    const taken = await spool.take(isDraining);
    if (taken === undefined) return;
    const { entry, segments } = taken;
    const foreign = segments.find(({ format }) => !accepts.includes(format));
    if (foreign !== undefined) return spool.setAside(entry, notAccepted(foreign.format));
    spool.checkOut(entry);
    const result = await sender.call(segments, isDraining);
    if (result.kind === 'retry') {
      sender.settled(segments);
      spool.giveBack(entry);
      return;
    }
    if (isUnproven(segments, result, Infinity, -Infinity)) {
      // In memory, the document does not block the files behind it.
      sender.settled(segments);
      keepInMemory(segments);
      await spool.finish(entry);
      return;
    }
    // Segments on disk do not expire: the spool is bounded by its size.
    const outcome = outcomeOf(segments, result, () => false);
    sender.count(outcome);
    const groups = outcome.halves ?? (outcome.throttled.length > 0 ? [outcome.throttled] : []);
    const again = new Set(groups.flat());
    sender.settled(segments.filter((segment) => !again.has(segment)));
    this.#throttled = outcome.throttled.length > 0 ? this.#throttled + 1 : 0;
    this.#notBeforeMs = this.#throttled === 0 ? 0 : now() + nextDelay(this.#throttled - 1, PAUSE, random);
    for (const group of groups) {
      // Written before the old file is deleted: a crash in between sends the segments twice and loses none.
      if (await spool.write(group, () => sender.settled(group))) continue;
      sender.settled(group);
      keepInMemory(group);
    }
    await spool.finish(entry);
  }
}

/** Two processes with different exporters may share a spool. */
function notAccepted(format: DocumentFormat): BatchProblem {
  return {
    reason: `it has documents of the format ${format}, which the exporter does not accept`,
    remedy: 'Rename it back to .batch and run xrayd with the options with which it was written',
  };
}
