import type { Outcome, Span } from './model.ts';

/** The outcome as a word; `live` if the request is in progress and none of the others applies. */
export type OutcomeName = 'ok' | 'error' | 'throttle' | 'fault' | 'live';

/** The outcome of a span under the name that console, list, timeline and statistics all use. */
export function outcomeName(span: Span): OutcomeName {
  const name = requestOutcome(span.outcome);
  return name === 'ok' && span.isInProgress ? 'live' : name;
}

/** The single outcome that a request counts as. */
export function requestOutcome({ isFault, isError, isThrottle }: Outcome): Exclude<OutcomeName, 'live'> {
  if (isThrottle) return 'throttle';
  if (isFault) return 'fault';
  return isError ? 'error' : 'ok';
}
