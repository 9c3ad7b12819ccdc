/** Waits until `check` is true; fails with `words` after `timeoutMs`. For events in other processes. */
export async function eventually(
  check: () => boolean | Promise<boolean>,
  timeoutMs = 40_000,
  words = 'it did not happen',
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!(await check())) {
    if (performance.now() > endMs) throw new Error(`${words} within ${timeoutMs} ms: ${check.toString()}`);
    await new Promise((next) => setTimeout(next, 15));
  }
}
