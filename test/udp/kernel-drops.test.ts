import { expect, test } from 'vitest';
import { dropsIn } from '../../src/udp/kernel-drops.ts';

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  101: 0100007F:07D0 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12345 2 0000000000000000 42
  102: 00000000:07D0 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12346 2 0000000000000000 7
  103: 0100007F:07D1 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12347 2 0000000000000000 1
`;

test('reads the drops of the socket with this address and port', () => {
  expect(dropsIn(TABLE, '0100007F', 2000)).toBe(42);
  expect(dropsIn(TABLE, '00000000', 2000)).toBe(7);
});

test('goes by the port alone when the address is not given', () => {
  expect(dropsIn(TABLE, undefined, 2001)).toBe(1);
});

test('says nothing of a socket that is not there', () => {
  expect(dropsIn(TABLE, '0100007F', 3000)).toBeUndefined();
});
