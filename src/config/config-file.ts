import type { OptionValue } from './option.ts';
import type { OptionName } from './schema.ts';

export interface ConfigFile {
  readonly path: string;
  readonly values: ReadonlyMap<OptionName, OptionValue>;
  /** Line of each value, counted from 1. */
  readonly lines: ReadonlyMap<OptionName, number>;
  /** What was read and is not used: a line each. */
  readonly warnings: readonly string[];
}
