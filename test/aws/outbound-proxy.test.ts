import { expect, test } from 'vitest';
import { isExempt, Outbound } from '../../src/aws/outbound-proxy.ts';

// aws-xray-daemon#12 and #255.
test.each<[host: string, port: number, noProxy: string, isDirect: boolean]>([
  ['xray.us-east-1.amazonaws.com', 443, '', false],
  ['xray.us-east-1.amazonaws.com', 443, '.amazonaws.com', true],
  ['xray.us-east-1.amazonaws.com', 443, 'amazonaws.com', true],
  ['xray.us-east-1.amazonaws.com', 443, '*.amazonaws.com', true],
  ['xray.us-east-1.amazonaws.com', 443, 'AMAZONAWS.COM', true],
  ['xray.us-east-1.amazonaws.com', 443, 'naws.com', false],
  ['xray.us-east-1.amazonaws.com', 443, 'amazonaws.com:8443', false],
  ['xray.us-east-1.amazonaws.com', 443, 'a.example, amazonaws.com:443', true],
  ['xray.us-east-1.amazonaws.com', 443, '*', true],
  ['10.1.2.3', 443, '10.0.0.0/8', true],
  ['11.1.2.3', 443, '10.0.0.0/8', false],
  ['10.1.2.3', 443, '10.1.2.3', true],
  ['[2001:db8::1]', 443, '2001:db8::/32', true],
  ['2001:db8::1', 443, '[2001:db8::1]:443', true],
  ['2001:db8::1', 443, '10.0.0.0/8,nonsense/99,/,::/200', false],
  ['169.254.169.254', 80, '', true],
  ['169.254.170.23', 80, '', true],
  ['[fd00:ec2::23]', 80, '', true],
  ['127.0.0.1', 80, '', true],
  ['localhost', 80, '', true],
  ['[::1]', 80, '', true],
])('%s:%i with NO_PROXY=%j is direct: %s', (host, port, noProxy, isDirect) => {
  expect(isExempt(host, port, noProxy)).toBe(isDirect);
});

test('HTTPS_PROXY=http://deny:1 NO_PROXY=.amazonaws.com reaches X-Ray directly', () => {
  const outbound = new Outbound({
    proxyAddress: 'http://deny:1',
    noProxy: '.amazonaws.com',
    noVerifySsl: false,
    maxSockets: 1,
  });
  expect(outbound.isProxied(new URL('https://xray.us-east-1.amazonaws.com'))).toBe(false);
  expect(outbound.isProxied(new URL('http://169.254.169.254'))).toBe(false);
  expect(outbound.isProxied(new URL('https://elsewhere.example'))).toBe(true);
  outbound.close();
});
