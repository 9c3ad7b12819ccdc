import { signal } from '@preact/signals';
import { numberOf, objectOf } from '../../../src/json/json.ts';
import { store, stored } from '../settings.ts';

const KEY = 'xrayd.widths';

/** px; stored in this browser. */
export interface Widths {
  readonly names: number;
  readonly side: number;
}

export const NAMES = { min: 120, max: 1_200 } as const;
export const SIDE = { min: 240, max: 1_200 } as const;

const kept = objectOf(stored(KEY));

export const widths = signal<Widths>({ names: numberOf(kept['names']) ?? 330, side: numberOf(kept['side']) ?? 372 });

export function setWidth(name: keyof Widths, px: number): void {
  widths.value = { ...widths.value, [name]: px };
  store(KEY, widths.value);
}
