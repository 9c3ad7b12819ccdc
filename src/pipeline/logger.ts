export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * info = an operator's action completed; warn = unexpected, nothing lost; error = segments lost or the operator must act.
 * Never a payload, token or key in `fields` or `message`.
 */
export interface Logger {
  trace(fields: LogFields, message: string): void;
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** At most one line per 10 s and `reason`; the next line carries how many were suppressed. */
  limited(reason: string, level: LogLevel, fields: LogFields, message: string): void;
  /** Lines that the console did not take; undefined where that is not known. */
  readonly linesLost?: number;
}
