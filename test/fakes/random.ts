/** Random numbers that are reproducible by their seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** In [0, limit). */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}

/**
 * A copy with a few mutations (bits, bytes, cuts, repetitions, insertions), mostly near the start, where headers are.
 */
export function mutated(original: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(original);
  for (let i = 1 + random.below(3); i > 0; i--) {
    const at = random.below(random.next() < 0.5 ? Math.min(40, bytes.length) : bytes.length);
    const rest = bytes.subarray(at);
    const change = random.below(5);
    if (change === 0 && bytes.length > 0) bytes[at]! ^= 1 << random.below(8);
    else if (change === 1) bytes = Buffer.from(bytes.subarray(0, at));
    else if (change === 2) bytes = Buffer.concat([bytes.subarray(0, at), random.bytes(random.below(20)), rest]);
    else if (change === 3) bytes = Buffer.concat([bytes.subarray(0, at), rest.subarray(0, random.below(30)), rest]);
    else bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(random.pick(TOKENS)), rest]);
    if (bytes.length > 60_000) bytes = bytes.subarray(0, 60_000);
  }
  return bytes;
}

const TOKENS = [
  '\n',
  '\r\n',
  '{',
  '}',
  '[',
  '"',
  ',',
  ':',
  'null',
  '1.0',
  '"version":1',
  '"format":"json"',
  '\0',
  '\ufeff',
  '\ud83d',
  '%00',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  '../',
  '?',
];
