import type { Logger } from '../pipeline/logger.ts';
import { iamActionOf, operationAt } from '../formats/xray/operations.ts';
import { errorTypeOf, type XRayAnswer } from './xray-api.ts';

/** Of an error type that is logged. */
const MAX_TYPE = 64;

/** Says once for each action that the role lacks it, and which managed policy has it. */
export class PermissionHints {
  readonly #log: Logger;
  readonly #said = new Set<string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** `answer` is X-Ray's to a call of `path`. */
  look(path: string, answer: XRayAnswer): void {
    if (answer.kind !== 'answer' || answer.status !== 403) return;
    const errorType = errorTypeOf(answer);
    const operation = operationAt(path);
    const action = operation === undefined ? 'this call (--proxy-allow)' : iamActionOf(operation);
    const isDenied = errorType.startsWith('AccessDenied');
    // A short list, whatever types something else makes up.
    const key = `${action} ${errorType === '' ? 'foreign' : isDenied ? 'denied' : 'credentials'}`;
    if (this.#said.has(key)) return;
    this.#said.add(key);
    const caller = isDenied ? /User: (arn:[\w:/+=,.@-]+) is not authorized/.exec(answer.body.toString('utf8', 0, 4096))?.[1] : undefined;
    const fields = { action, errorType: errorType.slice(0, MAX_TYPE), ...(caller === undefined ? {} : { caller }) };
    if (errorType === '')
      this.#log.error(fields, `HTTP 403 for ${action} that is not X-Ray's own: look at what stands between here and the endpoint`);
    else if (isDenied) {
      const policy = operation === undefined || operation.caller === 'account' ? '' : ', for example by the managed policy AWSXRayDaemonWriteAccess';
      this.#log.error(fields, `X-Ray refuses ${action}: give the role this action${policy}`);
    } else this.#log.error(fields, `X-Ray refuses ${action}: the credentials or their signature are not accepted`);
  }
}
