import type { LogFields, Logger, LogLevel } from '../pipeline/logger.ts';

/** A Logger that passes each message to a function, without its fields. */
export function lineLogger(onLine: (level: LogLevel, message: string) => void): Logger {
  const line =
    (level: LogLevel) =>
    (_fields: LogFields, message: string): void =>
      onLine(level, message);
  return {
    trace: line('trace'),
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    limited: (_reason, level, fields, message) => line(level)(fields, message),
  };
}
