import type { Refusal } from '../trace/validate.ts';

export interface Written {
  /** By position in what was given. */
  readonly refused: readonly (Refusal & { readonly position: number })[];
  /** Ids of the traces that changed. */
  readonly changed: readonly string[];
}

/** Why nothing more can be stored. */
export type Full = 'disk' | 'pinned';
