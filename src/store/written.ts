import type { Refusal } from '../trace/model.ts';

export interface Written {
  /** With the position in the delivery. */
  readonly refused: readonly (Refusal & { readonly position: number })[];
  /** IDs of the traces that changed. */
  readonly changed: readonly string[];
}

/** Why nothing more can be stored. */
export type Full = 'disk' | 'pinned';
