import { monotonicMs } from '../pipeline/clock.ts';
import type { ComponentState } from '../pipeline/component.ts';
import { countCall, type Counters } from '../pipeline/counters.ts';
import type { Exporter, ExportResult } from '../pipeline/exporter.ts';
import type { Logger } from '../pipeline/logger.ts';
import { oneLine } from '../pipeline/one-line.ts';
import type { Batch } from '../pipeline/segment.ts';
import { BodyPool, memoryOf } from './body-pool.ts';
import { classify, NOT_XRAY } from './classify.ts';
import { bodyParts, documentText } from './encode.ts';
import { MAX_DOCUMENTS_PER_CALL } from '../formats/xray/limits.ts';
import { OPERATIONS } from '../formats/xray/operations.ts';
import { describeAnswer, isAwsHost, isXRaysError } from './foreign-answer.ts';
import type { HttpAnswer } from './http-call.ts';
import type { PermissionHints } from './permissions.ts';
import type { XRayApi, XRayAnswer } from './xray-api.ts';

/** X-Ray's response that refuses 50 documents has 15 KB. Fifty responses may arrive at a time. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * A batch of 50 × 64 KB takes 40 ms to encode; half a megabyte keeps that pause below 5 ms, and the memory of a call
 * small.
 */
const MAX_BATCH_BYTES = 512 * 1024;

export interface XRayExporterDeps {
  readonly api: XRayApi;
  readonly hints: PermissionHints;
  readonly log: Logger;
  readonly counters: Counters;
}

/** Sends batches to X-Ray with PutTraceSegments. */
export class XRayExporter implements Exporter {
  readonly name = 'exporter';
  readonly destination = 'X-Ray';
  readonly accepts = ['xray'] as const;
  readonly limits = { maxDocuments: MAX_DOCUMENTS_PER_CALL, maxBytes: MAX_BATCH_BYTES };
  readonly #deps: XRayExporterDeps;
  readonly #bodies = new BodyPool();
  #lastProblem = '';
  #lastSuccessMs = 0;

  constructor(deps: XRayExporterDeps) {
    this.#deps = deps;
  }

  get state(): ComponentState {
    if (this.#lastProblem !== '') return { name: this.name, state: 'degraded', reason: this.#lastProblem };
    return { name: this.name, state: 'ok', reason: this.#deps.api.url.origin };
  }

  get lastSuccessMs(): number {
    return this.#lastSuccessMs;
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  async export(batch: Batch, signal: AbortSignal): Promise<ExportResult> {
    const { api, hints, log, counters } = this.#deps;
    const startedMs = performance.now();
    const body = this.#bodies.take(bodyParts(batch));
    const answer = await api.call({
      target: OPERATIONS.PutTraceSegments.path,
      body,
      memory: memoryOf(body),
      headers: api.sdkHeaders(),
      signal,
      maxAnswerBytes: MAX_ANSWER_BYTES,
    });
    // After a failed call, a socket may still reference the body.
    if (answer.kind === 'answer') this.#bodies.giveBack(body);
    const result = classify(answer, {
      documents: () => batch.map(({ chunk, start, end }) => documentText(chunk, start, end)),
      needsRequestId: isAwsHost(api.url),
    });
    const outcome =
      result.kind === 'retry' || (result.kind === 'rejected' && result.by !== undefined) ? result.code : result.kind;
    if (answer.kind !== 'no_credentials') countCall(counters, outcome, startedMs);
    hints.check(OPERATIONS.PutTraceSegments.path, answer);
    this.#remember(result, answer);
    log.debug({ segments: batch.length, outcome }, 'PutTraceSegments');
    return result;
  }

  /**
   * The other codes explain themselves; this one may be a proxy that refuses the tunnel, or a server that does not
   * speak HTTP.
   */
  #explainNetwork(message: string): void {
    const fields = { endpoint: this.#deps.api.url.origin, reason: oneLine(message, MAX_REASON) };
    const remedy = (/^Failed to establish tunnel .* 407\b/.test(message) ? REMEDIES['http_407'] : undefined) ?? REMEDY;
    this.#deps.log.limited('network', 'warn', fields, `PutTraceSegments got no HTTP response. ${remedy}`);
  }

  #remember(result: ExportResult, answer: XRayAnswer): void {
    if (result.kind === 'sent' || result.kind === 'partial') {
      this.#lastSuccessMs = monotonicMs();
      this.#lastProblem = '';
    } else if (answer.kind !== 'answer') {
      this.#lastProblem = `${result.code}: ${oneLine(answer.message, MAX_REASON)}`;
      if (result.code === 'network') this.#explainNetwork(answer.message);
    } else if (isForeign(result, answer)) {
      const fields = describeAnswer(answer);
      const { endpoint, remedy } = { endpoint: this.#deps.api.url.origin, remedy: REMEDIES[result.code] ?? REMEDY };
      this.#lastProblem = `HTTP ${answer.status} from ${endpoint} did not come from X-Ray (${result.code})`;
      this.#deps.log.limited(
        `foreign_${result.code}`,
        'warn',
        { endpoint, ...fields },
        `something other than X-Ray answered PutTraceSegments. ${remedy}`,
      );
    } else {
      this.#lastProblem = `X-Ray answered ${answer.status} ${result.code}`;
    }
  }
}

/** Maximum length of the reason of a failed call. A proxy chooses some of its words. */
const MAX_REASON = 400;

/**
 * Whether the response does not come from X-Ray: a success that does not have X-Ray's form, or an error below 500 without
 * X-Ray's type.
 */
function isForeign(result: ExportResult, answer: HttpAnswer): boolean {
  if (result.kind !== 'retry' && result.kind !== 'rejected') return false;
  if (result.code === NOT_XRAY) return true;
  return answer.status < 500 && answer.status !== 429 && answer.status !== 403 && !isXRaysError(answer);
}

const REMEDY =
  'The segments are kept. Check --endpoint, --proxy-address, NO_PROXY, and for a proxy, portal or gateway in between';
const REMEDIES: Readonly<Record<string, string>> = {
  http_413:
    'It limits the request size: raise the limit to 5 MB (nginx: client_max_body_size). Until then, batches are split',
  http_407:
    'The segments are kept. The HTTP proxy requires a user and a password: --proxy-address http://USER:PASSWORD@HOST:PORT',
};
