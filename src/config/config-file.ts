import type { XraydError } from '../pipeline/errors.ts';
import type { OptionValue } from './option.ts';
import type { OptionName } from './schema.ts';

/** Called for a problem instead of throwing it. */
export type OnProblem = (problem: XraydError) => void;
/** Where nobody collects problems, the first is thrown. */
export const throwProblem: OnProblem = (problem) => {
  throw problem;
};

export interface ConfigFile {
  readonly path: string;
  readonly values: ReadonlyMap<OptionName, OptionValue>;
  /** Line of each value, counted from 1. */
  readonly lines: ReadonlyMap<OptionName, number>;
  /** Settings that are not used, one line each. */
  readonly warnings: readonly string[];
}
