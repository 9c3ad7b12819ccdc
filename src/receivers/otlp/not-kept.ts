import { warningAnswer, type Encoding } from '../../formats/otlp/answers.ts';
import type { Logger } from '../../pipeline/logger.ts';

/** Logs and answers a request with `metrics` or `logs`: success with a warning, so that no SDK reports an error. */
export function notKept(signal: string, encoding: Encoding, log: Logger): Buffer {
  log.limited(`otlp_${signal}`, 'info', {}, `OTLP ${signal} are received and not kept`);
  return warningAnswer(`xrayd keeps traces only: these ${signal} were not kept`, encoding);
}
