import { crc32 } from 'node:zlib';
import { BOOT_ID_BYTES } from '../../src/batcher/spool/moment.ts';

/** Where the checksum of a spool file is, and the first row of its documents. */
const CHECKSUM = 8;
const ROWS = CHECKSUM + 8 + 16 + BOOT_ID_BYTES;
const ROW_BYTES = 13;

/** A whole spool file in which the last of `count` documents has another format number: as a newer xrayd writes it. */
export function withLastFormat(file: Buffer, count: number, format: number): Buffer {
  const changed = Buffer.from(file);
  changed.writeUInt8(format, ROWS + count * ROW_BYTES - 1);
  changed.writeUInt32LE(crc32(changed.subarray(CHECKSUM + 4)), CHECKSUM);
  return changed;
}
