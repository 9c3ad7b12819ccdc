import type { Component } from './component.ts';
import { ABORTED, DeadlineError, untilAborted, within } from './deadline.ts';

/** Time for a component to open what it needs; a large store may have to build an index. */
const START_MS = 60_000;
/** For components that hold nothing that still has to be sent. */
const STOP_MS = 5_000;
/** After the overall deadline, for a component that must first give up its work. */
const GRACE_MS = 500;

/** Starts `part`. Rejects with the component's error, or with a DeadlineError. */
export function startPart(part: Component): Promise<void> {
  return within(START_MS, `starting ${part.name}`, () => part.start());
}

/**
 * Stops the components one after the other. One that fails or takes too long is abandoned and reported to `onProblem`:
 * the others must still stop, and the process must still end.
 */
export async function stopParts(
  parts: Iterable<Component>,
  deadline: AbortSignal,
  onProblem: (part: Component, error: unknown) => void,
): Promise<void> {
  for (const part of parts) {
    try {
      await stopPart(part, deadline);
    } catch (error) {
      onProblem(part, error);
    }
  }
}

async function stopPart(part: Component, deadline: AbortSignal): Promise<void> {
  const { limitMs = STOP_MS, graceMs = GRACE_MS } = part.stopLimits ?? {};
  const end = new AbortController();
  const giveUpIn = (ms: number): NodeJS.Timeout =>
    setTimeout(() => end.abort(new DeadlineError(`stopping ${part.name}`, ms)), ms);
  const timers = limitMs === Infinity ? [] : [giveUpIn(limitMs)];
  const onDeadline = (): void => void timers.push(giveUpIn(graceMs));
  deadline.addEventListener('abort', onDeadline, { once: true });
  if (deadline.aborted) onDeadline();
  try {
    if ((await untilAborted(part.stop(deadline), end.signal)) === ABORTED) throw end.signal.reason;
  } finally {
    for (const timer of timers) clearTimeout(timer);
    deadline.removeEventListener('abort', onDeadline);
  }
}
