import { FakeXRay } from '../../test/fakes/xray.ts';
import { numbersIn } from './spans.ts';

/** An X-Ray with 20 ms of latency that counts the numbered spans of all documents, and stores none. */
export class SpanOracle extends FakeXRay {
  readonly #seen = new Uint8Array(1 << 23);
  delivered = 0;
  duplicate = 0;
  /** Ids that were never sent. */
  invented = 0;
  /** Accepted documents, and calls of PutTraceSegments. */
  accepted = 0;

  constructor(tls: { key: string; cert: string }) {
    super({ tls });
    this.latencyMs = 20;
    this.isRemembering = false;
  }

  protected override accept(document: string): void {
    this.accepted++;
    for (const number of numbersIn(document)) {
      if (number < 0 || number >= this.#seen.length) this.invented++;
      else if (this.#seen[number] === 0) this.delivered++;
      else this.duplicate++;
      if (number >= 0) this.#seen[number] = 1;
    }
  }
}
