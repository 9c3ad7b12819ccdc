import { LOCAL_OPTIONS } from './local-options.ts';
import type { NumberOption, OptionSpec, TextOption } from './option.ts';
import { PIPELINE_OPTIONS } from './pipeline-options.ts';
import { PROCESS_OPTIONS } from './process-options.ts';

/**
 * Every option, once: this table gives the types, the checks, the defaults, `--help` and docs/configuration.md.
 * Options with a `fileKey` or a one-letter flag are the reference daemon's; names, defaults and limits are its own.
 */
const OPTIONS = { ...PIPELINE_OPTIONS, ...PROCESS_OPTIONS, ...LOCAL_OPTIONS };

export type OptionName = keyof typeof OPTIONS;
type ValueOf<S extends OptionSpec> = S extends TextOption ? string : S extends NumberOption ? number : boolean;

/** What a user can set, all of it, with defaults filled in. 0 and "" stand for "not set". */
export type Config = { readonly [K in OptionName]: ValueOf<(typeof OPTIONS)[K]> };

/** The table with the optional members visible to the type checker. */
export const SPECS: Readonly<Record<OptionName, OptionSpec>> = OPTIONS;
export const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[];
