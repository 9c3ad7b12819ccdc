import type { LogFields, Logger, LogLevel } from '../../src/pipeline/logger.ts';

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that records every line, including limited ones. */
export class MemoryLog implements Logger {
  readonly lines: LogLine[] = [];

  trace(fields: LogFields, message: string): void {
    this.lines.push({ level: 'trace', message, fields });
  }

  debug(fields: LogFields, message: string): void {
    this.lines.push({ level: 'debug', message, fields });
  }

  info(fields: LogFields, message: string): void {
    this.lines.push({ level: 'info', message, fields });
  }

  warn(fields: LogFields, message: string): void {
    this.lines.push({ level: 'warn', message, fields });
  }

  error(fields: LogFields, message: string): void {
    this.lines.push({ level: 'error', message, fields });
  }

  limited(_reason: string, level: LogLevel, fields: LogFields, message: string): void {
    this.lines.push({ level, message, fields });
  }

  /** The lines whose message matches, of `level` if one is given. */
  find(pattern: RegExp, level?: LogLevel): LogLine[] {
    return this.lines.filter((line) => pattern.test(line.message) && (level === undefined || line.level === level));
  }
}
