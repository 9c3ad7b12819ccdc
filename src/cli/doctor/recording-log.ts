import type { LogFields, Logger, LogLevel } from '../../pipeline/logger.ts';

export interface Line {
  readonly level: LogLevel;
  readonly fields: LogFields;
  readonly message: string;
}

/** Keeps what the parts of the daemon log: they say what they found out, and what to do. */
export class RecordingLog implements Logger {
  readonly lines: Line[] = [];
  #waiting: { readonly isWanted: (line: Line) => boolean; readonly resolve: (line: Line) => void }[] = [];

  readonly trace = (fields: LogFields, message: string): void => this.#add('trace', fields, message);
  readonly debug = (fields: LogFields, message: string): void => this.#add('debug', fields, message);
  readonly info = (fields: LogFields, message: string): void => this.#add('info', fields, message);
  readonly warn = (fields: LogFields, message: string): void => this.#add('warn', fields, message);
  readonly error = (fields: LogFields, message: string): void => this.#add('error', fields, message);
  readonly limited = (_: string, level: LogLevel, fields: LogFields, message: string): void =>
    this.#add(level, fields, message);

  /** The first line with the field `name`; waits for one. */
  with(name: string): Promise<Line> {
    const isWanted = ({ fields }: Line): boolean => name in fields;
    const there = this.lines.find(isWanted);
    if (there !== undefined) return Promise.resolve(there);
    const { promise, resolve } = Promise.withResolvers<Line>();
    this.#waiting.push({ isWanted, resolve });
    return promise;
  }

  /** The warnings and errors since the last call. */
  takeProblems(): Line[] {
    const problems = this.lines.filter(({ level }) => level === 'warn' || level === 'error');
    this.lines.length = 0;
    return problems;
  }

  #add(level: LogLevel, fields: LogFields, message: string): void {
    const line = { level, fields, message };
    this.lines.push(line);
    const wanted = this.#waiting.filter(({ isWanted }) => isWanted(line));
    this.#waiting = this.#waiting.filter((each) => !wanted.includes(each));
    for (const { resolve } of wanted) resolve(line);
  }
}
