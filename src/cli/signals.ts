import inspector from 'node:inspector';
import { isatty } from 'node:tty';

/** Signals that ask the process to end: from a process manager, or from Ctrl-C and Ctrl-\ in a terminal. */
const ENDING = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;

/**
 * Whether a terminal is attached. Then SIGHUP means that it was closed; without one, as under systemd, Docker or nohup,
 * it means "reload" by convention. Node does not keep a SIGHUP that nohup ignored.
 */
export function hasTerminal(): boolean {
  return [0, 1, 2].some((fd) => isatty(fd));
}

/** Resolves with the next signal that asks the process to end. */
export function nextEndingSignal(isHangUpTheEnd: boolean): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  const names: readonly NodeJS.Signals[] = isHangUpTheEnd ? [...ENDING, 'SIGHUP'] : ENDING;
  const onSignal = (name: NodeJS.Signals): void => {
    for (const each of names) process.off(each, onSignal);
    resolve(name);
  };
  for (const name of names) process.on(name, onSignal);
  return promise;
}

/** compat: a Go program ignores these, while Node ends by default. Log rotation and a parent's timers send them. */
// Not SIGPROF: Node profiles with it (--cpu-prof).
const WITHOUT_MEANING = ['SIGUSR2', 'SIGALRM', 'SIGVTALRM', 'SIGXCPU', 'SIGXFSZ', 'SIGIO', 'SIGPWR'] as const;

/** Signals that mean nothing to a daemon do not end it. */
export function ignoreOtherSignals(onSignal: (name: NodeJS.Signals) => void): void {
  for (const name of WITHOUT_MEANING) process.on(name, onSignal);
}

/**
 * Without a listener, Node opens its inspector at SIGUSR1, through which anyone on this machine can run code in this
 * process.
 * The bundle's first line installs a listener too, for the time until this runs.
 * An inspector that the user requested, by a flag or in `nodeOptions`, stays open.
 */
export function keepInspectorClosed(nodeOptions = ''): void {
  process.on('SIGUSR1', () => {});
  const isWanted = /--inspect/.test(`${process.execArgv.join(' ')} ${nodeOptions}`);
  if (isWanted) return;
  closeInspector();
  // A signal that arrived before the first line may take effect only now.
  setImmediate(closeInspector);
}

/** Closes an inspector that a signal opened while Node itself was starting. */
function closeInspector(): void {
  if (inspector.url() !== undefined) inspector.close();
}
