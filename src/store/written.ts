import type { Refusal } from '../trace/model.ts';

export interface Written {
  /** With the position in the delivery. */
  readonly refused: readonly (Refusal & { readonly position: number })[];
  /** IDs of the traces that changed. */
  readonly changed: readonly string[];
}

/** Why nothing more can be stored. */
export type Full = keyof typeof STORING_PROBLEMS;

/** What keeps documents from being stored, and when storing works again. */
export const STORING_PROBLEMS = {
  disk: { problem: 'the disk is full', until: 'space is available' },
  io: { problem: 'the disk fails', until: 'it works again' },
  locked: { problem: 'another program has locked the file', until: 'it is unlocked' },
  pinned: {
    problem: 'pinned traces take up the whole store (unpin some, or raise --data-size)',
    until: 'space is available',
  },
} as const;
