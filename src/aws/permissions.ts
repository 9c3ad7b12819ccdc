import type { Logger } from '../pipeline/logger.ts';
import { errorTypeOf, type XRayAnswer } from './xray-api.ts';

/** IAM action of each path; three do not have the path's name. Source: the X-Ray model and AWSXRayDaemonWriteAccess. */
const ACTIONS: Readonly<Record<string, string>> = {
  '/TraceSegments': 'xray:PutTraceSegments',
  '/TelemetryRecords': 'xray:PutTelemetryRecords',
  '/GetSamplingRules': 'xray:GetSamplingRules',
  '/SamplingTargets': 'xray:GetSamplingTargets',
  '/SamplingStatisticSummaries': 'xray:GetSamplingStatisticSummaries',
};

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
    const action = ACTIONS[path] ?? 'this call (--proxy-allow)';
    const key = `${action} ${errorType}`;
    if (this.#said.has(key)) return;
    this.#said.add(key);
    const isDenied = errorType.startsWith('AccessDenied');
    const caller = isDenied ? /User: (arn:[\w:/+=,.@-]+) is not authorized/.exec(answer.body.toString('utf8', 0, 4096))?.[1] : undefined;
    const fields = { action, errorType, ...(caller === undefined ? {} : { caller }) };
    if (errorType === '')
      this.#log.error(fields, `HTTP 403 for ${action} that is not X-Ray's own: look at what stands between here and the endpoint`);
    else if (isDenied)
      this.#log.error(fields, `X-Ray refuses ${action}: give the role this action, for example by the managed policy AWSXRayDaemonWriteAccess`);
    else this.#log.error(fields, `X-Ray refuses ${action}: the credentials or their signature are not accepted`);
  }
}
