import { randomBytes } from 'node:crypto';

/** The processes that a call to X-Ray came from, the nearest first. Servers other than xrayd ignore it. */
export const CALL_PATH_HEADER = 'xrayd-call-path';

const NAME_BYTES = 8;
const NAMES = /\b[0-9a-f]{16}\b/g;
const MAX_SENDERS = 16;
const MAX_HEADER = 1024;

/**
 * Finds out that this process sends to itself: because its endpoint is its own port, or another xrayd that sends back
 * to this one. Every server in such a loop accepts the segments, so that all count as sent and none arrives.
 *
 * A process takes a random name when it starts. It sends its own name and the names of those that have sent to it
 * recently, since segments of many senders share a batch.
 */
export class CallPath {
  readonly #own = randomBytes(NAME_BYTES).toString('hex');
  /** In the order in which they were last seen. */
  readonly #senders = new Set<string>();

  /** The value of the header in calls of this process. */
  get header(): string {
    return [this.#own, ...this.#senders].join(',');
  }

  /** Whether a call with the value `header` has come from this process. Otherwise notes where it has come from. */
  comesFromHere(header: string | readonly string[] | undefined): boolean {
    const names: readonly string[] =
      typeof header === 'string' && header.length <= MAX_HEADER ? (header.match(NAMES) ?? []) : [];
    if (names.includes(this.#own)) return true;
    for (const name of names.toReversed()) {
      this.#senders.delete(name);
      this.#senders.add(name);
    }
    for (const oldest of this.#senders) {
      if (this.#senders.size <= MAX_SENDERS) break;
      this.#senders.delete(oldest);
    }
    return false;
  }
}
