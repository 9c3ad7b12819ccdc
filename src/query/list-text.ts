import { awsJson, JsonText } from '../json/aws-json.ts';
import { TooMuchError } from './answer-room.ts';

/** A list of an answer, each value written before the next one is made: as objects they take many times as much memory as their text. */
export class ListText {
  readonly #maxBytes: number;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(maxBytes = Infinity) {
    this.#maxBytes = maxBytes;
  }

  /** Adds a value, in AWS's JSON; its bytes are given. Throws TooMuchError. */
  add(value: unknown): number {
    const piece = Buffer.from(`${this.#bytes === 0 ? '' : ','}${awsJson(value)}`);
    this.#bytes += piece.length;
    if (this.#bytes > this.#maxBytes) throw new TooMuchError(`The answer has more than ${Math.floor(this.#maxBytes)} bytes, ${TooMuchError.remedy}`);
    this.#pieces.push(piece);
    return piece.length;
  }

  end(): JsonText {
    return new JsonText(`[${Buffer.concat(this.#pieces).toString()}]`);
  }
}
