import type { Outcome, Span } from './model.ts';

/** The outcome as a word; `live` if the request is in progress and none of the others applies. */
export type OutcomeName = 'ok' | 'error' | 'throttle' | 'fault' | 'live';

/** The outcome of a span under the name that console, list, timeline and statistics all use. */
export function outcomeName(span: Span): OutcomeName {
  const name = requestOutcome(span.outcome);
  return name === 'ok' && span.isInProgress ? 'live' : name;
}

/** The outcome that X-Ray derives from the HTTP status of a response. */
export function outcomeOfStatus(status = 0): Outcome {
  const isThrottle = status === 429;
  return { isFault: status >= 500, isError: !isThrottle && status >= 400 && status < 500, isThrottle };
}

/** The single outcome that a request counts as. */
export function requestOutcome({ isFault, isError, isThrottle }: Outcome): Exclude<OutcomeName, 'live'> {
  if (isThrottle) return 'throttle';
  if (isFault) return 'fault';
  return isError ? 'error' : 'ok';
}
