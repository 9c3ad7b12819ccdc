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

/**
 * The first two signals that ask the process to end: the first drains, the second ends the drain.
 * The listeners stay, because without one any further signal kills the process: a third Ctrl-C, or a signal from a
 * terminal that a parent such as npm passes on as well, would lose what is being written to the spool, uncounted.
 */
export class EndingSignals {
  readonly first: Promise<NodeJS.Signals>;
  readonly second: Promise<NodeJS.Signals>;

  constructor(isHangUpTheEnd: boolean) {
    const first = Promise.withResolvers<NodeJS.Signals>();
    const second = Promise.withResolvers<NodeJS.Signals>();
    this.first = first.promise;
    this.second = second.promise;
    let count = 0;
    const onSignal = (name: NodeJS.Signals): void => {
      count++;
      (count === 1 ? first : second).resolve(name);
    };
    for (const name of isHangUpTheEnd ? [...ENDING, 'SIGHUP'] : ENDING) process.on(name, onSignal);
  }
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
