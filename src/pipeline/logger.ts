export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * info: an operator's action completed; warn: unexpected, nothing lost; error: segments lost, or the operator must act.
 * Never put a payload, token or key into `fields` or `message`.
 */
export interface Logger {
  trace(fields: LogFields, message: string): void;
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** Logs at most one line per 10 s and `reason`; the next line carries the number of suppressed lines. */
  limited(reason: string, level: LogLevel, fields: LogFields, message: string): void;
  /** Lines that could not be written to the console; undefined where that is not known. */
  readonly linesLost?: number;
}
