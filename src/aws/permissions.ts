import type { Logger } from '../pipeline/logger.ts';
import { iamActionOf, operationAt } from '../formats/xray/operations.ts';
import { errorTypeOf, type XRayAnswer } from './xray-api.ts';

/** Maximum length of an error type in the log. */
const MAX_TYPE = 64;

/** Logs once per action that the role lacks it, and which managed policy allows it. */
export class PermissionHints {
  readonly #log: Logger;
  readonly #logged = new Set<string>();

  constructor(log: Logger) {
    this.#log = log;
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
    if (this.#logged.has(key)) return;
    this.#logged.add(key);
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
