import inspector from 'node:inspector';
import { isatty } from 'node:tty';

/** What ends a process that may take its time: from a manager, from a terminal's Ctrl-C and Ctrl-\. */
const ENDING = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;

/**
 * Whether somebody's terminal is attached. SIGHUP means then that it is closed; without one, as under systemd, Docker or nohup, it means
 * "reload" by convention. Node does not keep a SIGHUP that nohup ignored.
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

/** compat: a Go program lives through these, Node's default is to end. Rotation of logs and timers of a parent send them. */
// Not SIGPROF: Node profiles with it (--cpu-prof).
const WITHOUT_MEANING = ['SIGUSR2', 'SIGALRM', 'SIGVTALRM', 'SIGXCPU', 'SIGXFSZ', 'SIGIO', 'SIGPWR'] as const;

/** Signals that mean nothing to a daemon do not end it. */
export function ignoreOtherSignals(onSignal: (name: NodeJS.Signals) => void): void {
  for (const name of WITHOUT_MEANING) process.on(name, onSignal);
}

/**
 * Node opens its inspector at SIGUSR1, through which anybody on the machine runs code in this process, unless there is a listener.
 * The bundle's first line has one too, for the time until this runs.
 * What the user asked for, by a flag or in `nodeOptions`, stays.
 */
export function keepInspectorClosed(nodeOptions = ''): void {
  process.on('SIGUSR1', () => {});
  const isWanted = /--inspect/.test(`${process.execArgv.join(' ')} ${nodeOptions}`);
  if (isWanted) return;
  closeInspector();
  // A signal from before the first line may have its effect only now.
  setImmediate(closeInspector);
}

/** Closes what a signal opened while Node itself started. */
function closeInspector(): void {
  if (inspector.url() !== undefined) inspector.close();
}
