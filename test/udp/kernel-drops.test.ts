import { expect, test } from 'vitest';
import { dropsIn, inodesOn, ownSocket, readKernelDrops } from '../../src/udp/kernel-drops.ts';

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  101: 0100007F:07D0 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12345 2 0000000000000000 42
  102: 00000000:07D0 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12346 2 0000000000000000 7
`;

test('reads the drops of the socket with this inode', () => {
  expect(dropsIn(TABLE, '12345')).toBe(42);
  expect(dropsIn(TABLE, '12346')).toBe(7);
});

test('returns nothing for an unknown socket, or without a table', () => {
  expect(dropsIn(TABLE, '99999')).toBeUndefined();
  expect(dropsIn('', '12345')).toBeUndefined();
  expect(readKernelDrops('none')).toBeUndefined();
  expect(ownSocket(1)).toBeUndefined();
});

test('finds the sockets of a port, and among them this process’s own', () => {
  expect(inodesOn(TABLE, 2000)).toEqual(['12345', '12346']);
  expect(inodesOn(TABLE, 2001)).toEqual([]);
});
