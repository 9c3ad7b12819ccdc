import { namesOf } from '../pipeline/list.ts';

/**
 * What stands behind a command and its flags: nothing, names of files, a program with its own arguments, or one of
 * `WORDS`.
 */
type Operands = 'none' | 'files' | 'program' | 'word';

/**
 * The commands, and what a command line may hold of each; src/cli/commands.ts says what each does and which file runs
 * it.
 */
export const OPERANDS = {
  daemon: 'none',
  local: 'none',
  run: 'program',
  export: 'none',
  import: 'files',
  pull: 'none',
  send: 'none',
  healthcheck: 'none',
  validate: 'word',
  doctor: 'word',
  top: 'none',
  completion: 'word',
  help: 'word',
  version: 'none',
} as const satisfies Record<string, Operands>;

export type Command = keyof typeof OPERANDS;
export const COMMAND_NAMES: readonly Command[] = namesOf(OPERANDS);

/** The commands that receive segments. */
const SERVING = ['daemon', 'local'] as const satisfies readonly Command[];
export type ServingCommand = (typeof SERVING)[number];

/** The shells that have a completion script. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** The words that a command accepts, if it accepts one. */
export const WORDS: { readonly [C in Command]?: readonly string[] } = {
  validate: SERVING,
  doctor: SERVING,
  completion: SHELLS,
  help: COMMAND_NAMES,
};

/**
 * The command whose settings another one examines: the one that its operand names, or else the daemon. undefined for a
 * command that has only its own settings.
 */
export function subjectOf(command: Command, [word]: readonly string[]): ServingCommand | undefined {
  if (command !== 'validate' && command !== 'doctor') return undefined;
  return word === 'local' ? 'local' : 'daemon';
}

/** The commands that print something about xrayd itself, and have no configuration. */
export const UNCONFIGURED: readonly Command[] = ['completion', 'help', 'version'];

/** Runs if the command line names no command, as with aws-xray-daemon. */
export const DEFAULT_COMMAND = 'daemon' satisfies Command;
