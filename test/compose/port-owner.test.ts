import { expect, test } from 'vitest';
import { bindError } from '../../src/compose/port-owner.ts';

test.each(['EMFILE', 'ENFILE'])('%s is not answered with another address', (code) => {
  const address = { host: '127.0.0.1', port: 2000 };
  const error = Object.assign(new Error(`listen ${code}`), { code });
  const { message } = bindError({ protocol: 'UDP', address, flag: '--bind' }, error);
  expect(message).toContain('too many open files');
  expect(message).toContain('ulimit -n');
  expect(message).not.toContain('--bind');
});
