import { readFileSync } from 'node:fs';
import { monotonicMs, wallClockMs } from '../../pipeline/clock.ts';

/** A time that a later run of the daemon can compare with its own. */
export interface Moment {
  readonly wallMs: number;
  /** Counts from the boot of the machine: comparable if `bootId` is the same. */
  readonly monotonicMs: number;
  /** BOOT_ID_BYTES long; zeros if the system has no boot ID. */
  readonly bootId: Buffer;
}

export const BOOT_ID_BYTES = 16;

let bootId: Buffer | undefined;

export function momentNow(): Moment {
  bootId ??= readBootId();
  return { wallMs: wallClockMs(), monotonicMs: monotonicMs(), bootId };
}

/**
 * Ms from `then` to `now`; never negative. Exact within one boot, even if the clock was set; across boots, by the wall
 * clock.
 */
export function elapsedMs(then: Moment, now: Moment): number {
  const isSameBoot = then.bootId.some((byte) => byte !== 0) && then.bootId.equals(now.bootId);
  return Math.max(0, isSameBoot ? now.monotonicMs - then.monotonicMs : now.wallMs - then.wallMs);
}

/** Linux: a UUID of this boot. */
function readBootId(): Buffer {
  try {
    const id = Buffer.from(
      readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').replaceAll(/[^0-9a-f]/g, ''),
      'hex',
    );
    if (id.length === BOOT_ID_BYTES) return id;
  } catch {}
  return Buffer.alloc(BOOT_ID_BYTES);
}
