import type { Component } from './component.ts';
import { ABORTED, DeadlineError, untilAborted, within } from './deadline.ts';

/** For opening what a part needs; a large store may have an index to build. */
const START_MS = 60_000;
/** For what hands on nothing that waits for X-Ray. */
const STOP_MS = 5_000;
/** After the deadline of all, for what has to be given up first. */
const GRACE_MS = 500;

/** Starts `part`. Rejects with its reason, or with a DeadlineError. */
export function startPart(part: Component): Promise<void> {
  return within(START_MS, `starting ${part.name}`, () => part.start());
}

/**
 * Stops the parts one after the other. One that fails, or does not end in its time, is left behind: it must keep neither the others from
 * stopping nor the process from ending. `onProblem` is told of it.
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
  const giveUpIn = (ms: number): NodeJS.Timeout => setTimeout(() => end.abort(new DeadlineError(`stopping ${part.name}`, ms)), ms);
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
