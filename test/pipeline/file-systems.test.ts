import { statfsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isInMemory } from '../../src/pipeline/file-systems.ts';

test.each([
  ['tmpfs', 0x0102_1994, true],
  ['ramfs', 0x8584_58f6, true],
  ['ext4', 0xef53, false],
  ['overlay', 0x794c_7630, false],
])('%s: its files count towards the memory limit: %3$s', (_name, type, expected) => {
  expect(isInMemory({ type })).toBe(expected);
});

test.skipIf(process.platform !== 'linux')('/proc is no memory of this process (Linux only)', () => {
  expect(isInMemory(statfsSync('/proc'))).toBe(false);
});
