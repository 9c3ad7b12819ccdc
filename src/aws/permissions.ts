import { monotonicMs } from '../pipeline/clock.ts';
import type { Logger } from '../pipeline/logger.ts';
import { iamActionOf, operationAt } from '../formats/xray/operations.ts';
import { errorTypeOf, type XRayAnswer } from './xray-api.ts';

/** Maximum length of an error type in the log. */
const MAX_TYPE = 64;
/** The reason must still be in a log that was rotated, or in the last lines that somebody reads. */
const AGAIN_MS = 5 * 60_000;

/** Logs for each action, every 5 minutes while it lasts, that the role lacks it, and which managed policy allows it. */
export class PermissionHints {
  readonly #log: Logger;
  readonly #now: () => number;
  /** When each was last logged. */
  readonly #loggedAtMs = new Map<string, number>();

  constructor(log: Logger, now: () => number = monotonicMs) {
    this.#log = log;
    this.#now = now;
  }

  /** `answer` is X-Ray's response to a call of `path`. */
  check(path: string, answer: XRayAnswer): void {
    if (answer.kind !== 'answer' || answer.status !== 403) return;
    const errorType = errorTypeOf(answer);
    const operation = operationAt(path);
    const action = operation === undefined ? 'this call (--proxy-allow)' : iamActionOf(operation);
    const isDenied = errorType.startsWith('AccessDenied');
    // Bounded, whatever error types another server invents.
    const key = `${action} ${errorType === '' ? 'foreign' : isDenied ? 'denied' : 'credentials'}`;
    const nowMs = this.#now();
    if (nowMs - (this.#loggedAtMs.get(key) ?? -Infinity) < AGAIN_MS) return;
    this.#loggedAtMs.set(key, nowMs);
    const caller = isDenied
      ? /User: (arn:[\w:/+=,.@-]+) is not authorized/.exec(answer.body.toString('utf8', 0, 4096))?.[1]
      : undefined;
    const fields = { action, errorType: errorType.slice(0, MAX_TYPE), ...(caller === undefined ? {} : { caller }) };
    if (errorType === '')
      this.#log.error(
        fields,
        `HTTP 403 for ${action} that does not come from X-Ray: check for a proxy or gateway in front of the endpoint`,
      );
    else if (isDenied) {
      const policy =
        operation === undefined || operation.caller === 'account'
          ? ''
          : ', for example with the managed policy AWSXRayDaemonWriteAccess';
      this.#log.error(fields, `X-Ray refuses ${action}: allow the role this action${policy}`);
    } else this.#log.error(fields, `X-Ray refuses ${action}: the credentials or their signature are not accepted`);
  }
}
