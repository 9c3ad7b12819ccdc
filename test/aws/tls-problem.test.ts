import { Agent } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { expect, test } from 'vitest';
import { performCall } from '../../src/aws/http-call.ts';
import { selfSigned, selfSignedFor } from '../fakes/certificate.ts';
import { Scope } from '../fakes/scope.ts';
import { FakeXRay } from '../fakes/xray.ts';

const scope = new Scope();
const DAY_MS = 86_400_000;
const inDays = (days: number): Date => new Date(Date.now() + days * DAY_MS);

/** Calls `url` and trusts `ca` besides. */
async function failureOf(url: string, ca?: string): Promise<{ code: string; message: string }> {
  const agent = new Agent(ca === undefined ? {} : { ca });
  scope.add(() => agent.destroy());
  const { signal } = new AbortController();
  const answer = await performCall({
    url: new URL(url),
    method: 'POST',
    headers: {},
    body: Buffer.from('{}'),
    agent,
    signal,
    timeoutMs: 5_000,
    maxAnswerBytes: 1_000,
  });
  if (answer.kind !== 'failure') throw new Error('the call should have failed');
  return answer;
}

async function listening(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  scope.add(() => server.close());
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('an unknown issuer: names the remedy for a proxy that intercepts TLS', async () => {
  const xray = await scope.start(new FakeXRay({ tls: await selfSigned('localhost') }));
  const { code, message } = await failureOf(xray.url);
  expect(code).toBe('tls');
  expect(message).toBe(
    `TLS with 127.0.0.1:${xray.port}: the certificate is self-signed, and its issuer is not trusted. If it is the right server, save the certificate (PEM) to a file and set AWS_CA_BUNDLE or SSL_CERT_FILE to that file`,
  );
});

test('an expired certificate, and one that is not valid yet: shows this machine’s time', async () => {
  const expired = await selfSigned('localhost', { notBeforeDate: inDays(-2), notAfterDate: inDays(-1) });
  const old = await failureOf((await scope.start(new FakeXRay({ tls: expired }))).url, expired.cert);
  expect(old.code).toBe('tls');
  expect(old.message).toMatch(
    /: the certificate has expired, or this machine's clock is ahead: it says \d{4}-\d\d-\d\dT[\d:.]+Z$/,
  );
  const early = await selfSigned('localhost', { notBeforeDate: inDays(1), notAfterDate: inDays(2) });
  const young = await failureOf((await scope.start(new FakeXRay({ tls: early }))).url, early.cert);
  expect(young.code).toBe('tls');
  expect(young.message).toMatch(
    /: the certificate is not valid yet, or this machine's clock is behind: it says \d{4}-\d\d-\d\dT[\d:.]+Z$/,
  );
});

test('a certificate for another name: shows both names', async () => {
  const other = await selfSignedFor('intranet.example');
  const xray = await scope.start(new FakeXRay({ tls: other }));
  const { code, message } = await failureOf(xray.url, other.cert);
  expect(code).toBe('tls');
  expect(message).toBe(
    `TLS with 127.0.0.1:${xray.port}: the certificate is for intranet.example, not for 127.0.0.1:${xray.port}. Check the endpoint, DNS, and for a proxy in between`,
  );
});

test.each(['HTTP/1.1 400 Bad Request\r\n\r\n', 'SSH-2.0-OpenSSH_9.6\r\n', '\0\0\0\0\0\0\0\0\0\0'])(
  '%j instead of TLS: reports that the server does not speak TLS',
  async (greeting) => {
    const url = await listening(createServer((socket) => void socket.on('error', () => {}).end(greeting)));
    const { code, message } = await failureOf(url);
    expect(code).toBe('tls');
    expect(message).toMatch(
      /^TLS with 127\.0\.0\.1:\d+: the server does not speak TLS\. If it speaks plain HTTP, use http:\/\//,
    );
  },
);

test('an old version of TLS: shows the versions that are accepted', async () => {
  const { key, cert } = await selfSigned('localhost');
  const server = createTlsServer({
    key,
    cert,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  server.on('tlsClientError', () => {});
  const { code, message } = await failureOf(await listening(server), cert);
  expect(code).toBe('tls');
  expect(message).toMatch(/no common TLS version or cipher: xrayd needs TLS 1\.2 or newer/);
});

test('a connection that is cut in the handshake is reported as a reset', async () => {
  const url = await listening(createServer((socket) => void socket.once('data', () => socket.destroy())));
  expect(await failureOf(url)).toMatchObject({
    code: 'connection_reset',
    message: expect.stringContaining('before secure TLS connection') as string,
  });
});
