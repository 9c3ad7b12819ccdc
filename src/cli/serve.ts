import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { returnStartUpMemory } from '../compose/heap-tuning.ts';
import { Reload } from '../compose/reload.ts';
import type { Runtime } from '../compose/runtime.ts';
import { VERSION } from '../compose/version.ts';
import type { LoadedConfig } from '../config/load.ts';
import { ABORTED, untilAborted, within } from '../pipeline/deadline.ts';
import { EXIT_CODES } from '../pipeline/errors.ts';
import { openLog, type ProcessLogger } from '../telemetry/logger.ts';
import type { CommandContext } from './command.ts';
import { serviceManager } from './service-manager.ts';
import { EndingSignals, hasTerminal, ignoreOtherSignals } from './signals.ts';

/** Time for the rest of the log to reach its file or the console. */
const LOG_CLOSE_MS = 2_000;

type Served = 'daemon' | 'local';
type LoadedToServe = LoadedConfig<'daemon'> | LoadedConfig<'local'>;

/** What differs between the daemon and the local X-Ray. */
export interface Service {
  /** Where the log goes without --log-file. */
  readonly logFd: 1 | 2;
  /** Called once the log is open and signals are handled, so slow imports belong here. */
  readonly build: (log: ProcessLogger) => Promise<Runtime>;
  readonly onStart?: (runtime: Runtime) => void;
}

/** Opens the log, builds and starts a service, runs it until a signal, and drains it. Resolves with the exit code. */
export async function serve(
  loaded: LoadedToServe,
  { reread, env }: Pick<CommandContext<Served>, 'reread' | 'env'>,
  { logFd, build, onStart }: Service,
): Promise<number> {
  const log = await openLogOf(loaded, logFd);
  leaveDeletedFolder();
  // Only a signal ends a running daemon: a bug in one request must not lose the buffer.
  process.on('uncaughtException', (error) => log.error({ error: error.stack }, 'unexpected error; please report it'));
  process.on('unhandledRejection', (error) => {
    log.error({ error: error instanceof Error ? error.stack : String(error) }, 'unexpected error; please report it');
  });
  // By default, Node writes warnings to the console and waits for its reader.
  process.removeAllListeners('warning').on('warning', (warning) => log.warn({ name: warning.name }, warning.message));
  log.info(
    { version: VERSION, node: process.versions.node, pid: process.pid, command: loaded.command },
    'xrayd starts',
  );
  for (const warning of loaded.warnings) log.warn({}, warning);
  const isHangUpTheEnd = hasTerminal();
  const ending = new EndingSignals(isHangUpTheEnd);
  const early = new AbortController();
  void ending.first.then(() => early.abort());
  process.on('SIGUSR1', () => log.info({}, 'SIGUSR1 is ignored: it would open the inspector of Node'));
  ignoreOtherSignals((name) => log.info({}, `${name} is ignored: it has no meaning here`));
  const building = build(log);
  if (!isHangUpTheEnd) reloadAtHangUp(loaded, { reread, building, log });
  const runtime = await untilAborted(building, early.signal);
  if (runtime === ABORTED) {
    log.info({ signal: await ending.first }, 'xrayd stops before it has started');
    await closeLog(log);
    return 0;
  }
  const isStarted = (await untilAborted(runtime.start(), early.signal)) !== ABORTED;
  const manager = serviceManager(env);
  if (isStarted) {
    onStart?.(runtime);
    log.info({ startMs: Math.round(performance.now()) }, 'xrayd is ready');
    manager.ready();
  }
  void returnStartUpMemory();
  log.info({ signal: await ending.first }, 'xrayd stops');
  manager.stopping();
  return drain(runtime, loaded, { log, second: ending.second });
}

function openLogOf({ config }: LoadedToServe, fd: 1 | 2): Promise<ProcessLogger> {
  const { logLevel: level, logFile: file, logRotation: hasRotation, logFormat } = config;
  const format = logFormat === 'auto' ? (isatty(fd) ? 'pretty' : 'json') : logFormat;
  return openLog({ level, format, file, hasRotation }, fd);
}

interface ReloadParts {
  readonly reread: () => Promise<LoadedToServe>;
  readonly building: Promise<Runtime>;
  readonly log: ProcessLogger;
}

/** A SIGHUP during the search for a region takes effect after the search: it must not end the process. */
function reloadAtHangUp(loaded: LoadedToServe, { reread, building, log }: ReloadParts): void {
  const reload = building.then(({ renewCredentials }) => new Reload(loaded, { read: reread, renewCredentials, log }));
  const run = (): Promise<void> => reload.then((each) => each.run()).catch(() => {});
  process.on('SIGHUP', () => void run());
  // If the build fails, the start reports why.
  reload.catch(() => {});
}

/** Threads cannot start in a working folder that was deleted. Call this after all relative paths have been resolved. */
function leaveDeletedFolder(): void {
  try {
    process.cwd();
  } catch {
    process.chdir('/');
  }
}

async function drain(
  runtime: Runtime,
  { config }: LoadedToServe,
  { log, second: signal }: { log: ProcessLogger; second: Promise<unknown> },
): Promise<number> {
  const second = new AbortController();
  void signal.then(() => second.abort());
  runtime.retire();
  await sleep(config.shutdownDelayMs, undefined, { signal: second.signal }).catch(() => {});
  const deadline = AbortSignal.any([second.signal, AbortSignal.timeout(config.shutdownTimeoutMs)]);
  const { sent, lost, lostCopies } = await runtime.stop(deadline);
  const line = `xrayd stopped: ${sent} segments sent in the drain, ${lost} lost`;
  if (lost > 0) log.error({ sent, lost }, line);
  else log.info({ sent, lost }, line);
  await closeLog(log);
  return lost + lostCopies > 0 && config.exitOnLoss ? EXIT_CODES.loss.code : EXIT_CODES.ok.code;
}

async function closeLog(log: ProcessLogger): Promise<void> {
  await within(LOG_CLOSE_MS, 'the log', () => log.close()).catch(() => {});
}
