import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { readConfigFile } from './config/file.ts';
import { parseFlags } from './config/flags.ts';
import { helpText } from './config/help.ts';
import { isTakenFromDefault } from './config/http-address.ts';
import { configFileNameOf, mergeConfig, printConfig, type LoadedConfig } from './config/load.ts';
import { textOf, type Command } from './config/option.ts';
import { healthProblem } from './cli/healthcheck.ts';
import type { LocalXRay } from './compose/local.ts';
import { formatAddress, reachable } from './pipeline/address.ts';
import { wallClockMs } from './pipeline/clock.ts';
import { ABORTED, countLeftBehind, untilAborted, within } from './pipeline/deadline.ts';
import { messageOf, systemCodeOf, XraydError } from './pipeline/errors.ts';
import { sampleTrace, sendDocuments } from './compose/sample-trace.ts';
import { sendAndConfirm } from './cli/send-and-confirm.ts';
import { Reload } from './compose/reload.ts';
import type { Runtime } from './compose/runtime.ts';
import { isMemoryScarce } from './compose/memory-budget.ts';
import { hasTerminal, ignoreOtherSignals, keepInspectorClosed, nextEndingSignal } from './cli/signals.ts';
import { keepGenerationsSmall, returnStartUpMemory, useOneCompiler } from './compose/heap-tuning.ts';
import { CONSOLES } from './telemetry/console-stream.ts';
import { openLog, type ProcessLogger } from './telemetry/logger.ts';
import { REFERENCE_VERSION, VERSION } from './compose/version.ts';

const EXIT_LOSS = 3;
/** For the rest of the log to reach its file or the console. */
const LOG_CLOSE_MS = 2_000;

/**
 * Names are looked up in the same threads as files are read and written, four when nothing is said: a disk that hangs would stop the network.
 * More than a spool on it can hold up: four writes and half of 16 calls.
 */
process.env['UV_THREADPOOL_SIZE'] ??= '16';
keepInspectorClosed(process.env['NODE_OPTIONS']);
keepGenerationsSmall();

async function main(): Promise<number> {
  const commandLine = parseFlags(process.argv.slice(2));
  const { command, operands } = commandLine;
  const isQuestion = (['help', 'version', 'printConfig'] as const).some((name) => commandLine.values.get(name) === true);
  if (isQuestion || (command !== 'daemon' && command !== 'local')) endWithReader();
  if (commandLine.values.get('help') === true) return print(helpText(commandLine.isNamed ? command : undefined));
  if (commandLine.values.get('version') === true) return print(`xrayd ${VERSION} (compatible with aws-xray-daemon ${REFERENCE_VERSION})\n`);
  const { env } = process;
  const file = await readConfigFile(configFileNameOf(commandLine, env));
  const load = <C extends Command>(of: C): LoadedConfig<C> => mergeConfig({ commandLine: { ...commandLine, command: of }, env, file });
  const loaded = load(command);
  // The daemon and the local X-Ray put them into their log.
  if (loaded.config.printConfig || (command !== 'daemon' && command !== 'local')) {
    for (const warning of loaded.warnings) OUTPUT.say(`xrayd: ${warning}\n`);
  }
  if (loaded.config.printConfig) return print(printConfig(loaded));
  switch (command) {
    case 'send':
      return send(load(command));
    case 'healthcheck':
      return healthcheck(load(command));
    case 'daemon':
    case 'local':
      return serve(load(command), async () => {
        const again = await readConfigFile(configFileNameOf(commandLine, env));
        return mergeConfig({ commandLine: { ...commandLine, command }, env, file: again });
      });
    case 'run':
      return (await import('./cli/run.ts')).runCommand(load(command), operands, OUTPUT, env);
    case 'export':
      return (await import('./cli/transfer.ts')).exportTraces(load(command), OUTPUT);
    case 'import':
      return (await import('./cli/transfer.ts')).importTraces(load(command), operands, OUTPUT);
    case 'pull':
      return (await import('./cli/pull.ts')).pull(load(command), env, OUTPUT);
  }
}

const OUTPUT = {
  /** Of a reader that has gone hears `endWithReader`, and nothing is said after it. */
  out: (text: string): Promise<void> => new Promise((done) => void process.stdout.write(text, (error) => void (error ?? done()))),
  say: (text: string): void => void process.stderr.write(text),
};

async function send({ config: { to, confirm } }: LoadedConfig<'send'>): Promise<number> {
  const { traceId, documents } = sampleTrace(wallClockMs());
  if (confirm === undefined) await sendDocuments(documents, to);
  const counted = confirm === undefined ? '' : `; ${await sendAndConfirm(documents, to, confirm)}`;
  return print(`sent trace ${traceId} to UDP ${formatAddress(to)}${counted}\n`);
}

async function healthcheck({ config, origins }: LoadedConfig<'healthcheck'>): Promise<number> {
  const gaveWay = isTakenFromDefault(config, origins);
  const httpAddress = gaveWay ? 'off' : config.httpAddress;
  const reason = gaveWay ? '--bind-tcp has its default port; choose another with --http-address' : origins.httpAddress;
  const problem = httpAddress === 'off' ? `HTTP is off (${reason})` : await healthProblem(httpAddress);
  if (problem === undefined) return print('ready\n');
  process.stderr.write(`xrayd: not ready at ${textOf(httpAddress)}: ${problem}\n`);
  return 1;
}

type LoadedToServe = LoadedConfig<'daemon'> | LoadedConfig<'local'>;

async function serve(loaded: LoadedToServe, read: () => Promise<LoadedToServe>): Promise<number> {
  const { command, config } = loaded;
  if (command === 'daemon' || isMemoryScarce()) useOneCompiler();
  // The local X-Ray's output are the traces; its log must not stand between them.
  const fd = command === 'local' ? 2 : 1;
  const format = config.logFormat === 'auto' ? (isatty(fd) ? 'pretty' : 'json') : config.logFormat;
  const log = await openLog(
    { level: config.logLevel, format: format as 'json' | 'pretty', file: config.logFile, hasRotation: config.logRotation },
    fd,
  );
  leaveDeletedFolder();
  // By contract only a signal ends a running daemon: a bug in one request must not take the buffer along.
  process.on('uncaughtException', (error) => log.error({ error: error.stack }, 'a bug; please report it'));
  process.on('unhandledRejection', (error) => log.error({ error: error instanceof Error ? error.stack : String(error) }, 'a bug; please report it'));
  // Node would write it to the console itself, and wait for the console's reader.
  process.removeAllListeners('warning').on('warning', (warning) => log.warn({ name: warning.name }, warning.message));
  log.info({ version: VERSION, node: process.versions.node, pid: process.pid, command }, 'xrayd starts');
  for (const warning of loaded.warnings) log.warn({}, warning);
  const isHangUpTheEnd = hasTerminal();
  const signal = nextEndingSignal(isHangUpTheEnd);
  const early = new AbortController();
  void signal.then(() => early.abort());
  process.on('SIGUSR1', () => log.info({}, 'SIGUSR1 is ignored: it would open the inspector of Node'));
  ignoreOtherSignals((name) => log.info({}, `${name} is ignored: it has no meaning here`));
  const building = build(loaded, log);
  if (!isHangUpTheEnd) reloadAtHangUp(loaded, { read, building, log });
  const built = await untilAborted(building, early.signal);
  if (built === ABORTED) {
    log.info({ signal: await signal }, 'xrayd stops before it has started');
    await closeLog(log);
    return 0;
  }
  const { service, token } = built;
  const isStarted = (await untilAborted(service.start(), early.signal)) !== ABORTED;
  if (isStarted && loaded.command === 'local') printWelcome(service, loaded, token);
  if (isStarted) log.info({ startMs: Math.round(performance.now()) }, 'xrayd is ready');
  void returnStartUpMemory();
  log.info({ signal: await signal }, 'xrayd stops');
  return drain(service, loaded, { log, second: nextEndingSignal(isHangUpTheEnd) });
}

interface ReloadParts {
  readonly read: () => Promise<LoadedToServe>;
  readonly building: Promise<LocalXRay>;
  readonly log: ProcessLogger;
}

/** A SIGHUP while the region is still looked for takes effect after that: it must not end the process. */
function reloadAtHangUp(loaded: LoadedToServe, { read, building, log }: ReloadParts): void {
  const reload = building.then(({ service: { renewCredentials } }) => new Reload(loaded, { read, renewCredentials, log }));
  const run = (): Promise<void> => reload.then((each) => each.run()).catch(() => {});
  process.on('SIGHUP', () => void run());
  // Without a build there is no start either, which says why.
  reload.catch(() => {});
}

/** Threads cannot start in a working folder that was deleted. Done last of all that reads paths: relative ones have no meaning there. */
function leaveDeletedFolder(): void {
  try {
    process.cwd();
  } catch {
    process.chdir('/');
  }
}

/** Each mode is loaded when it is asked for: the daemon goes without the local X-Ray's memory, and the other way round. */
async function build(loaded: LoadedToServe, log: ProcessLogger): Promise<LocalXRay> {
  if (loaded.command === 'daemon') {
    const { buildDaemon } = await import('./compose/daemon.ts');
    return { service: await buildDaemon(loaded, process.env, log), token: '' };
  }
  const { buildLocal } = await import('./compose/local.ts');
  const tee = loaded.config.tee ? await (await import('./compose/tee.ts')).Tee.build(loaded, process.env, log) : undefined;
  const hasColor = isatty(1) && process.stdout.hasColors();
  return buildLocal(loaded, {
    log,
    env: process.env,
    ...(tee === undefined ? {} : { tee }),
    write: (text) => CONSOLES[1].write(text),
    hasColor,
  });
}

async function drain(
  service: Runtime,
  { config }: LoadedToServe,
  { log, second: signal }: { log: ProcessLogger; second: Promise<unknown> },
): Promise<number> {
  const second = new AbortController();
  void signal.then(() => second.abort());
  service.retire();
  await sleep(config.shutdownDelay * 1000, undefined, { signal: second.signal }).catch(() => {});
  const deadline = AbortSignal.any([second.signal, AbortSignal.timeout(config.shutdownTimeout * 1000)]);
  const { sent, lost, lostCopies } = await service.stop(deadline);
  const line = `xrayd stopped: ${sent} segments sent in the drain, ${lost} lost`;
  if (lost > 0) log.error({ sent, lost }, line);
  else log.info({ sent, lost }, line);
  await closeLog(log);
  return lost + lostCopies > 0 && config.exitOnLoss ? EXIT_LOSS : 0;
}

async function closeLog(log: ProcessLogger): Promise<void> {
  await within(LOG_CLOSE_MS, 'the log', () => log.close()).catch(() => {});
}

/** `xrayd export | head`: nobody reads the rest. 141 is what a shell says of SIGPIPE, which Node ignores. */
function endWithReader(): void {
  process.stdout.on('error', (error) => {
    if (systemCodeOf(error) === 'EPIPE') process.exit(141);
    process.stderr.write(`xrayd: cannot write the output: ${error.message}\n`);
    process.exit(1);
  });
  process.stderr.on('error', () => {});
}

function printWelcome({ udp, tcp, http }: Runtime, { config }: LoadedConfig<'local'>, token: string): void {
  const address = udp.address === undefined ? '' : formatAddress(udp.address);
  const bound = tcp?.address === undefined ? '' : formatAddress(tcp.address);
  const api = tcp?.address === undefined ? '' : formatAddress(reachable(tcp.address));
  const where = address === bound || address === '' ? `${address === '' ? '' : 'UDP and '}TCP ${bound}` : `UDP ${address} and TCP ${bound}`;
  const traced = config.defaultSampling === 'all' ? 'Every request is traced' : 'Requests are sampled as in a new AWS account';
  const kept = config.tee ? 'all segments are sent on to AWS' : 'nothing leaves this machine';
  const lines = [
    `xrayd ${VERSION}: local X-Ray on ${where}. ${traced}, ${kept}.`,
    `  Open          http://${api}/${token === '' ? '' : `?token=${encodeURIComponent(token)}`}`,
    `  Read traces:  aws xray get-trace-summaries --endpoint-url http://${api} --region us-east-1 --start-time $(date -d '-1 hour' +%s) --end-time $(date +%s)`,
    ...(token === '' ? [] : [`  Token for readers, as the access key id of an AWS client: ${token}`]),
    ...(http?.address === undefined ? [] : [`  Health and metrics: http://${formatAddress(reachable(http.address))}`]),
  ];
  CONSOLES[1].write(`${lines.join('\n')}\n\n`);
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

/** Whether a thread works on a file or looks a name up, or may: Node reads NODE_EXTRA_CA_CERTS in one of its own, and does not say when it has. */
function isThreadBusy(): boolean {
  return (
    process.env['NODE_EXTRA_CA_CERTS'] !== undefined || process.getActiveResourcesInfo().some((name) => /^(GetAddrInfo|GetNameInfo|FSReq)/.test(name))
  );
}

/**
 * `process.exit` waits for the threads of the process, for ever where one hangs in a disk or a pipe, and for a look-up in the DNS as long as that takes. Another program in its place does not
 * have them; it is this one, which only ends.
 */
function end(code: number): never {
  if ((countLeftBehind() > 0 || isThreadBusy()) && process.execve !== undefined && process.platform !== 'win32') {
    process.removeAllListeners('warning');
    process.execve(process.execPath, [process.execPath, '--eval', `process.exit(${code})`], {});
  }
  process.exit(code);
}

main().then(
  async (code) => {
    // Output that could not be written says so in a turn of its own.
    await new Promise(setImmediate);
    // Whatever may still hold the event loop, the work is done; an open keep-alive socket must not delay the exit.
    end(code);
  },
  async (error: unknown) => {
    const known = error instanceof XraydError;
    const says = CONSOLES[2];
    says.write(`xrayd: ${known ? error.message : `${messageOf(error)}\n${(error as Error).stack ?? ''}`}\n`);
    await within(LOG_CLOSE_MS, 'the console', () => Promise.all([says.flush(), CONSOLES[1].flush()])).catch(() => {});
    end(known ? error.exitCode : 1);
  },
);
