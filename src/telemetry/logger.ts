import { isatty } from 'node:tty';
import { pino, type DestinationStream, type Logger as Pino } from 'pino';
import { monotonicMs } from '../pipeline/clock.ts';
import { within } from '../pipeline/deadline.ts';
import { messageOf } from '../pipeline/errors.ts';
import type { LogFields, Logger, LogLevel } from '../pipeline/logger.ts';
import { boundedFields, boundedMessage } from './bounded-fields.ts';
import { CONSOLES } from './console-stream.ts';
import { LogFile } from './log-file.ts';

const LIMIT_MS = 10_000;
/** Time limit for opening a log file. */
const OPEN_MS = 2_000;

/** The reference daemon's names; `dev` is everything, `prod` is info. */
type LevelName = 'dev' | 'prod' | LogLevel;

export interface LogConfig {
  readonly level: LevelName;
  readonly format: 'json' | 'pretty';
  /** "" for the console. */
  readonly file: string;
  readonly hasRotation: boolean;
}

/** compat: aws-xray-daemon logs at info for `prod`. */
export function levelOf(name: LevelName): LogLevel {
  if (name === 'prod') return 'info';
  return name === 'dev' ? 'trace' : name;
}

/** pino behind our Logger. */
export class ProcessLogger implements Logger {
  readonly #pino: Pino;
  readonly #now: () => number;
  readonly #close: () => Promise<void>;
  readonly #limits = new Map<string, { nextMs: number; suppressed: number }>();

  constructor(
    destination: DestinationStream,
    level: LogLevel,
    close: () => Promise<void> = flushConsoles,
    now: () => number = monotonicMs,
  ) {
    const formatters = { level: (label: string) => ({ level: label }) };
    this.#pino = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters }, destination);
    this.#close = close;
    this.#now = now;
  }

  setLevel(level: LevelName): void {
    this.#pino.level = levelOf(level);
  }

  trace(fields: LogFields, message: string): void {
    this.#write('trace', fields, message);
  }

  debug(fields: LogFields, message: string): void {
    this.#write('debug', fields, message);
  }

  info(fields: LogFields, message: string): void {
    this.#write('info', fields, message);
  }

  warn(fields: LogFields, message: string): void {
    this.#write('warn', fields, message);
  }

  error(fields: LogFields, message: string): void {
    this.#write('error', fields, message);
  }

  limited(reason: string, level: LogLevel, fields: LogFields, message: string): void {
    const nowMs = this.#now();
    const limit = this.#limits.get(reason) ?? { nextMs: 0, suppressed: 0 };
    this.#limits.set(reason, limit);
    if (nowMs < limit.nextMs) {
      limit.suppressed++;
      return;
    }
    const { suppressed } = limit;
    limit.nextMs = nowMs + LIMIT_MS;
    limit.suppressed = 0;
    this.#write(level, suppressed === 0 ? fields : { suppressed, ...fields }, message);
  }

  /**
   * IDs, header values and errors come from outside: none may produce a line of megabytes, or look like another line.
   */
  #write(level: LogLevel, fields: LogFields, message: string): void {
    if (this.#pino.isLevelEnabled(level)) this.#pino[level](boundedFields(fields), boundedMessage(message));
  }

  /** The log file, if there is one. */
  file: LogFile | undefined;

  /** SIGHUP: a tool such as logrotate has moved the file. Does not wait for a disk that hangs. */
  async reopen(): Promise<void> {
    await within(OPEN_MS, 'the log file', async () => this.file?.reopen()).catch(() => {});
  }

  get linesLost(): number {
    return CONSOLES[1].lost + CONSOLES[2].lost;
  }

  /** Writes everything that is left. */
  async close(): Promise<void> {
    await this.#close();
  }
}

async function flushConsoles(): Promise<void> {
  await Promise.all(Object.values(CONSOLES).map((console) => console.flush()));
}

/** The log on the console `fd`, or in a file. Reports lines that the console lost, once it accepts lines again. */
export async function openLog(config: LogConfig, fd: 1 | 2): Promise<ProcessLogger> {
  const log = await openFor(config, fd);
  for (const console of Object.values(CONSOLES)) {
    console.events = {
      onError: (error) => log.limited('console', 'warn', { error: error.message }, 'cannot write to the console'),
      onResumed: (lost) => log.warn({ lost }, 'log lines were lost because nobody read the console'),
    };
  }
  return log;
}

async function openFor(config: LogConfig, fd: 1 | 2): Promise<ProcessLogger> {
  const level = levelOf(config.level);
  if (config.file !== '') return openFileLog(config, level, fd);
  if (config.format === 'pretty') return new ProcessLogger(await prettyStream(fd), level);
  return new ProcessLogger(CONSOLES[fd], level);
}

/** File names of the console. A console may be a socket, which cannot be opened by name. */
const CONSOLE_FILES: ReadonlyMap<string, 1 | 2> = new Map([
  ['/dev/stdout', 1],
  ['/dev/stderr', 2],
  ['/proc/self/fd/1', 1],
  ['/proc/self/fd/2', 2],
]);

async function openFileLog({ file: path, hasRotation }: LogConfig, level: LogLevel, fd: 1 | 2): Promise<ProcessLogger> {
  const consoleFd = CONSOLE_FILES.get(path);
  if (consoleFd !== undefined) return new ProcessLogger(CONSOLES[consoleFd], level);
  const fallback = CONSOLES[fd];
  const there = new ProcessLogger(fallback, level);
  // A disk that fills up later must not end the daemon.
  const onBroken = (error: unknown): void =>
    there.limited(
      'log_file',
      'error',
      { file: path, reason: messageOf(error) },
      'the log file can no longer be written',
    );
  try {
    const file = await within(OPEN_MS, path, () => LogFile.open({ path, hasRotation, onBroken }));
    const destination = { write: (line: string) => void (file.write(line) || fallback.write(line)) };
    const log = new ProcessLogger(destination, level, async () => {
      await file.close();
      await flushConsoles();
    });
    log.file = file;
    return log;
  } catch (error) {
    there.error({ file: path, reason: messageOf(error) }, 'cannot write the log file; logging to the console instead');
    return there;
  }
}

/** For terminals only, so it is loaded only then. */
async function prettyStream(fd: 1 | 2): Promise<DestinationStream> {
  const { prettyFactory } = await import('pino-pretty');
  const colorize = isatty(fd) && (fd === 1 ? process.stdout : process.stderr).hasColors();
  const pretty = prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname', singleLine: true });
  return { write: (line) => CONSOLES[fd].write(pretty(line)) };
}
