import { namesOf } from '../pipeline/list.ts';

/** What stands behind a command and its flags: nothing, names of files, or a program with its own arguments. */
type Operands = 'none' | 'files' | 'program';

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
} as const satisfies Record<string, Operands>;

export type Command = keyof typeof OPERANDS;
export const COMMAND_NAMES: readonly Command[] = namesOf(OPERANDS);

/** Runs if the command line names no command, as with aws-xray-daemon. */
export const DEFAULT_COMMAND = 'daemon' satisfies Command;
