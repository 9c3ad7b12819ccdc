import type { Environment } from '../pipeline/environment.ts';
import type { Command } from '../config/commands.ts';
import type { Examined } from '../config/examine.ts';
import type { LoadedConfig } from '../config/load.ts';

/** A command, for its help and the documentation. Its options are those that name it in src/config. */
export interface CommandEntry {
  /** One line, without a full stop. */
  readonly help: string;
  /** Command lines that work as they stand. */
  readonly examples: readonly [string, ...string[]];
  /** What its exit codes mean, without full stops; 2, a command line that cannot be read, is common to all. */
  readonly exits: Readonly<Record<string, string>>;
  /** Runs until a signal ends it, and has a log: its warnings go there. */
  readonly isService?: true;
}

/** Resolves with the exit code. Throws XraydError for an error that the user can fix. */
export type RunCommand<C extends Command> = (loaded: LoadedConfig<C>, context: CommandContext<C>) => Promise<number>;

export interface CommandContext<C extends Command = Command> {
  /** Files, or the program to run with its arguments. */
  readonly operands: readonly string[];
  readonly env: Environment;
  readonly output: CommandOutput;
  /** Reads flags, variables and cfg.yaml again. */
  readonly reread: () => Promise<LoadedConfig<C>>;
  /** For a command that examines the settings of another one. */
  readonly examine: () => Promise<Examined>;
}

export interface CommandOutput {
  /** Writes a result to standard output; resolves when the text is written. */
  readonly out: (text: string) => Promise<void>;
  /** Writes results and problems to standard error. */
  readonly say: (text: string) => void;
  /** Shows how far the command is in one line of a terminal, in place of the previous one; elsewhere nothing. */
  readonly progress: (text: string) => void;
}
