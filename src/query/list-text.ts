import { awsJson, JsonText } from '../json/aws-json.ts';
import { TooMuchError } from './read-budget.ts';

/**
 * A list in a response. Each value is written before the next is created: as objects, they take many times the memory
 * of their text.
 */
export class ListText {
  readonly #maxBytes: number;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(maxBytes = Infinity) {
    this.#maxBytes = maxBytes;
  }

  /** Adds a value, as AWS's JSON; returns its bytes. Throws TooMuchError. */
  add(value: unknown): number {
    const piece = Buffer.from(`${this.#bytes === 0 ? '' : ','}${awsJson(value)}`);
    this.#bytes += piece.length;
    if (this.#bytes > this.#maxBytes)
      throw new TooMuchError(`The response has more than ${Math.floor(this.#maxBytes)} bytes, ${TooMuchError.remedy}`);
    this.#pieces.push(piece);
    return piece.length;
  }

  end(): JsonText {
    return new JsonText(`[${Buffer.concat(this.#pieces).toString()}]`);
  }
}
