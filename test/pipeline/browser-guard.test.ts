import { expect, test } from 'vitest';
import { browserProblem } from '../../src/pipeline/browser-guard.ts';

test.each([
  '127.0.0.1:2000',
  'localhost:2000',
  'localhost',
  '[::1]:2000',
  '10.1.2.3:2000',
  'xray:2000',
  'xray.localhost',
  'host.docker.internal:2000',
  'box.local',
  undefined,
])('a client that calls a loopback address %s is answered', (host) => {
  expect(browserProblem(host === undefined ? {} : { host }, true)).toBeUndefined();
});

test.each([
  'evil.example:2000',
  'evil.example',
  '127.0.0.1.nip.io:2000',
  'localhost.evil.example',
  '1.2.3.4.5',
  'internal.evil.example',
  'notinternal.com',
])('a page whose name %s points to this machine is not', (host) => {
  expect(browserProblem({ host }, true)).toMatch(/127\.0\.0\.1 or localhost/);
});

test('behind a Service any name is a client’s', () => {
  expect(browserProblem({ host: 'aws-xray.tracing.svc.cluster.local:2000' }, false)).toBeUndefined();
});

test.each(['https://evil.example', 'null', ''])('a request with the Origin "%s" is a page’s, wherever xrayd listens', (origin) => {
  expect(browserProblem({ origin, host: '127.0.0.1:2000' }, true)).toMatch(/web pages/);
  expect(browserProblem({ origin, host: 'aws-xray:2000' }, false)).toMatch(/web pages/);
});
