import { MB } from '../pipeline/units.ts';

/** The units in which users write numbers: the factor to the program's unit, and the suffix of the option's name. */
export const UNITS = {
  calls: { factor: 1, suffix: '' },
  readings: { factor: 1, suffix: '' },
  seconds: { factor: 1_000, suffix: 'Ms' },
  minutes: { factor: 60_000, suffix: 'Ms' },
  MB: { factor: MB, suffix: 'Bytes' },
} as const;

export type Unit = keyof typeof UNITS;
