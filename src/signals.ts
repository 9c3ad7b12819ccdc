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

/**
 * Node opens its inspector at SIGUSR1, through which anybody on the machine runs code in this process, unless there is a listener.
 * The bundle's first line has one too, for the time until this runs.
 */
export function keepInspectorClosed(onSignal: () => void = () => {}): void {
  process.on('SIGUSR1', onSignal);
}
