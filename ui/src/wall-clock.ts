/** Seconds since the epoch, for what is shown and asked for. Intervals are `performance.now()`. */
export function nowSeconds(): number {
  return Date.now() / 1000;
}

export function dateOf(seconds: number): Date {
  return new Date(seconds * 1000);
}
