/** Waits until `check` is true; fails with `words` after `timeoutMs`. For events in other processes. */
export async function eventually(
  check: () => boolean | Promise<boolean>,
  timeoutMs = 40_000,
  words = 'it did not happen',
): Promise<void> {
  const startMs = performance.now();
  while (!(await check())) {
    const waitedMs = performance.now() - startMs;
    if (waitedMs > timeoutMs) throw new Error(`${words} within ${timeoutMs} ms: ${check.toString()}`);
    // A check is often a scrape: what takes seconds is not asked for 60 times a second.
    await new Promise((next) => setTimeout(next, Math.min(15 + waitedMs / 10, 200)));
  }
}
