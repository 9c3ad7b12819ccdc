import type { Encoding, OtherSignal } from '../../formats/otlp/answers.ts';
import { countDataPoints } from '../../formats/otlp/count-metrics.ts';
import { decodeLogs, type DecodedLogs } from '../../formats/otlp/decode-logs.ts';
import type { Counters } from '../../pipeline/counters.ts';
import { messageOf } from '../../pipeline/errors.ts';
import type { Logger } from '../../pipeline/logger.ts';
import type { LogOfTrace } from '../../trace/log.ts';
import type { IntakeAnswer } from '../spans-intake.ts';

/**
 * Keeps logs with their traces; resolves with how many. Rejects if nothing could be stored. Undefined where nothing
 * keeps logs.
 */
export type KeepLogs = (logs: readonly LogOfTrace[]) => Promise<number>;

export interface OtherSignalsDeps {
  readonly keepLogs?: KeepLogs | undefined;
  readonly counters: Pick<Counters, 'otherRecords'>;
  readonly log: Logger;
}

const NOT_STORED = 'the logs were received, but not stored';

/**
 * Logs and metrics, which the local X-Ray takes so that no SDK reports an error: logs of traces are kept, and everything
 * else is counted, and named in the answer.
 */
export class OtherSignals {
  readonly #deps: OtherSignalsDeps;

  constructor(deps: OtherSignalsDeps) {
    this.#deps = deps;
  }

  /** Never rejects. The body is decoded before the first wait. */
  async take(signal: OtherSignal, body: Buffer, encoding: Encoding): Promise<IntakeAnswer> {
    const decoded = signal === 'logs' ? decodeLogs(body, encoding) : countDataPoints(body, encoding);
    if (!decoded.isDecoded) return { kind: decoded.code, message: decoded.message };
    return 'logs' in decoded ? this.#takeLogs(decoded) : this.#dropMetrics(decoded.dataPoints);
  }

  #dropMetrics(dataPoints: number): IntakeAnswer {
    this.#deps.log.limited('otlp_metrics', 'info', {}, 'OTLP metrics are received and not kept');
    this.#count('metrics', 'not_kept', dataPoints);
    return accepted(dataPoints, dataPoints === 0 ? '' : 'xrayd does not keep metrics');
  }

  async #takeLogs({ logs, others }: DecodedLogs): Promise<IntakeAnswer> {
    const { keepLogs = async () => 0, log } = this.#deps;
    let kept = 0;
    try {
      if (logs.length > 0) kept = await keepLogs(logs);
    } catch (error) {
      log.limited('otlp_logs', 'error', { error: messageOf(error) }, 'OTLP logs could not be stored');
      this.#count('logs', 'refused', logs.length);
      return { kind: 'not_stored', message: NOT_STORED };
    }
    this.#count('logs', 'kept', kept);
    this.#count('logs', 'over_limit', logs.length - kept);
    this.#count('logs', 'not_kept', others);
    const reasons = [
      ...(others > 0 ? [`${others} have no trace ID, and xrayd keeps logs of traces only`] : []),
      ...(logs.length > kept ? [`${logs.length - kept} are beyond the logs that are kept of a trace`] : []),
    ];
    return accepted(others + logs.length - kept, reasons.join('; '));
  }

  #count(signal: OtherSignal, result: string, count: number): void {
    if (count > 0) this.#deps.counters.otherRecords.add(count, { signal, result });
  }
}

function accepted(rejected: number, message: string): IntakeAnswer {
  return { kind: 'accepted', rejected: { spans: rejected, message } };
}
