import type { Address } from '../pipeline/address.ts';
import { namesOf } from '../pipeline/list.ts';
import type { Command } from './commands.ts';
import { LOCAL_OPTIONS } from './local-options.ts';
import type { AddressOption, NumberOption, OptionSpec, SwitchOption, UrlOption } from './option.ts';
import { PIPELINE_OPTIONS } from './pipeline-options.ts';
import { PROCESS_OPTIONS } from './process-options.ts';
import type { UNITS, Unit } from './units.ts';

/**
 * Every option, once: types, checks, defaults, `--help` and docs/configuration.md come from this table.
 * Options with a `fileKey` or a one-letter flag are the reference daemon's, with its names, defaults and limits.
 */
const OPTIONS = { ...PIPELINE_OPTIONS, ...PROCESS_OPTIONS, ...LOCAL_OPTIONS };

type Options = typeof OPTIONS;
export type OptionName = keyof Options;

/**
 * What a user can set for command `C`, with defaults filled in. 0, "" and undefined stand for "not set".
 * For a union of commands, it has the options that all of them use, so that no code reads an option that its command
 * refuses.
 */
export type Config<C extends Command = Command> = {
  readonly [K in NameFor<C>]: ValueOf<Options[K], C>;
};

type NameFor<C extends Command> = {
  [K in OptionName]: [C] extends [Options[K]['commands'][number]] ? K : never;
}[OptionName];

type ValueOf<S extends OptionSpec, C extends Command> = S extends AddressOption
  ? Address | UndefinedIn<S['default']> | OffIn<S, C>
  : S extends UrlOption
    ? URL | undefined
    : S extends NumberOption
      ? number
      : S extends SwitchOption
        ? boolean
        : S extends { readonly choices: readonly (infer V)[] }
          ? V
          : string;
type UndefinedIn<T> = undefined extends T ? undefined : never;
type OffIn<S, C> = S extends { readonly offIn: readonly (infer O)[] } ? (C & O extends never ? never : 'off') : never;

/**
 * `never` for an option whose name does not end with the unit of its value in the program, so that the table does not
 * compile.
 */
type NamedWithUnit = {
  readonly [K in OptionName]: Options[K] extends { readonly unit: infer U extends Unit }
    ? K extends `${string}${(typeof UNITS)[U]['suffix']}`
      ? OptionSpec
      : never
    : OptionSpec;
};

/** The table with the optional members visible to the type checker. */
export const SPECS: Readonly<Record<OptionName, OptionSpec>> = OPTIONS satisfies NamedWithUnit;
export const OPTION_NAMES: readonly OptionName[] = namesOf(OPTIONS);
