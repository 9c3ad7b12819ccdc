import { expect, test } from 'vitest';
import { parseAddress, udpAddressOfSdk } from '../../src/config/address.ts';

test.each([
  ['127.0.0.1:2000', { host: '127.0.0.1', port: 2000 }],
  ['localhost:0', { host: 'localhost', port: 0 }],
  ['[::]:2000', { host: '::', port: 2000 }],
  ['[fe80::1%eth0]:2000', { host: 'fe80::1%eth0', port: 2000 }],
  [':2000', { host: '', port: 2000 }],
  ['127.0.0.1:002000', { host: '127.0.0.1', port: 2000 }],
  ['0x7f000001:2000', undefined],
  ['127.0.0.0x1:2000', undefined],
  ['[127.1]:2000', undefined],
  ['[::1%]:2000', undefined],
  ['[]:2000', undefined],
  ['::1:2000', undefined],
  ['127.0.0.1', undefined],
  ['127.0.0.1:65536', undefined],
  ['127.0.0.1:-1', undefined],
  ['a b:1', undefined],
  ['', undefined],
])('%j is %j', (text, address) => {
  expect(parseAddress(text)).toEqual(address);
});

test.each([
  ['h:1', { host: 'h', port: 1 }],
  ['tcp:h:1 udp:g:2', { host: 'g', port: 2 }],
  ['udp:g:2\ttcp:h:1', { host: 'g', port: 2 }],
  ['tcp:h:1 tcp:h:2', undefined],
])('AWS_XRAY_DAEMON_ADDRESS=%j sends to %j', (text, address) => {
  expect(udpAddressOfSdk(text)).toEqual(address);
});
