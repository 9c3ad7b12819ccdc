/** Beyond it, nanoseconds have more than 64 bits. */
const MAX_MICROS = 1.8e16;

/** Microseconds as nanoseconds; 0 if they are no time. */
export function nanosOf(micros: number | undefined): bigint {
  return micros !== undefined && micros > 0 && micros < MAX_MICROS ? BigInt(Math.round(micros)) * 1000n : 0n;
}
